//! The database: lost, damaged, gone back to.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Films, stderr};
use crate::world::{HEAT, World, assert_decided_alike, assert_shows_the_same};

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

#[test]
fn damaged_database() {
    let Some(mut world) = World::new() else { return };
    let (shown, decided) = (world.shown(), world.decisions());
    let films = &world.films;
    let report = films.one(&["backup"]);
    let backup = report["path"].as_str().unwrap().to_owned();
    // In use it is not gone back to, and the backup is not harmed by trying.
    let said = films.fails(1, &["restore", &backup]);
    assert!(said.contains("posterfs unmount"), "{said}");
    world.mount.while_ended(|| {
        let file = File::options().write(true).open(films.state().join("posterfs.db")).unwrap();
        let length = file.metadata().unwrap().len();
        (1..length / 4096).for_each(|page| file.write_all_at(&[0x5a; 64], page * 4096).unwrap());
        let said = stderr(&films.run(&["list"]));
        assert!(said.contains("damaged") && said.contains("posterfs rebuild"), "{said}");
        let damaged = films.picture("damaged.db");
        fs::rename(films.state().join("posterfs.db"), &damaged).unwrap();
        assert!(films.fails(1, &[OsStr::new("restore"), damaged.as_os_str()]).contains("damaged"));
        fs::rename(&damaged, films.state().join("posterfs.db")).unwrap();
        films.one(&["restore", "--dry-run", &backup]);
        let restored = films.one(&["restore", &backup]);
        let kept = fs::metadata(restored["kept"].as_str().unwrap()).unwrap();
        assert_eq!(kept.len(), length, "the damaged one is kept");
        films.one(&["scan"]);
        films.publish();
    });
    assert_decided_alike(&decided, &world.decisions());
    assert_shows_the_same(&shown, &world.shown());
    assert!(!films.json(&["history"]).is_empty());
}
