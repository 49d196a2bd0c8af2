use std::os::unix::ffi::OsStrExt;

use proptest::prelude::*;

use super::*;
use crate::model::{EntityType, JournalEntity, JournalItem, JournalLibrary, Layout, LibraryKind, RelPath};

fn cache() -> (tempfile::TempDir, Cache) {
    let directory = tempfile::tempdir().unwrap();
    let cache = Cache::open(&directory.path().join("cache")).unwrap();
    (directory, cache)
}

fn library(id: i64, name: &str) -> JournalEntry {
    let path = std::ffi::OsStr::from_bytes(b"/media/\xff").into();
    let (kind, naming) = (LibraryKind::Movies, "default".to_owned());
    JournalEntry::Library(JournalLibrary { id, name: name.into(), path, kind, naming, added_at: 1, removed_at: None })
}

fn item(id: i64, title: &str) -> JournalEntry {
    let path = RelPath::parse(b"Heat \xe9").unwrap();
    let entity = JournalEntity {
        id,
        entity_type: EntityType::Movie,
        folder: path.clone(),
        video: None,
        path,
        layout: Layout::Own,
        title: title.into(),
        sort_title: title.into(),
        year: Some(1995),
        season: None,
        episode: None,
        last_episode: None,
        added_at: 1,
        ids: vec![],
        parent: None,
    };
    JournalEntry::Item(Box::new(JournalItem {
        library: 1,
        entity,
        monitored: false,
        selected: vec![],
        blocked: vec![],
        locks: vec![],
        fields: vec![],
        withheld: vec![],
    }))
}

fn told(cache: &Cache) -> Vec<(String, JournalEntry)> {
    let index = cache.read_journal().unwrap();
    index.keys().into_iter().map(|key| (index.lineages()[key.0].clone(), index.entry(key).unwrap())).collect()
}

fn append_bytes(cache: &Cache, bytes: &[u8]) {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(cache.root().join(NAME)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn the_last_word_on_each_thing_of_each_lineage_is_read_back() {
    let (_directory, cache) = cache();
    assert!(told(&cache).is_empty());
    cache.journal().unwrap().append("old", &[library(1, "films"), item(7, "Heat")]).unwrap();
    cache.journal().unwrap().append("new", &[item(7, "Alien"), library(2, "series")]).unwrap();
    cache.journal().unwrap().append("new", &[item(7, "Aliens")]).unwrap();
    let expected = [("new", library(2, "series")), ("new", item(7, "Aliens")), ("old", library(1, "films"))]
        .into_iter()
        .chain([("old", item(7, "Heat"))])
        .map(|(lineage, entry)| (lineage.to_owned(), entry))
        .collect::<Vec<_>>();
    assert_eq!(told(&cache), expected);
}

#[test]
fn a_torn_line_costs_only_itself() {
    let whole = serde_json::to_vec(&Line { v: VERSION, of: "a".into(), entry: item(2, "Torn") }).unwrap();
    for kept in (0..whole.len()).step_by(7) {
        let (_directory, cache) = cache();
        cache.journal().unwrap().append("a", &[item(1, "Heat")]).unwrap();
        append_bytes(&cache, &whole[..kept]);
        cache.journal().unwrap().append("a", &[item(3, "Alien")]).unwrap();
        let index = cache.read_journal().unwrap();
        assert_eq!(index.keys().len(), 2, "{kept}");
        assert_eq!(index.unreadable(), u64::from(kept > 0), "{kept}");
    }
}

#[test]
fn what_a_newer_program_wrote_is_counted_and_kept() {
    let (_directory, cache) = cache();
    append_bytes(&cache, b"{\"v\":2,\"of\":\"a\",\"dream\":1}\n{\"v\":1,\"of\":\"a\",\"dream\":1}\nno json\n");
    let more_keys =
        String::from_utf8(serde_json::to_vec(&Line { v: 1, of: "a".into(), entry: item(1, "Heat") }).unwrap());
    append_bytes(&cache, more_keys.unwrap().replace("\"title\"", "\"mood\":\"dark\",\"title\"").as_bytes());
    assert_eq!(told(&cache), [("a".to_owned(), item(1, "Heat"))]);
    assert_eq!(cache.read_journal().unwrap().unreadable(), 3);
    cache.journal().unwrap().renew().unwrap();
    let text = std::fs::read_to_string(cache.root().join(NAME)).unwrap();
    assert!(text.contains("\"dream\":1}\n{"), "{text}");
    assert_eq!(told(&cache), [("a".to_owned(), item(1, "Heat"))]);
}

#[test]
fn written_anew_it_tells_the_same_in_less() {
    let (_directory, cache) = cache();
    for round in 0..50 {
        let title = format!("Heat {round}");
        cache.journal().unwrap().append("a", &[library(1, &title), item(7, &title), item(8, "Alien")]).unwrap();
    }
    let before = told(&cache);
    let length = || std::fs::metadata(cache.root().join(NAME)).unwrap().len();
    let long = length();
    let waiting = cache.journal().unwrap();
    std::thread::scope(|scope| {
        // Whoever waits meanwhile goes on in the new file.
        let other = scope.spawn(|| cache.journal().unwrap().append("a", &[item(9, "Ran")]).unwrap());
        waiting.renew().unwrap();
        other.join().unwrap();
    });
    assert!(length() < long / 10, "{} of {long}", length());
    let mut after = told(&cache);
    assert_eq!(after.pop().unwrap().1, item(9, "Ran"));
    assert_eq!(after, before);
    // It is not long yet, so it stays.
    cache.journal().unwrap().renew_if_long().unwrap();
    assert_eq!(told(&cache).len(), 4);
}

proptest! {
    #[test]
    fn any_bytes_are_entries_or_counted(bytes: Vec<u8>) {
        let (_directory, cache) = cache();
        append_bytes(&cache, &bytes);
        cache.journal().unwrap().append("a", &[item(1, "Heat")]).unwrap();
        prop_assert!(told(&cache).contains(&("a".to_owned(), item(1, "Heat"))));
    }
}
