use std::os::unix::ffi::OsStrExt;

use proptest::prelude::*;

use super::*;
use crate::model::ImageKind;

fn hash() -> ContentHash {
    ContentHash::new([0xab; 32])
}

fn record(title: &str) -> ProvenanceRecord {
    ProvenanceRecord {
        time: UnixSeconds::new(1000),
        entity_type: EntityType::Movie,
        ids: ["imdb", "tmdb"].map(|word| (Provider::parse(word).unwrap(), format!("{word} of {title}"))).to_vec(),
        title: title.into(),
        year: Some(1999),
        season: None,
        episode: None,
        library: "films".into(),
        path: RelPath::parse(title.as_bytes()).unwrap(),
        image_type: ImageType::main(ImageKind::Poster),
        origin: Origin::File("/pictures/a.jpg".into()),
        author: "user root".into(),
        selected: true,
        locked: true,
    }
}

fn cache() -> (tempfile::TempDir, Cache) {
    let directory = tempfile::tempdir().unwrap();
    let cache = Cache::open(&directory.path().join("cache")).unwrap();
    (directory, cache)
}

fn records_file(cache: &Cache) -> PathBuf {
    cache.root().join(Place::of(&hash()).path_in(PROVENANCE, RECORDS_EXTENSION))
}

#[test]
fn what_is_recorded_is_read_back_whatever_the_bytes() {
    let (_directory, cache) = cache();
    let odd = RelPath::parse(b"Am\xe9lie \"\\/\xff\n").unwrap();
    let mut expected = vec![record("Heat"), record("Amélie …\n\"")];
    expected.push(ProvenanceRecord { path: odd, ..record("odd path") });
    let odd_file = std::ffi::OsStr::from_bytes(b"/x/\xff.jpg");
    expected.push(ProvenanceRecord { origin: Origin::File(odd_file.into()), ..record("odd file") });
    expected.push(ProvenanceRecord {
        entity_type: EntityType::Episode,
        season: Some(0),
        episode: Some(7),
        year: None,
        ids: vec![],
        origin: Origin::Provider { name: "fanarttv".into(), url: "https://example.org/1".into() },
        image_type: ImageType::numbered(ImageKind::Fanart, 2).unwrap(),
        locked: false,
        ..record("Lost")
    });
    expected.push(ProvenanceRecord { origin: Origin::Url("https://example.org/2".into()), ..record("url") });
    let written = Origin::Program { name: "Radarr".into(), uid: 1000, path: "/media/Heat/poster.jpg".into() };
    expected.push(ProvenanceRecord { origin: written, ..record("program") });
    for record in &expected {
        assert!(cache.record(&hash(), record).unwrap());
    }
    assert_eq!(cache.records(&hash()).unwrap(), Records { records: expected, unreadable: 0 });
    assert_eq!(cache.records(&ContentHash::new([1; 32])).unwrap(), Records::default());
}

#[test]
fn recording_twice_changes_nothing() {
    let (_directory, cache) = cache();
    let later = ProvenanceRecord { time: UnixSeconds::new(2000), ..record("Heat") };
    let unlocked = ProvenanceRecord { locked: false, ..record("Heat") };
    for (record, is_appended) in [(record("Heat"), true), (later, false), (unlocked, true), (record("Heat"), true)] {
        assert_eq!(cache.record(&hash(), &record).unwrap(), is_appended);
    }
    assert_eq!(cache.records(&hash()).unwrap().records.len(), 3);
}

#[test]
fn the_last_record_of_a_subject_holds() {
    let (_directory, cache) = cache();
    let deselected = ProvenanceRecord { selected: false, ..record("Heat") };
    for record in [record("Heat"), record("Alien"), deselected.clone()] {
        cache.record(&hash(), &record).unwrap();
    }
    assert_eq!(cache.records(&hash()).unwrap().current(), [&record("Alien"), &deselected]);
}

#[test]
fn a_subject_stays_itself_when_it_is_renamed_and_differs_between_libraries() {
    let renamed = ProvenanceRecord { path: RelPath::parse(b"Heat (1995)").unwrap(), ..record("Heat") };
    let without_ids = ProvenanceRecord { ids: vec![], ..renamed.clone() };
    let elsewhere = ProvenanceRecord { library: "uhd".into(), ..record("Heat") };
    let of_season = ProvenanceRecord { season: Some(1), ..record("Heat") };
    for (other, is_same) in [(&renamed, true), (&without_ids, false), (&elsewhere, false), (&of_season, false)] {
        assert_eq!(record("Heat").has_subject_of(other), is_same, "{other:?}");
    }
    assert!(renamed.has_subject_of(&without_ids));
}

#[test]
fn a_torn_line_costs_only_itself() {
    let line = json::to_line(&record("Torn")).unwrap();
    for kept in 0..line.len() {
        let (_directory, cache) = cache();
        cache.record(&hash(), &record("Heat")).unwrap();
        let mut file = std::fs::OpenOptions::new().append(true).open(records_file(&cache)).unwrap();
        file.write_all(&line[..kept]).unwrap();
        cache.record(&hash(), &record("Alien")).unwrap();
        let found = cache.records(&hash()).unwrap();
        // All of the line but its line feed is a whole record.
        let is_whole = kept == line.len() - 1;
        assert_eq!(found.unreadable, u64::from(kept > 0 && !is_whole), "{kept}");
        assert_eq!(found.records.len(), 2 + usize::from(is_whole), "{kept}");
        assert_eq!(found.records.last().unwrap(), &record("Alien"));
    }
}

#[test]
fn lines_of_a_newer_program_are_counted_and_kept() {
    let (_directory, cache) = cache();
    cache.record(&hash(), &record("Heat")).unwrap();
    let text = std::fs::read_to_string(records_file(&cache)).unwrap();
    let newer = text.replace("\"v\":1", "\"v\":2");
    let more_keys = text.replace("\"v\":1", "\"v\":1,\"mood\":\"dark\"");
    let leaving = text.replace("\"path\":\"Heat\"", "\"path\":\"../Heat\"");
    let mut file = std::fs::OpenOptions::new().append(true).open(records_file(&cache)).unwrap();
    file.write_all([newer, more_keys, leaving].concat().as_bytes()).unwrap();
    let found = cache.records(&hash()).unwrap();
    assert_eq!((found.records.len(), found.unreadable), (2, 2));
    assert_eq!(found.records[1], record("Heat"));
}

#[test]
fn threads_that_record_at_once_lose_nothing() {
    let (_directory, cache) = cache();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let cache = &cache;
            scope.spawn(move || {
                (0..5).for_each(|at| assert!(cache.record(&hash(), &record(&format!("{thread} {at}"))).unwrap()))
            });
        }
    });
    let found = cache.records(&hash()).unwrap();
    assert_eq!((found.records.len(), found.unreadable), (40, 0));
}

proptest! {
    #[test]
    fn any_bytes_are_records_or_counted(bytes: Vec<u8>) {
        parse(&bytes);
    }
}
