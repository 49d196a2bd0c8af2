//! Metadata documents, from the tree and the catalog to what is published, and back by export and scan.

use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use posterfs::cache::{Cache, StoredFormat};
use posterfs::catalog::{Catalog, EntityEdit, EntityFilter, Mapping, PublishMode, RollbackScope, Scope};
use posterfs::library::Source;
use posterfs::model::{EntityId, EntityType, Field, ImageType, LibraryKind, UnixSeconds};
use posterfs::phase::{DocumentSources, ExportMode, NoProgress, PublishReport, publish_with_documents};

use crate::support::{STEPS_OF_PUT, World, stamp, write};

const VIDEO: &[u8] = b"Heat (1995) {tmdb-949}/Heat (1995).mkv";
const ORIGINAL: &str = "<movie>\n  <title>Heat</title>\n  <plot>A thief.</plot>\n  <custom x=\"1\"/>\n</movie>\n";

impl World {
    /// A film with a metadata file of its own.
    fn with_nfo(name: &[u8], text: &str) -> Self {
        let mut world = Self::unscanned(LibraryKind::Movies, "default");
        write(&world.path(VIDEO), b"a video");
        write(&world.path(&[b"Heat (1995) {tmdb-949}/", name].concat()), text.as_bytes());
        world.scan();
        world
    }

    fn try_documents(&mut self, scope: Scope<'_>, mode: PublishMode, is_wanted: bool, now: i64) -> PublishReport {
        let libraries = is_wanted.then(|| (self.library.clone(), Ok(self.source()))).into_iter().collect();
        let sources = DocumentSources { cache: &self.cache, libraries, progress: &NoProgress };
        publish_with_documents(&mut self.catalog, &sources, scope, mode, &stamp(now)).unwrap()
    }

    fn publish_documents(&mut self, now: i64) -> PublishReport {
        self.try_documents(Scope::All, PublishMode::Apply, true, now)
    }

    fn edit(&mut self, item: EntityId, field: &str, value: Option<&str>) {
        let field: Field = field.parse().unwrap();
        let edit = match value {
            Some(value) => EntityEdit::SetField(field, value.to_owned()),
            None => EntityEdit::UnsetField(field),
        };
        self.catalog.edit(item, &[edit], UnixSeconds::new(20)).unwrap();
    }

    /// What is published as documents: path and text.
    fn documents(&self) -> Vec<(String, String)> {
        let page = self.catalog.mappings_page(self.library.id, None, 1000).unwrap();
        let documents = page.mappings.into_iter().filter(|mapping| mapping.image_type == ImageType::NFO);
        documents.map(|mapping| (mapping.folder.join(&mapping.name).to_string(), self.text(&mapping))).collect()
    }

    fn text(&self, mapping: &Mapping) -> String {
        let file = self.cache.open_file(&mapping.hash, StoredFormat::Nfo).unwrap();
        std::io::read_to_string(file).unwrap()
    }

    fn document(&self) -> String {
        let documents = self.documents();
        assert_eq!(documents.len(), 1, "{documents:?}");
        documents.into_iter().next().unwrap().1
    }
}

#[test]
fn a_document_is_published_where_it_is_wanted_and_goes_where_it_is_not() {
    let mut world = World::with_nfo(b"movie.nfo", ORIGINAL);
    assert_eq!(world.publish(10).published.added, 0);
    let tried = world.try_documents(Scope::All, PublishMode::DryRun, true, 11).published;
    assert_eq!((tried.added, tried.generation, world.documents().len()), (1, None, 0));
    assert_eq!(world.cache.files().count(), 0, "a dry run writes nothing");
    assert_eq!(world.publish_documents(12).published.added, 1);
    let (path, text) = world.documents().remove(0);
    assert_eq!(path, "Heat (1995) {tmdb-949}/Heat (1995).nfo");
    assert!(
        text.contains("<custom x=\"1\"/>") && text.contains("<uniqueid type=\"tmdb\" default=\"true\">949"),
        "{text}"
    );
    let again = world.publish_documents(13).published;
    assert_eq!((again.generation, again.unchanged), (None, 1), "publishing again changes nothing");
    assert_eq!(world.publish(14).published.generation, None, "who publishes without documents leaves them");
    assert_eq!(world.try_documents(Scope::All, PublishMode::Apply, false, 15).published.removed, 1);
    let original = fs::read_to_string(world.path(b"Heat (1995) {tmdb-949}/movie.nfo")).unwrap();
    assert_eq!(original, ORIGINAL, "the original is as it was");
}

#[test]
fn edits_are_published_and_taken_back() {
    let mut world = World::with_nfo(b"Heat (1995).nfo", ORIGINAL);
    let film = world.film(VIDEO).id;
    world.publish_documents(10);
    world.edit(film, "title", Some("Hitze & Co"));
    world.edit(film, "tagline", Some("A Los Angeles crime saga"));
    assert_eq!(world.publish_documents(11).published.changed, 1);
    let text = world.document();
    assert!(text.contains("<title>Hitze &amp; Co</title>") && text.contains("<tagline>A Los Angeles"), "{text}");
    assert!(text.contains("<plot>A thief.</plot>\n  <custom x=\"1\"/>"), "the rest is as it was: {text}");
    world.edit(film, "title", None);
    world.edit(film, "tagline", None);
    world.publish_documents(12);
    assert!(world.document().contains("<title>Heat</title>") && !world.document().contains("tagline"));
}

#[test]
fn what_only_names_tell_makes_no_document() {
    let mut world = World::with(&[VIDEO]);
    assert_eq!(world.publish_documents(10).published.added, 0);
    let film = world.film(VIDEO).id;
    world.edit(film, "plot", Some("A thief."));
    assert_eq!(world.publish_documents(11).published.added, 1);
    let text = world.document();
    assert!(text.contains("<title>Heat</title>") && text.contains("<year>1995</year>"), "{text}");
    world.edit(film, "plot", None);
    assert_eq!(world.publish_documents(12).published.removed, 1, "nothing else is known any more");
    assert!(world.documents().is_empty());
}

#[test]
fn a_file_that_says_everything_is_shown_as_it_is() {
    let mut world = World::with_nfo(b"movie.nfo", ORIGINAL);
    world.publish_documents(10);
    let mut other = World::with_nfo(b"movie.nfo", &world.document());
    assert_eq!(other.publish_documents(10).published.added, 0);
    other.edit(other.film(VIDEO).id, "plot", Some("Mine."));
    assert_eq!(other.publish_documents(11).published.added, 1);
}

#[test]
fn series_seasons_and_episodes_have_theirs() {
    let mut world = World::unscanned(LibraryKind::Tv, "default");
    for (path, text) in [
        ("Lost/tvshow.nfo", "<tvshow><title>Lost</title><plot>An island.</plot></tvshow>"),
        ("Lost/Season 01/season.nfo", "<season><seasonnumber>1</seasonnumber><plot>The first.</plot></season>"),
        (
            "Lost/Season 01/Lost S01E01E02.nfo",
            "<episodedetails><title>One</title><episode>1</episode></episodedetails>\
         <episodedetails><title>Two</title><episode>2</episode><keep/></episodedetails>",
        ),
        ("Lost/Season 01/Lost S01E01E02.mkv", "video"),
        ("Lost/Season 01/Lost S01E03.mkv", "video"),
    ] {
        write(&world.path(path.as_bytes()), text.as_bytes());
    }
    world.scan();
    assert_eq!(world.publish_documents(10).published.added, 3);
    let documents = world.documents();
    let paths: Vec<&str> = documents.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["Lost/tvshow.nfo", "Lost/Season 01/Lost S01E01E02.nfo", "Lost/Season 01/season.nfo"]);
    let episodes = &documents[1].1;
    assert_eq!(episodes.matches("<episodedetails>").count(), 2, "{episodes}");
    assert!(episodes.contains("<title>One</title>") && episodes.contains("<keep/>"), "{episodes}");
    assert!(episodes.contains("<showtitle>Lost</showtitle>"), "{episodes}");
}

#[test]
fn a_rollback_gives_exactly_the_bytes_that_there_were() {
    let mut world = World::with_nfo(b"movie.nfo", ORIGINAL);
    let film = world.film(VIDEO).id;
    let first = world.publish_documents(10).published.generation.unwrap();
    let (before, at) = (world.documents(), world.catalog.mappings_of(film).unwrap()[0].published_at);
    world.edit(film, "plot", Some("Other."));
    world.publish_documents(10);
    assert_ne!(world.documents(), before);
    world.catalog.rollback(first, RollbackScope::All, PublishMode::Apply, &stamp(10)).unwrap();
    assert_eq!(world.documents(), before);
    assert!(world.catalog.mappings_of(film).unwrap()[0].published_at > at, "its time rises");
    assert_eq!(world.publish_documents(20).published.changed, 1, "what is known is published again");
    assert!(world.document().contains("Other."));
}

#[test]
fn an_exported_document_is_no_original() {
    let mut world = World::with_nfo(b"Heat (1995).nfo", ORIGINAL);
    let film = world.film(VIDEO).id;
    world.edit(film, "title", Some("Edited"));
    world.publish_documents(10);
    let published = world.document();
    let report = world.export(ExportMode::Copy);
    assert_eq!((report.replaced, report.recycled, report.error_count), (1, 1, 0));
    let path = world.path(b"Heat (1995) {tmdb-949}/Heat (1995).nfo");
    assert_eq!(fs::read_to_string(&path).unwrap(), published);
    world.scan();
    let metadata = world.catalog.sourced_metadata_of(film).unwrap();
    let plot = metadata.iter().find(|one| one.field.field == "plot").unwrap();
    assert_eq!(
        (plot.source.as_str(), plot.field.value.as_str()),
        ("nfo", "A thief."),
        "what the original said is kept"
    );
    assert!(world.catalog.originals_of(film).unwrap().is_empty());
    assert_eq!(world.publish_documents(11).published.generation, None, "nothing is different");
    world.edit(film, "title", None);
    world.publish_documents(12);
    let text = world.document();
    assert!(text.contains("<title>Heat</title>") && text.contains("<custom x=\"1\"/>"), "{text}");
}

#[test]
fn a_document_and_a_picture_of_one_name_are_no_conflict() {
    let mut world = World::unscanned(LibraryKind::Movies, "default");
    write(&world.path(b"Heat.mkv"), b"video");
    write(&world.path(b"Ronin.mkv"), b"video");
    write(&world.path(b"Heat.nfo"), ORIGINAL.as_bytes());
    world.scan();
    world.choose(b"Heat.mkv", "poster", 1);
    let report = world.publish_documents(10);
    assert_eq!(report.published.conflict_count, 0);
    let film = world.film(b"Heat.mkv").id;
    let names: Vec<_> = world.catalog.mappings_of(film).unwrap().iter().map(|one| one.name.to_string()).collect();
    assert_eq!(names, ["Heat-poster.png", "Heat.nfo", "Heat.png"]);
    let item = [film];
    assert_eq!(world.try_documents(Scope::Entities(&item), PublishMode::Apply, true, 11).published.generation, None);
}

#[test]
fn an_unpublished_document_stays_away_until_the_item_is_named() {
    let mut world = World::with_nfo(b"movie.nfo", ORIGINAL);
    let film = world.film(VIDEO).id;
    world.publish_documents(10);
    assert_eq!(world.catalog.unpublish(film, Some(ImageType::NFO), &stamp(11)).unwrap().removed, 1);
    assert_eq!(world.publish_documents(12).published.added, 0);
    assert_eq!(world.try_documents(Scope::Entities(&[film]), PublishMode::Apply, true, 13).published.added, 1);
}

#[test]
fn a_document_that_is_lost_is_there_again_after_the_next_publish() {
    let mut world = World::with_nfo(b"movie.nfo", ORIGINAL);
    let film = world.film(VIDEO).id;
    world.publish_documents(10);
    let before = world.documents();
    let hash = world.catalog.document_of(film).unwrap().unwrap();
    fs::remove_file(world.cache.path_of(&hash, StoredFormat::Nfo)).unwrap();
    assert_eq!(world.publish_documents(11).published.generation, None);
    assert_eq!(world.documents(), before);
}

#[test]
fn an_unreadable_file_leaves_what_is_published() {
    let mut world = World::with_nfo(b"movie.nfo", ORIGINAL);
    world.publish_documents(10);
    let before = world.documents();
    let path = world.path(b"Heat (1995) {tmdb-949}/movie.nfo");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let film = world.film(VIDEO).id;
    world.edit(film, "title", Some("Other"));
    let report = world.publish_documents(11);
    assert_eq!((report.left_out_count, report.published.generation), (1, None), "{:?}", report.left_out);
    assert!(report.left_out[0].message.contains("movie.nfo"), "{:?}", report.left_out);
    assert_eq!(world.documents(), before);
}

/// Tells the child process where the world is.
const CHILD: &str = "POSTERFS_TEST_DOCUMENTS";

/// The other side of the test below: publishes, and is killed at a step of the cache, or before the catalog is written.
#[test]
#[ignore = "run by another test as a child process"]
#[expect(clippy::disallowed_methods, reason = "a test that runs itself as a child tells it what to do this way")]
fn publisher() {
    let Some(root) = std::env::var_os(CHILD).map(std::path::PathBuf::from) else { return };
    let cache = Cache::open(&root.join("state/cache")).unwrap();
    let mut catalog = Catalog::open(&root.join("state/posterfs.db")).unwrap();
    let library = catalog.library_named("films").unwrap();
    let libraries = vec![(library.clone(), Ok(Source::open(&library.path).unwrap()))];
    let sources = DocumentSources { cache: &cache, libraries, progress: &NoProgress };
    publish_with_documents(&mut catalog, &sources, Scope::All, PublishMode::Apply, &stamp(30)).unwrap();
}

#[test]
fn killed_at_any_step_publishing_shows_the_old_document_or_the_new_one() {
    for step in STEPS_OF_PUT {
        let mut world = World::with_nfo(b"movie.nfo", ORIGINAL);
        let film = world.film(VIDEO).id;
        world.publish_documents(10);
        let old = world.documents();
        world.edit(film, "title", Some("Another"));
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "documents::publisher", "--ignored", "--nocapture", "--quiet"])
            .env(CHILD, world.folder.path())
            .env("POSTERFS_DIES_AT", step)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.signal(), Some(9), "the child lived through {step:?}");
        assert_eq!(world.documents(), old, "{step:?}: what is shown is in the cache, whole");
        assert_eq!(world.publish_documents(31).published.changed, 1, "{step:?}");
        assert!(world.document().contains("<title>Another</title>"), "{step:?}");
        for file in world.cache.files().map(Result::unwrap) {
            let mut bytes = Vec::new();
            world.cache.open_file(&file.hash, file.format).unwrap().read_to_end(&mut bytes).unwrap();
            assert_eq!(posterfs::cache::hash_of_document(&bytes), file.hash, "{step:?}");
        }
    }
}

#[test]
fn two_who_publish_at_once_make_one_document() {
    let mut world = World::with_nfo(b"movie.nfo", ORIGINAL);
    let film = world.film(VIDEO).id;
    let publisher = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "documents::publisher", "--ignored", "--nocapture", "--quiet"])
            .env(CHILD, world.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let children = [publisher(), publisher()];
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(world.documents().len(), 1);
    assert_eq!(world.catalog.mappings_of(film).unwrap().len(), 1);
    assert_eq!(world.publish_documents(40).published.generation, None);
}

#[test]
fn a_movie_set_has_its_document_in_the_tree_of_sets() {
    let mut world = World::unscanned(LibraryKind::Movies, "default");
    write(&world.path(b"Heat/Heat.mkv"), b"video");
    write(&world.path(b"Heat/Heat.nfo"), b"<movie><title>Heat</title><set><name>The: Set</name></set></movie>");
    world.scan();
    let entities = world.catalog.list_entities(&EntityFilter::default(), None, 10).unwrap();
    let set = entities.iter().find(|entity| entity.entity_type == EntityType::MovieSet).unwrap().id;
    world.edit(set, "plot", Some("Several films."));
    assert_eq!(world.publish_documents(10).published.added, 1, "beside the films only that of the film");
    let to = world.folder.path().join("sets");
    let report = world.export_as(&"kodi-sets".parse().unwrap(), Some(&to)).unwrap();
    assert_eq!((report.added, report.error_count), (1, 0));
    let text = fs::read_to_string(to.join("The_ Set/set.nfo")).unwrap();
    assert!(text.contains("<title>The: Set</title>") && text.contains("<overview>Several films.</overview>"), "{text}");
}
