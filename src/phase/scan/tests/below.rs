//! The scan of one folder.

use super::*;
use crate::model::RelPath;

impl Fixture {
    fn scan_folder(&mut self, folder: &str) -> FolderReport {
        let source = Source::open(&self.library.path).unwrap();
        let folder = RelPath::parse(folder.as_bytes()).unwrap();
        scan_folder(&mut self.catalog, &self.library, &source, &folder, &Noon, &NoProgress).unwrap()
    }
}

#[test]
fn only_what_is_beneath_the_folder_is_looked_at() {
    let mut fixture = Fixture::new(&["Heat (1995)/Heat.mkv", "Alien (1979)/Alien.mkv"]);
    fixture.scan();
    fixture.take_away("Alien (1979)");
    fixture.write("Ronin (1998)/Ronin.mkv", b"");
    fixture.write("Tenet (2020)/Tenet.mkv", b"");
    let report = fixture.scan_folder("Ronin (1998)");
    assert_eq!((counts(&report.scan), report.folder.to_string()), ([1, 1, 0, 0, 0], "Ronin (1998)".to_owned()));
    assert!(!fixture.only(EntityType::Movie, "Alien").is_missing, "nobody has looked");
    assert_eq!(fixture.shown().len(), 3, "{:?}", fixture.shown());
    assert_eq!(counts(&fixture.scan_folder("Alien (1979)").scan), [0, 0, 0, 1, 0]);
    assert!(fixture.only(EntityType::Movie, "Alien").is_missing);
    assert_eq!(counts(&fixture.scan_folder("Alien (1979)").scan), [0; 5], "the second time changes nothing");
    assert_eq!(counts(&fixture.scan()), [3, 1, 0, 0, 0], "a whole scan goes on from there");
}

#[test]
fn neighbours_whose_names_begin_alike_are_left_alone() {
    let mut fixture = Fixture::new(&["Saw/Saw.mkv", "Saw II/Saw II.mkv", "Saw!/Saw!.mkv", "Saw0/Saw0.mkv"]);
    fixture.scan();
    ["Saw II", "Saw!", "Saw0"].iter().for_each(|name| fixture.take_away(name));
    assert_eq!(counts(&fixture.scan_folder("Saw").scan), [1, 0, 0, 0, 0]);
    assert_eq!(fixture.shown().len(), 4);
}

#[test]
fn a_series_is_one_folder_with_its_seasons_and_episodes() {
    let mut fixture = Fixture::of(LibraryKind::Tv, &["Lost/Season 1/Lost S01E01.mkv", "Fargo/Fargo S01E01.mkv"]);
    fixture.scan();
    fixture.write("Lost/Season 2/Lost S02E01.mkv", b"");
    fixture.take_away("Lost/Season 1");
    let report = fixture.scan_folder("Lost");
    assert_eq!((report.scan.added, report.scan.missing), (2, 2));
    let whole = fixture.shown();
    fixture.scan();
    assert_eq!(fixture.shown(), whole, "a whole scan says the same");
    fixture.write("Lost/Season 2/Lost S02E02.mkv", b"");
    assert_eq!(fixture.scan_folder("Lost/Season 2").scan.added, 1, "a season by itself knows its series");
    let again = fixture.shown();
    fixture.scan();
    assert_eq!(fixture.shown(), again);
    let library = fixture.library.id;
    let items = fixture.catalog.items_in(library, &RelPath::parse(b"Lost").unwrap()).unwrap();
    assert_eq!(items.len(), again.iter().filter(|line| line.contains("Lost")).count());
}

#[test]
fn what_moved_is_known_again() {
    let mut fixture = Fixture::new(&["Heat/Heat.mkv", "Ronin/Ronin.mkv"]);
    fixture.scan();
    let before = fixture.only(EntityType::Movie, "Heat").id;
    fixture.rename("Heat", "Heat (1995)");
    assert_eq!(fixture.scan_folder("Heat (1995)").scan.moved, 1);
    assert_eq!(fixture.only(EntityType::Movie, "Heat").id, before);
    assert_eq!(counts(&fixture.scan_folder("Heat").scan), [0; 5], "the old folder has nothing to lose");
}

#[test]
fn where_a_whole_scan_does_not_go_there_is_nothing() {
    let mut fixture = Fixture::new(&[
        "Heat/Heat.mkv",
        "Heat/Extras/Making.mkv",
        ".trash/Old/Old.mkv",
        "closed/.nomedia",
        "closed/Film/Film.mkv",
        "Disc/VIDEO_TS/VIDEO_TS.IFO",
        "Loose.mkv",
    ]);
    for folder in [".trash/Old", "closed/Film", "absent/deeper"] {
        assert_eq!(counts(&fixture.scan_folder(folder).scan), [0; 5], "{folder}");
    }
    for (folder, looked_into) in [("Heat/Extras", "Heat"), ("Disc/VIDEO_TS", "Disc"), ("Loose.mkv", "")] {
        let report = fixture.scan_folder(folder);
        assert_eq!(report.folder.to_string(), looked_into);
        assert!(report.scan.added > 0, "{folder}: {report:?}");
    }
    let found = fixture.shown();
    fixture.scan();
    assert_eq!(fixture.shown(), found);
}

#[test]
fn an_empty_root_is_a_disk_that_is_not_mounted() {
    let mut fixture = Fixture::new(&["Heat/Heat.mkv"]);
    fixture.scan();
    fixture.take_away("Heat");
    let source = Source::open(&fixture.library.path).unwrap();
    let folder = RelPath::parse(b"Heat").unwrap();
    let result = scan_folder(&mut fixture.catalog, &fixture.library, &source, &folder, &Noon, &NoProgress);
    assert!(matches!(result, Err(PhaseError::RootEmpty { .. })));
    assert!(!fixture.only(EntityType::Movie, "Heat").is_missing);
}
