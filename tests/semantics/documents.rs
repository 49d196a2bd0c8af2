//! Metadata documents in a view, and what programs do to them.

use std::fs;
use std::path::PathBuf;

use crate::support::{lists, names, wait_for, write};
use crate::world::{HEAT, World, overwrite, replace};

const ORIGINAL: &str = "<movie>\n  <title>Heat</title>\n  <plot>A thief.</plot>\n  <custom x=\"1\"/>\n</movie>\n";
const OTHERS: &str = "<movie>\n  <title>Heat</title>\n  <plot>By a program.</plot>\n  <added/>\n</movie>\n";
/// The name of the document of Heat.
const NAME: &str = "Heat (1995).nfo";

/// Heat with a metadata file, and its document published.
struct Documents {
    world: World,
    config: PathBuf,
}

impl Documents {
    fn new(settings: &str) -> Option<Self> {
        let world = World::with(&format!("nfo = true\n{settings}"))?;
        let config = world.films.picture("").parent().unwrap().join("config.toml");
        write(world.heat_in_source("movie.nfo"), ORIGINAL);
        world.films.one(&["scan"]);
        let documents = Self { world, config };
        documents.publish();
        Some(documents)
    }

    #[track_caller]
    fn publish(&self) {
        self.world.films.one(&["--config", self.config.to_str().unwrap(), "publish"]);
    }

    /// What is seen under the name of the document.
    fn seen(&self) -> String {
        fs::read_to_string(self.world.heat(NAME)).unwrap()
    }

    /// What the source has under its name.
    fn in_source(&self) -> Option<String> {
        fs::read_to_string(self.world.heat_in_source(NAME)).ok()
    }
}

#[test]
fn read_a_metadata_document() {
    let Some(documents) = Documents::new("") else { return };
    let world = &documents.world;
    let text = documents.seen();
    assert!(text.contains("<custom x=\"1\"/>") && text.contains("type=\"tmdb\" default=\"true\">949<"), "{text}");
    assert_eq!(fs::metadata(world.heat(NAME)).unwrap().len(), text.len() as u64, "its size is true");
    assert!(!lists(&world.view(HEAT), "movie.nfo"), "the original is hidden");
    assert_eq!(fs::read_to_string(world.heat_in_source("movie.nfo")).unwrap(), ORIGINAL, "and as it was");
    let time = fs::metadata(world.heat(NAME)).unwrap().modified().unwrap();
    let told = || world.films.one(&["show", "tmdb:949"])["nfo"].clone();
    assert_eq!((&told()["merged_with"], &told()["outdated"]), (&"movie.nfo".into(), &false.into()));
    assert_eq!(world.films.one(&["status"])["documents"], 1);
    world.films.one(&["edit", "tmdb:949", "title=Hitze"]);
    assert_eq!(told()["outdated"], true);
    assert!(world.films.text(&["show", "tmdb:949"]).contains("with what movie.nfo says"));
    documents.publish();
    assert!(documents.seen().contains("<title>Hitze</title>"));
    assert_eq!(told()["outdated"], false);
    assert!(fs::metadata(world.heat(NAME)).unwrap().modified().unwrap() > time, "players see that it changed");
    world.films.one(&["edit", "tmdb:949", "--unset", "title"]);
    documents.publish();
    assert_eq!(documents.seen(), text);
    world.films.one(&["unpublish", "tmdb:949", "nfo"]);
    assert_eq!(fs::read_to_string(world.heat("movie.nfo")).unwrap(), ORIGINAL, "it is seen again");
    assert!(!lists(&world.view(HEAT), NAME));
    world.cache_is_whole();
}

#[test]
fn a_rollback_gives_the_document_of_then() {
    let Some(documents) = Documents::new("") else { return };
    let world = &documents.world;
    let (before, listed) = (documents.seen(), names(&world.view(HEAT)));
    let generation = world.films.json(&["history"])[0]["generation"].to_string();
    let time = fs::metadata(world.heat(NAME)).unwrap().modified().unwrap();
    world.films.one(&["edit", "tmdb:949", "plot=Other."]);
    documents.publish();
    assert!(documents.seen().contains("Other."));
    world.films.one(&["rollback", &generation]);
    assert_eq!((documents.seen(), names(&world.view(HEAT))), (before, listed));
    assert!(fs::metadata(world.heat(NAME)).unwrap().modified().unwrap() > time);
}

#[test]
fn write_over_a_metadata_document() {
    for put in [overwrite, replace] {
        let Some(documents) = Documents::new("") else { return };
        let world = &documents.world;
        put(&world.heat(NAME), OTHERS.as_bytes());
        assert_eq!((documents.seen(), documents.in_source()), (OTHERS.to_owned(), Some(OTHERS.to_owned())));
        world.settled();
        assert_eq!(documents.seen(), OTHERS, "it is seen until the next publish");
        fs::remove_file(world.heat_in_source("movie.nfo")).unwrap();
        world.films.one(&["scan"]);
        documents.publish();
        let text = documents.seen();
        assert!(text.contains("By a program.") && text.contains("<added/>") && text.contains("949"), "{text}");
        assert_eq!(documents.in_source().as_deref(), Some(OTHERS), "what was written stays as it is");
        let candidates = world.films.json(&["candidates", "tmdb:949"]);
        assert!(candidates.iter().all(|one| one["type"] != "nfo"), "it is no picture to choose");
        world.cache_is_whole();
    }
}

#[test]
fn a_manager_writes_over_a_metadata_document() {
    let Some(documents) = Documents::new("") else { return };
    let (world, before) = (&documents.world, documents.seen());
    let upload = world.heat("upload.xml");
    write(&upload, OTHERS);
    world.as_manager("cp", &[&upload, &world.heat(NAME)]);
    world.settled();
    wait_for(|| documents.seen() == before);
    assert_eq!(documents.in_source().as_deref(), Some(OTHERS), "its file is in the source");
    world.cache_is_whole();
}

#[test]
fn writing_to_a_metadata_document_is_refused() {
    let Some(documents) = Documents::new("on_write = 'deny'") else { return };
    let path = documents.world.heat(NAME);
    let error = fs::File::options().write(true).truncate(true).open(&path).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::ROFS.raw_os_error()));
    assert_eq!(documents.in_source(), None);
}

#[test]
fn a_picture_that_is_written_over_a_metadata_document_is_a_file() {
    let Some(documents) = Documents::new("") else { return };
    let world = &documents.world;
    let picture = world.picture("c.jpg");
    overwrite(&world.heat(NAME), &picture);
    world.settled();
    assert_eq!(fs::read(world.heat(NAME)).unwrap(), picture);
    documents.publish();
    assert!(documents.seen().contains("<custom x=\"1\"/>"), "what tells nothing is not taken up");
    world.cache_is_whole();
}
