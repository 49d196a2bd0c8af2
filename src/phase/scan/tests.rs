use std::fs;
use std::path::Path;

use crate::catalog::{Catalog, Entity, EntityFilter, Library, NewLibrary};
use crate::library::LibraryError;
use crate::model::{EntityType, Layout, LibraryKind, UnixSeconds};
use crate::phase::NoProgress;

use super::*;

mod below;
mod killed;
mod kinds;
mod moves;
mod nfo;
mod scale;
mod unchanged;

struct Fixture {
    folder: tempfile::TempDir,
    catalog: Catalog,
    library: Library,
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(1_700_000_000)
    }
}

struct Later;

impl Clock for Later {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(4_000_000_000)
    }
}

impl Fixture {
    fn new(files: &[&str]) -> Self {
        Self::of(LibraryKind::Movies, files)
    }

    fn of(kind: LibraryKind, files: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("films")).unwrap();
        files.iter().for_each(|file| touch(&folder.path().join("films").join(file), b""));
        let mut catalog = Catalog::open(&folder.path().join("posterfs.db")).unwrap();
        let new =
            NewLibrary { name: "films".into(), path: folder.path().join("films"), kind, naming: "default".into() };
        let library = catalog.add_library(&new, Noon.now()).unwrap();
        Self { folder, catalog, library }
    }

    fn root(&self) -> &Path {
        &self.library.path
    }

    fn scan(&mut self) -> ScanReport {
        self.try_scan().unwrap()
    }

    fn try_scan(&mut self) -> Result<ScanReport, PhaseError> {
        let source = Source::open(&self.library.path)?;
        scan(&mut self.catalog, &self.library, &source, &Noon, &NoProgress)
    }

    /// A scan long after everything was made, so that folders are noted.
    fn scan_later(&mut self) -> ScanReport {
        let source = Source::open(&self.library.path).unwrap();
        scan(&mut self.catalog, &self.library, &source, &Later, &NoProgress).unwrap()
    }

    /// The one entity of that type and title.
    fn only(&self, entity_type: EntityType, title: &str) -> Entity {
        let mut found = self.entities();
        found.retain(|entity| entity.entity_type == entity_type && entity.title == title);
        assert_eq!(found.len(), 1, "{entity_type} {title} in {:?}", self.entities());
        found.remove(0)
    }

    /// Type, title, season, episode and path of all entities that are there, in the order of their paths.
    fn shown(&self) -> Vec<String> {
        let mut entities = self.entities();
        entities.retain(|entity| !entity.is_missing);
        entities.sort_by(|a, b| (&a.path, a.entity_type).cmp(&(&b.path, b.entity_type)));
        let number = |number: Option<u16>| number.map_or(String::new(), |number| format!(" {number}"));
        let show =
            |e: &Entity| format!("{} {}{}{} {}", e.entity_type, e.title, number(e.season), number(e.episode), e.path);
        entities.iter().map(show).collect()
    }

    /// Takes something out of the library.
    fn take_away(&self, path: &str) {
        let name = path.replace('/', " ");
        fs::rename(self.root().join(path), self.folder.path().join(name)).unwrap();
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        touch(&self.root().join(path), bytes);
    }

    fn rename(&self, from: &str, to: &str) {
        let to = self.root().join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(self.root().join(from), to).unwrap();
    }

    fn entities(&self) -> Vec<Entity> {
        let filter = EntityFilter { with_missing: true, ..EntityFilter::default() };
        self.catalog.list_entities(&filter, None, 1000).unwrap()
    }

    /// Everything a scan writes, as text.
    fn dump(&self) -> Vec<String> {
        let dump = |entity: Entity| {
            let ids = self.catalog.external_ids_of(entity.id).unwrap();
            let originals = self.catalog.originals_of(entity.id).unwrap();
            let originals: Vec<_> = originals.into_iter().map(|original| original.found).collect();
            format!("{entity:?} {ids:?} {originals:?}")
        };
        self.entities().into_iter().map(dump).collect()
    }
}

fn touch(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::File::create(path).unwrap().write_all(bytes).unwrap();
}

/// Seen, added, changed, missing, returned.
fn counts(report: &ScanReport) -> [u64; 5] {
    [report.seen, report.added, report.changed, report.missing, report.returned]
}

const FILMS: &[&str] = &[
    "The Insider (1999) [tmdbid-9008]/The Insider.mkv",
    "The Insider (1999) [tmdbid-9008]/poster.jpg",
    "The Insider (1999) [tmdbid-9008]/extrafanart/fanart1.jpg",
    "The Insider (1999) [tmdbid-9008]/The Insider-trailer.mkv",
    "Action/Alien (1979).mkv",
    "Action/Alien (1979)-fanart.jpg",
    "Action/Heat (1995).mkv",
    "Action/poster.jpg",
];

#[test]
fn a_tree_becomes_entities_ids_and_originals() {
    let mut fixture = Fixture::new(FILMS);
    assert_eq!(counts(&fixture.scan()), [3, 3, 0, 0, 0]);
    let entities = fixture.entities();
    let shown: Vec<_> = entities
        .iter()
        .map(|e| (e.title.as_str(), e.sort_title.as_str(), e.year, e.layout.as_str(), e.path.to_string()))
        .collect();
    assert_eq!(
        shown,
        [
            ("Alien", "alien", Some(1979), "flat", "Action/Alien (1979).mkv".to_owned()),
            ("Heat", "heat", Some(1995), "flat", "Action/Heat (1995).mkv".to_owned()),
            ("The Insider", "insider, the", Some(1999), "own", "The Insider (1999) [tmdbid-9008]".to_owned()),
        ]
    );
    let originals = |at: usize| -> Vec<String> {
        let found = fixture.catalog.originals_of(entities[at].id).unwrap().into_iter();
        found.map(|original| format!("{} {}", original.found.name, original.found.image_type)).collect()
    };
    assert_eq!(originals(0), ["Alien (1979)-fanart.jpg fanart"]);
    assert_eq!(originals(1), [""; 0]);
    assert_eq!(originals(2), ["poster.jpg poster", "fanart1.jpg fanart1"]);
    assert_eq!(fixture.catalog.external_ids_of(entities[2].id).unwrap()[0].1, "9008");
}

#[test]
fn scanning_again_changes_nothing() {
    let mut fixture = Fixture::new(FILMS);
    fixture.scan();
    let before = fixture.dump();
    assert_eq!(counts(&fixture.scan()), [3, 0, 0, 0, 0]);
    assert_eq!(fixture.dump(), before);
}

#[test]
fn what_changes_vanishes_and_returns_is_followed() {
    let mut fixture = Fixture::new(FILMS);
    fixture.scan();
    let before = fixture.entities();
    touch(&fixture.root().join("Action/Heat (1995)-poster.jpg"), b"picture");
    assert_eq!(counts(&fixture.scan()), [3, 0, 1, 0, 0], "a new original is a change");

    let (from, to) = (fixture.root().join("Action/Alien (1979).mkv"), fixture.folder.path().join("away.mkv"));
    fs::rename(&from, &to).unwrap();
    // `Action` has one film left now, which makes the folder its own.
    let report = fixture.scan();
    assert_eq!((report.seen, report.missing > 0), (1 + 1, true));
    let alien = fixture.catalog.entity(before[0].id).unwrap().unwrap();
    assert!(alien.is_missing, "kept, and marked");

    fs::rename(&to, &from).unwrap();
    assert!(fixture.scan().returned > 0);
    assert!(!fixture.catalog.entity(before[0].id).unwrap().unwrap().is_missing);
}

#[test]
fn a_film_keeps_its_choices_when_its_folder_gets_company_and_loses_it() {
    let mut fixture = Fixture::new(&["Heat/Heat.mkv", "Brazil/Brazil.mkv"]);
    fixture.scan();
    let heat = fixture.entities()[1].id;
    touch(&fixture.root().join("Heat/Alien.mkv"), b"");
    assert_eq!(counts(&fixture.scan()), [3, 1, 1, 0, 0]);
    let entity = fixture.catalog.entity(heat).unwrap().unwrap();
    assert_eq!(
        (entity.layout, entity.path.to_string().as_str(), entity.is_missing),
        (Layout::Flat, "Heat/Heat.mkv", false)
    );
    fs::rename(fixture.root().join("Heat/Alien.mkv"), fixture.folder.path().join("away.mkv")).unwrap();
    assert_eq!(counts(&fixture.scan()), [2, 0, 1, 1, 0]);
    let entity = fixture.catalog.entity(heat).unwrap().unwrap();
    assert_eq!((entity.layout, entity.path.to_string().as_str(), entity.is_missing), (Layout::Own, "Heat", false));
}

#[test]
fn an_empty_or_missing_root_is_a_disk_that_is_not_mounted() {
    let mut fixture = Fixture::new(FILMS);
    fixture.scan();
    let before = fixture.dump();
    let aside = fixture.folder.path().join("aside");
    fs::rename(fixture.root(), &aside).unwrap();
    assert!(matches!(fixture.try_scan(), Err(PhaseError::Library(LibraryError::Root { .. }))));
    fs::create_dir_all(fixture.root().join("lost+found")).unwrap();
    let error = fixture.try_scan().unwrap_err();
    assert!(matches!(&error, PhaseError::RootEmpty { .. }), "{error}");
    assert!(error.to_string().contains("films is empty"), "{error}");
    assert_eq!(fixture.dump(), before, "nothing was marked missing");
}

#[test]
fn what_lies_beneath_an_unreadable_folder_is_not_missing() {
    let mut fixture = Fixture::new(&["A/1/2/Heat (1995)/Heat.mkv", "B/Alien (1979)/Alien.mkv"]);
    fixture.scan();
    // Root may read everything, so the folder is made unreadable by its depth.
    let root = fixture.root().to_owned();
    let deep = (0..101).fold(root.join("A"), |path, _| path.join("d"));
    fs::create_dir_all(&deep).unwrap();
    fs::rename(root.join("B"), root.join("C")).unwrap();
    let report = fixture.scan();
    assert_eq!((counts(&report), report.moved), ([2, 0, 0, 0, 0], 1));
    assert_eq!((report.errors.len(), report.error_count), (1, 1));
    assert!(report.errors[0].message.contains("A/d/d/d"), "{}", report.errors[0].message);

    let unreadable = [RelPath::parse(b"A").unwrap()];
    fixture.catalog.start_scan(fixture.library.id).unwrap();
    assert_eq!(fixture.catalog.finish_scan(fixture.library.id, &RelPath::root(), &unreadable, Noon.now()).unwrap(), 1);
    let missing: Vec<_> = fixture.entities().into_iter().filter(|e| e.is_missing).map(|e| e.path.to_string()).collect();
    assert_eq!(missing, ["C/Alien (1979)"]);
}

#[test]
fn two_folders_with_one_id_are_both_kept_and_reported() {
    let mut fixture = Fixture::new(&["Heat (1995) {tmdb-949}/a.mkv", "Heat [tmdbid-949]/b.mkv"]);
    for _ in 0..2 {
        let report = fixture.scan();
        assert_eq!((report.seen, report.duplicates.len()), (2, 1));
        assert_eq!(report.duplicates[0].value, "949");
    }
}

#[test]
fn editions_of_a_film_in_its_folder_are_no_conflict() {
    let folder = "Heat (1995) {tmdb-949}";
    let files = ["Heat (1995).mkv", "Heat (1995) {edition-Final}.mkv", "Ronin (1998) {tmdb-949}.mkv"];
    let paths = files.map(|file| format!("{folder}/{file}"));
    let mut fixture = Fixture::new(&[&paths[0], &paths[1]]);
    let report = fixture.scan();
    assert_eq!((report.seen, report.duplicates.len()), (2, 0));
    fixture.write(&paths[2], b"x");
    assert_eq!(fixture.scan().duplicates.len(), 2, "another film with the id is one, to each of them");
}

#[test]
fn odd_names_are_recorded_as_they_are() {
    use std::os::unix::ffi::OsStrExt;
    let mut fixture = Fixture::new(&["He\nat (1995).mkv", "ü/Über (2001).mkv", "[tmdbid-1].mkv"]);
    let long = [&[b'x'; 251][..], b".mkv"].concat();
    for name in [&b"Am\xe9lie (2001).mkv"[..], &long] {
        touch(&fixture.root().join(std::ffi::OsStr::from_bytes(name)), b"");
    }
    assert_eq!(counts(&fixture.scan()), [5, 5, 0, 0, 0]);
    assert_eq!(counts(&fixture.scan()), [5, 0, 0, 0, 0]);
    let titles: Vec<_> = fixture.entities().into_iter().map(|entity| entity.title).collect();
    for title in ["He at", "Über", "Amélie", "[tmdbid-1]"] {
        assert!(titles.iter().any(|found| found == title), "{title} in {titles:?}");
    }
}

#[test]
fn the_tree_is_not_touched() {
    let mut fixture = Fixture::new(FILMS);
    let state = |root: &Path| -> Vec<String> {
        let mut walk = vec![root.to_owned()];
        let mut seen = Vec::new();
        while let Some(folder) = walk.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let meta = entry.metadata().unwrap();
                seen.push(format!("{:?} {} {:?} {:?}", entry.path(), meta.len(), meta.modified(), meta.permissions()));
                walk.extend(meta.is_dir().then(|| entry.path()));
            }
        }
        seen.sort();
        seen
    };
    let before = state(fixture.root());
    fixture.scan();
    assert_eq!(state(fixture.root()), before);
}
