//! Metadata documents from the command line.

use std::fs;
use std::path::PathBuf;

use crate::support::{Films, write};

const HEAT: &str = "Heat (1995) {tmdb-949}";
const ORIGINAL: &str = "<movie><title>Heat</title><plot>A thief.</plot><custom/></movie>\n";

/// Films, one of which has a metadata file, with a configuration in which documents are wanted.
struct World {
    films: Films,
    config: PathBuf,
}

impl World {
    fn new() -> Self {
        let films = Films::new();
        write(films.film(format!("{HEAT}/movie.nfo").as_bytes()), ORIGINAL);
        films.scan();
        let config = films.picture("config.toml");
        write(&config, "[library.films]\nnfo = true\n");
        Self { films, config }
    }

    fn one(&self, arguments: &[&str]) -> serde_json::Value {
        let config = self.config.to_str().unwrap();
        self.films.one(&[&["--config", config], arguments].concat())
    }

    /// What is published as a document of Heat, by way of an export.
    fn exported(&self, name: &str) -> String {
        let to = self.films.picture(name);
        self.films.one(&["export", "--to", to.to_str().unwrap()]);
        fs::read_to_string(to.join(HEAT).join("Heat (1995).nfo")).unwrap()
    }
}

#[test]
fn documents_are_off_until_they_are_wanted() {
    let world = World::new();
    assert_eq!(world.films.publish()["added"], 0);
    let settings = world.films.json(&["config"]);
    let setting = settings.iter().find(|setting| setting["key"] == "nfo.publish").unwrap();
    assert_eq!((&setting["value"], &setting["source"]), (&false.into(), &"default".into()));
    let shown = world.films.one(&["show", "tmdb:949"]);
    assert_eq!(shown["nfo"]["originals"], serde_json::json!([format!("{HEAT}/movie.nfo")]));
    assert_eq!(shown["nfo"]["published"], serde_json::json!([]));
    assert_eq!(world.one(&["publish", "--dry-run"])["added"], 1);
    assert_eq!(world.one(&["publish"])["added"], 1);
    assert_eq!(world.one(&["publish"])["unchanged"], 1);
    let text = world.films.text(&["show", "tmdb:949"]);
    assert!(text.contains("nfo: published\n  shown as") && text.contains("  hides       movie.nfo"), "{text}");
    assert_eq!(world.films.publish()["removed"], 1, "turned off again");
}

#[test]
fn an_edit_changes_the_document_and_can_be_taken_back() {
    let world = World::new();
    world.one(&["publish"]);
    let before = world.exported("one");
    world.one(&["edit", "tmdb:949", "title=Hitze"]);
    assert_eq!(world.one(&["publish"])["changed"], 1);
    assert!(world.exported("two").contains("<title>Hitze</title>"));
    let difference = world.films.json(&["diff", "1", "2"]);
    assert!(difference.iter().any(|line| line.to_string().contains(".nfo")), "{difference:?}");
    world.one(&["edit", "tmdb:949", "--unset", "title"]);
    world.one(&["publish"]);
    assert_eq!(world.exported("three"), before);
    world.one(&["rollback", "2"]);
    assert!(world.exported("four").contains("<title>Hitze</title>"));
}

#[test]
fn a_document_is_no_picture_to_choose_block_or_lock() {
    let world = World::new();
    world.one(&["publish"]);
    let file = world.films.film(format!("{HEAT}/movie.nfo").as_bytes());
    let said = world.films.fails(1, &["select", "tmdb:949", "nfo", "--file", file.to_str().unwrap()]);
    assert!(said.contains("nfo"), "{said}");
    let said = world.films.fails(2, &["lock", "tmdb:949", "nfo"]);
    assert!(said.contains("cannot be locked"), "{said}");
    assert_eq!(world.one(&["unpublish", "tmdb:949", "nfo"])["removed"], 1);
    assert_eq!(world.one(&["publish"])["added"], 0);
    assert_eq!(world.one(&["publish", "tmdb:949"])["added"], 1);
}

#[test]
fn a_database_that_is_made_anew_publishes_the_same_document() {
    let world = World::new();
    world.one(&["edit", "tmdb:949", "tagline=Ours"]);
    world.one(&["publish"]);
    let before = world.exported("before");
    for name in ["posterfs.db", "posterfs.db-wal", "posterfs.db-shm"] {
        let _ = fs::remove_file(world.films.state().join(name));
    }
    let report = world.films.one(&["rebuild"]);
    assert!(report["damaged"].as_array().is_none_or(Vec::is_empty), "{report}");
    world.films.one(&["scan"]);
    world.one(&["publish"]);
    assert_eq!(world.exported("after"), before);
}

#[test]
fn a_library_that_cannot_be_reached_keeps_its_documents() {
    let world = World::new();
    world.one(&["publish"]);
    fs::rename(world.films.media(), world.films.picture("elsewhere")).unwrap();
    let output = world.films.run(&["--config", world.config.to_str().unwrap(), "--json", "publish"]);
    assert_eq!(output.status.code(), Some(3));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["unchanged"], &report["removed"]), (&1.into(), &0.into()), "{report}");
    assert!(report["unreached"][0].as_str().unwrap().contains("films"), "{report}");
}
