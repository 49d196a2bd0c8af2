//! The database: lost, damaged, gone back to.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::Films;
use crate::world::{HEAT, Shown, World, assert_decided_alike};

/// The view shows the same names and bytes, and no published picture seems older than it did.
fn assert_shows_the_same(before: &Shown, after: &Shown) {
    assert_eq!(before.files.keys().collect::<Vec<_>>(), after.files.keys().collect::<Vec<_>>());
    assert!(before.files == after.files, "the bytes of a file differ");
    for (path, time) in &before.times {
        assert!(after.times[path] >= *time, "{} seems older", path.display());
    }
}

fn remove_database(films: &Films) {
    for name in ["posterfs.db", "posterfs.db-wal", "posterfs.db-shm"] {
        let _ = fs::remove_file(films.state().join(name));
    }
}

#[test]
fn lost_database() {
    let Some(mut world) = World::new() else { return };
    let (shown, decisions) = (world.shown(), world.decisions());
    let films = &world.films;
    world.mount.while_ended(|| {
        remove_database(films);
        let found = films.one(&["rebuild", "--dry-run"]);
        assert!(!films.state().join("posterfs.db").exists(), "a trial has made one: {found}");
        let report = films.one(&["rebuild"]);
        assert_eq!((&report["selected"], &report["kept"]), (&found["selected"], &Value::Null));
        assert_eq!(report["libraries"], json!(["films"]));
        let scanned = films.one(&["scan"]);
        assert_eq!(scanned["returned"], report["items"], "{scanned}");
        films.publish();
    });
    assert_decided_alike(&decisions, &world.decisions());
    let after = world.shown();
    assert_shows_the_same(&shown, &after);
    // Players take a picture for another one by its time.
    let poster = PathBuf::from(std::str::from_utf8(HEAT).unwrap()).join("poster.jpg");
    assert!(after.times[&poster] > shown.times[&poster]);
}
