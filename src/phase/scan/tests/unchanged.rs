//! The second scan does not read what has not changed.

use std::time::{Duration, SystemTime};

use super::*;

/// Does something to a folder behind its modification time, which only reading it can see.
fn unseen(folder: &Path, work: impl FnOnce()) {
    let handle = fs::File::open(folder).unwrap();
    let before = handle.metadata().unwrap().modified().unwrap();
    work();
    handle.set_modified(before).unwrap();
}

#[test]
fn unchanged_folders_are_not_read_and_what_is_in_them_is_seen() {
    let mut fixture =
        Fixture::new(&["Heat (1995)/Heat.mkv", "Shelf/Alien (1979)/Alien.mkv", "Shelf/Ran (1985)/Ran.mkv"]);
    fixture.scan_later();
    let root = fixture.root().to_owned();
    unseen(&root.join("Heat (1995)"), || touch(&root.join("Heat (1995)/Other.mkv"), b""));
    let report = fixture.scan_later();
    assert_eq!((report.seen, report.added, report.changed, report.missing), (3, 0, 0, 0), "it was not read");
    fixture.write("Shelf/Brazil (1985)/Brazil.mkv", b"");
    fixture.take_away("Shelf/Ran (1985)");
    let report = fixture.scan_later();
    assert_eq!((report.seen, report.added, report.missing), (3, 1, 1), "{report:?}");
    touch(&root.join("Heat (1995)/Third.mkv"), b"");
    let report = fixture.scan_later();
    assert_eq!((report.seen, report.added), (5, 2), "now it was read");
}

#[test]
fn what_changed_a_moment_ago_is_read_again() {
    let mut fixture = Fixture::new(&["Heat (1995)/Heat.mkv"]);
    fixture.scan();
    let root = fixture.root().to_owned();
    unseen(&root.join("Heat (1995)"), || touch(&root.join("Heat (1995)/Other.mkv"), b""));
    assert_eq!(fixture.scan().seen, 2);
}

#[test]
fn pictures_and_metadata_that_change_in_place_are_seen() {
    let mut fixture =
        Fixture::of(LibraryKind::Tv, &["Lost/Season 1/Lost S01E01.mkv", "Lost/poster.jpg", "Lost/Season 1/poster.jpg"]);
    fixture.write("Lost/tvshow.nfo", b"<tvshow><title>Lost</title></tvshow>");
    fixture.scan_later();
    assert_eq!(fixture.scan_later().changed, 0);
    for (path, bytes) in [
        ("Lost/poster.jpg", &b"another picture"[..]),
        ("Lost/Season 1/poster.jpg", b"another picture"),
        ("Lost/tvshow.nfo", b"<tvshow><title>Lost Again</title></tvshow>"),
    ] {
        let file = fs::File::options().write(true).open(fixture.root().join(path)).unwrap();
        std::io::Write::write_all(&mut &file, bytes).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000)).unwrap();
        let report = fixture.scan_later();
        assert_eq!((report.changed, report.missing), (1, 0), "{path}: {report:?}");
    }
    fixture.write("Lost/Season 1/folder.jpg", b"one more");
    assert_eq!(fixture.scan_later().changed, 1, "a picture of the season in its own folder");
}

#[test]
fn a_change_above_reaches_the_folders_below() {
    let mut fixture = Fixture::of(LibraryKind::Tv, &["Lost/Season 1/Season.mkv", "Lost/Season 1/05.mkv"]);
    fixture.scan_later();
    assert_eq!(fixture.only(EntityType::Episode, "Episode 5").season, Some(1));
    fixture.rename("Lost/Season 1", "Lost/Season 2");
    let report = fixture.scan_later();
    assert_eq!(report.added, 1, "the season: {report:?}");
    assert_eq!(fixture.only(EntityType::Episode, "Episode 5").season, Some(2));
}

#[test]
fn a_library_that_was_removed_and_added_again_is_read_again() {
    let mut fixture = Fixture::new(&["Heat (1995)/Heat.mkv"]);
    fixture.scan_later();
    let stamp = Stamp { author: "test".into(), reason: "test".into(), now: Noon.now() };
    fixture.catalog.remove_library("films", &stamp).unwrap();
    let new = NewLibrary {
        name: "films".into(),
        path: fixture.library.path.clone(),
        kind: LibraryKind::Movies,
        naming: "default".into(),
    };
    fixture.library = fixture.catalog.add_library(&new, Noon.now()).unwrap();
    let report = fixture.scan_later();
    assert_eq!((report.returned, report.missing), (1, 0));
    assert!(!fixture.entities()[0].is_missing);
}

#[test]
fn a_changed_folder_below_unchanged_ones_knows_what_is_above_it() {
    let mut fixture = Fixture::of(LibraryKind::Tv, &["A/Lost (2004)/Season 3/01.mkv", "A/Lost (2004)/tvshow.nfo"]);
    fixture.scan_later();
    fixture.write("A/Lost (2004)/Season 3/02.mkv", b"");
    let report = fixture.scan_later();
    assert_eq!((report.added, report.missing), (1, 0), "{report:?}");
    let second = fixture.only(EntityType::Episode, "Episode 2");
    assert_eq!(second.season, Some(3));
    assert!(second.parent.is_some());
}
