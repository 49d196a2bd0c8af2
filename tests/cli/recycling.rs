//! `recycle`

use std::fs;
use std::path::Path;

use crate::support::{Films, write};

/// Films whose export replaced a picture of the user's.
fn exported() -> Films {
    let films = Films::new();
    films.scan();
    films.select("tmdb:949", "poster", "a.jpg");
    films.publish();
    write(films.film(b"Heat (1995) {tmdb-949}/poster.jpg"), b"the user's own");
    films.one(&["export"]);
    films
}

#[test]
fn what_export_replaced_is_listed_and_brought_back() {
    let films = exported();
    let place = films.film(b"Heat (1995) {tmdb-949}/poster.jpg");
    let exported = fs::read(&place).unwrap();
    let row = films.one(&["recycle", "list"]);
    assert_eq!(row["origin"], place.to_str().unwrap());
    assert_eq!((&row["bytes"], row["time"].as_i64() > Some(0)), (&14.into(), true));
    assert!(row["reason"].as_str().unwrap().contains("export of the library"), "{row}");
    assert_eq!(fs::read(row["data"].as_str().unwrap()).unwrap(), b"the user's own");
    let text = films.text(&["recycle", "list"]);
    assert!(text.contains("poster.jpg") && text.contains("1 file, 14 B"), "{text}");
    let said = films.text(&["recycle", "list", "/elsewhere"]);
    assert!(said.contains("nothing"), "{said}");

    let id = row["id"].as_str().unwrap();
    let refused = films.run(&["recycle", "restore", id]);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stdout).contains("--force"), "{refused:?}");
    assert_eq!(fs::read(&place).unwrap(), exported);
    let planned = films.one(&["recycle", "restore", id, "--force", "--dry-run"]);
    assert_eq!((&planned["dry_run"], &planned["replaced"]), (&true.into(), &true.into()));
    assert_eq!(fs::read(&place).unwrap(), exported, "--dry-run changes nothing");
    let folder = place.parent().unwrap().to_str().unwrap();
    let restored = films.one(&["recycle", "restore", folder, "--force"]);
    assert_eq!(restored["restored_to"], place.to_str().unwrap());
    assert_eq!(fs::read(&place).unwrap(), b"the user's own");
    let left = films.one(&["recycle", "list"]);
    assert_eq!(fs::read(left["data"].as_str().unwrap()).unwrap(), exported, "what was replaced is in the bin");

    let elsewhere = tempfile::tempdir().unwrap();
    let to = elsewhere.path().to_str().unwrap();
    let beside = films.one(&["recycle", "restore", left["id"].as_str().unwrap(), "--to", to]);
    assert_eq!(Path::new(beside["restored_to"].as_str().unwrap()), elsewhere.path().join("poster.jpg"));
    assert!(films.json(&["recycle", "list"]).is_empty());
    assert!(films.fails(1, &["recycle", "restore", folder]).contains("posterfs recycle list"));
}

#[test]
fn what_is_purged_is_gone_and_what_is_young_stays() {
    let films = exported();
    let expired = films.one(&["recycle", "purge", "--expired"]);
    assert_eq!((&expired["entries"], &expired["bytes"]), (&0.into(), &0.into()));
    assert_eq!(films.one(&["recycle", "purge", "--older-than", "1"])["entries"], 0);
    let planned = films.one(&["recycle", "purge", "--all", "--dry-run"]);
    assert_eq!((&planned["entries"], &planned["bytes"], &planned["dry_run"]), (&1.into(), &14.into(), &true.into()));
    assert_eq!(films.json(&["recycle", "list"]).len(), 1);
    assert!(films.text(&["recycle", "purge", films.media().to_str().unwrap()]).contains("1 file (14 B)"));
    assert!(films.json(&["recycle", "list"]).is_empty());
    assert!(films.fails(2, &["recycle", "purge"]).contains("ENTRY"));
    assert!(films.fails(2, &["recycle", "purge", "1", "--all"]).contains("--all"));
}

/// Rule 7: "Nothing from outside is trusted: …, file names, even paths in the database."
#[test]
fn a_record_that_names_a_place_outside_is_refused() {
    let films = exported();
    let outside = tempfile::tempdir().unwrap();
    let row = films.one(&["recycle", "list"]);
    let id = row["id"].as_str().unwrap();
    let record = films.state().join(format!("recycle/{id}.json"));
    for origin in [
        outside.path().join("evil").to_str().unwrap().to_owned(),
        films.media().join("../../evil").to_str().unwrap().to_owned(),
        "evil".to_owned(),
    ] {
        let text = serde_json::json!({ "v": 1, "origin": origin, "reason": "", "time": i64::MAX, "bytes": 1 });
        write(&record, text.to_string());
        let refused = films.run(&["recycle", "restore", id, "--force"]);
        assert_eq!(refused.status.code(), Some(3), "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stdout).contains("--to DIR"), "{refused:?}");
        films.text(&["recycle", "list"]);
    }
    assert!(fs::read_dir(outside.path()).unwrap().next().is_none());
    write(&record, b"\xff{ torn");
    assert!(films.json(&["recycle", "list"]).is_empty(), "what cannot be understood is passed over");
}
