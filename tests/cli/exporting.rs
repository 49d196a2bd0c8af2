//! `export`: every mode, elsewhere and into the library, twice.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Films, contents, set, write};

/// The counts of an export: added, replaced, unchanged, recycled, skipped.
fn counts(report: &Value) -> [i64; 5] {
    ["added", "replaced", "unchanged", "recycled", "skipped"].map(|key| report[key].as_i64().unwrap())
}

fn published() -> Films {
    let films = Films::new();
    films.scan();
    films.select("tmdb:949", "poster", "a.jpg");
    films.select(films.film(b"L\xe9on (1994)"), "poster", "b.jpg");
    films.select("1917", "poster", "c.jpg");
    films.select("Heat", "fanart1", "a.jpg");
    assert_eq!(films.publish()["added"], 8);
    films
}

#[test]
fn every_mode_elsewhere_once_and_again() {
    let films = published();
    let before = contents(films.media());
    for mode in ["copy", "reflink", "hardlink", "symlink"] {
        let to = films.picture(mode);
        let arguments = ["export", "--to", to.to_str().unwrap(), "--mode", mode];
        let dry = [&arguments[..], &["--dry-run"]].concat();
        assert_eq!(counts(&films.one(&dry)), [8, 0, 0, 0, 0], "{mode}");
        assert!(!to.exists(), "{mode}: a dry run makes nothing");
        if mode == "reflink" && !films.run(&arguments).status.success() {
            let said = films.fails(1, &arguments);
            assert!(said.contains("--mode copy"), "a file system that cannot says so: {said}");
            continue;
        }
        films.run(&arguments);
        assert_eq!(counts(&films.one(&arguments)), [0, 0, 8, 0, 0], "{mode} again changes nothing");
        let name = to.join("Heat (1995) {tmdb-949}/poster.jpg");
        assert_eq!(fs::read(&name).unwrap(), fs::read(films.picture("a.jpg")).unwrap(), "{mode}");
        let kind = fs::symlink_metadata(&name).unwrap();
        assert_eq!((kind.is_symlink(), kind.nlink() > 1), (mode == "symlink", mode == "hardlink"), "{mode}");
        assert_eq!(contents(&to).len(), 8, "{mode}");
    }
    assert_eq!(contents(films.media()), before, "the library is as it was");
}

#[test]
fn into_the_library_itself_nothing_is_lost() {
    let films = published();
    let before = contents(films.media());
    assert_eq!(counts(&films.one(&["export", "films", "--dry-run"])), [8, 0, 0, 0, 0]);
    assert_eq!(contents(films.media()), before);
    write(films.film(b"flat/1917 (2019)-poster.jpg"), "somebody's own");
    assert_eq!(counts(&films.one(&["export", "films"])), [7, 1, 0, 1, 0]);
    assert_eq!(counts(&films.one(&["export"])), [0, 0, 8, 0, 0]);
    let after = contents(films.media());
    for (path, bytes) in &before {
        assert_eq!(after.get(path), Some(bytes), "{path:?}");
    }
    let new: Vec<PathBuf> = after.keys().filter(|path| !before.contains_key(*path)).cloned().collect();
    assert_eq!(new.len(), 8, "{new:?}");
    let recycled = contents(&films.state().join("recycle"));
    assert!(recycled.values().any(|bytes| bytes == b"somebody's own"), "{recycled:?}");
    // The exported files are real; taking the choice back leaves them, and a scan finds them as originals.
    films.one(&["scan"]);
    films.one(&["deselect", "1917", "poster"]);
    assert_eq!(films.one(&["show", "1917"])["images"]["poster"]["originals"].as_array().unwrap().len(), 3);
}

#[test]
fn several_libraries_get_folders_of_their_own() {
    let films = published();
    let more = films.picture("more");
    fs::create_dir_all(more.join("Brazil (1985)")).unwrap();
    write(more.join("Brazil (1985)/Brazil (1985).mkv"), "a video");
    films.one(&["library", "add", "more", more.to_str().unwrap(), "--kind", "movies"]);
    films.one(&["scan", "more"]);
    films.select("Brazil", "poster", "c.jpg");
    films.publish();
    let to = films.picture("to");
    let reports = films.json(&["export", "--to", to.to_str().unwrap()]);
    assert_eq!(reports.iter().map(|report| report["library"].clone()).collect::<Vec<_>>(), ["films", "more"]);
    assert_eq!(crate::support::names(&to), set(&["films", "more"]));
    assert!(to.join("more/Brazil (1985)/poster.jpg").is_file());
    assert_eq!(films.one(&["export", "more", "--dry-run"])["added"], json!(2));
    assert!(films.fails(1, &["export", "music"]).contains("posterfs library list"));
}

#[test]
fn what_is_in_the_way_is_left_and_told_about_in_the_exit_code() {
    let films = published();
    let to = films.picture("to");
    fs::create_dir_all(to.join("Heat (1995) {tmdb-949}/poster.jpg")).unwrap();
    let output = films.run(&["--json", "export", "--to", to.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["added"], &report["error_count"]), (&7.into(), &1.into()));
    let path = report["errors"][0]["path"].as_str().unwrap();
    assert!(path.ends_with("Heat (1995) {tmdb-949}/poster.jpg"), "{report}");
}
