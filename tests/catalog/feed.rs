use posterfs::catalog::{Catalog, Changes, PublishMode, RollbackScope};
use posterfs::model::GenerationId;

use crate::support::{Fixture, at, film, original, path, picture, stamp};

/// Folder and generation of each change behind `seq`.
fn changes(catalog: &Catalog, seq: i64) -> Vec<(String, Option<i64>)> {
    let Changes::Known(changes) = catalog.changes_since(seq, 100).unwrap() else { panic!("forgotten") };
    changes.into_iter().map(|change| (change.folder.to_string(), change.generation.map(GenerationId::get))).collect()
}

#[test]
fn every_change_names_each_folder_once() {
    let mut fixture = Fixture::new();
    let library = fixture.library;
    // An original in another folder than the mapping: hiding it changes that folder, too.
    let far = vec![original("art", "heat.jpg", "poster")];
    let heat = fixture.catalog.record(&[film(library, "Heat", far)], at(1)).unwrap()[0].id;
    assert_eq!(fixture.catalog.last_change().unwrap(), 0, "an original that nothing hides is no change");
    fixture.catalog.select_by_hand(&picture(heat, "poster", 1), at(3)).unwrap();
    fixture.catalog.select_by_hand(&picture(heat, "banner", 2), at(3)).unwrap();
    let first = fixture.publish(10).generation.unwrap();
    assert_eq!(changes(&fixture.catalog, 0), [("Heat".into(), Some(1)), ("art".into(), Some(1))]);

    let seen = fixture.catalog.last_change().unwrap();
    fixture.catalog.unpublish(heat, Some("banner".parse().unwrap()), &stamp(11)).unwrap();
    assert_eq!(changes(&fixture.catalog, seen), [("Heat".into(), Some(2))]);
    let names = |folder, since| -> Vec<String> {
        let names = fixture.catalog.names_touched(library, &path(folder), since).unwrap();
        names.iter().map(ToString::to_string).collect()
    };
    assert_eq!(names("Heat", Some(first)), ["banner.jpg"]);
    assert_eq!(names("Heat", None), ["banner.jpg", "poster.jpg"]);
    assert_eq!(names("art", None), ["heat.jpg"]);
    assert!(names("art", Some(first)).is_empty());

    let seen = fixture.catalog.last_change().unwrap();
    fixture.catalog.rollback(first, RollbackScope::All, PublishMode::Apply, &stamp(12)).unwrap();
    assert_eq!(changes(&fixture.catalog, seen), [("Heat".into(), Some(3))]);
}

#[test]
fn a_scan_that_finds_or_loses_a_hidden_original_is_a_change() {
    let mut fixture = Fixture::new();
    let library = fixture.library;
    let heat = fixture.film("Heat");
    fixture.catalog.select_by_hand(&picture(heat, "poster", 1), at(3)).unwrap();
    fixture.publish(10);
    for originals in [vec![original("Heat", "folder.jpg", "poster")], vec![]] {
        let seen = fixture.catalog.last_change().unwrap();
        let before = fixture.catalog.folder_mappings(library, &path("Heat")).unwrap().unwrap();
        let hides = originals.len();
        fixture.catalog.start_scan(library).unwrap();
        fixture.catalog.record(&[film(library, "Heat", originals)], at(11)).unwrap();
        assert_eq!(changes(&fixture.catalog, seen), [("Heat".into(), None)]);
        let after = fixture.catalog.folder_mappings(library, &path("Heat")).unwrap().unwrap();
        assert_eq!(after.hidden.len(), hides);
        assert!(after.changed_at > before.changed_at);
    }
}

#[test]
fn another_connection_sees_that_something_changed() {
    let mut fixture = Fixture::new();
    let reader = Catalog::open_read_only(fixture.catalog.path()).unwrap();
    let before = reader.data_version().unwrap();
    assert_eq!(reader.data_version().unwrap(), before);
    fixture.film("Heat");
    assert_ne!(reader.data_version().unwrap(), before);
}
