//! The tables of the library layout, row by row.

use proptest::prelude::*;

use super::*;

mod folders;
mod names;

/// A listing from one text a line; a slash at the end makes a folder, `folder/file` puts a file into one that is peeked.
fn listing(path: &str, entries: &[&str]) -> FolderListing {
    let mut listing = FolderListing { path: RelPath::parse(path.as_bytes()).unwrap(), ..FolderListing::default() };
    for text in entries {
        let (folder, file) = text.split_once('/').map_or((None, *text), |(folder, file)| (Some(folder), file));
        let name = Name::parse(folder.unwrap_or(file).as_bytes()).unwrap();
        let kind = if folder.is_some() { EntryKind::Folder } else { EntryKind::File };
        if !listing.entries.iter().any(|entry| entry.name == name) {
            listing.entries.push(DirEntry { name: name.clone(), kind });
        }
        if folder.is_some() && is_peeked(&name) {
            let peeked = listing.peeked.entry(name).or_default();
            peeked.extend(Name::parse(file.as_bytes()).map(|name| DirEntry { name, kind: EntryKind::File }));
        }
    }
    listing.entries.sort_by(|a, b| a.name.cmp(&b.name));
    listing
}

fn any_name() -> impl Strategy<Value = Name> {
    let words = prop::sample::select(vec![
        "Heat",
        "heat",
        "(1995)",
        "1995",
        "cd1",
        "cd2",
        "part 1",
        "-trailer",
        "sample",
        "1080p",
        "[tmdbid-949]",
        "{imdb-tt",
        "tt",
        "0113277",
        "(",
        "[",
        "]",
        ")",
        "}",
        " ",
        ".",
        "_",
        "-",
        "ü",
        "VIDEO_TS",
        "extras",
        "poster",
        "fanart1",
        "extrafanart",
        "Disc 1",
    ]);
    let extension = prop::sample::select(vec!["", ".mkv", ".avi", ".jpg", ".srt", ".nfo", ".IFO", ".nomedia"]);
    let from_words = (prop::collection::vec(words, 1..6), extension)
        .prop_map(|(words, extension)| format!("{}{extension}", words.concat()).into_bytes());
    let bytes = prop::collection::vec(any::<u8>(), 1..256);
    prop_oneof![3 => from_words, 1 => bytes].prop_filter_map("no name", |bytes| Name::parse(&bytes).ok())
}

fn any_listing() -> impl Strategy<Value = FolderListing> {
    let kind = prop::sample::select(vec![EntryKind::File, EntryKind::File, EntryKind::Folder, EntryKind::Other]);
    let entries = prop::collection::btree_map(any_name(), kind, 0..8);
    let path = prop::collection::vec(any_name(), 0..3);
    (path, entries, any::<bool>()).prop_map(|(path, entries, is_blank)| FolderListing {
        path: path.iter().fold(RelPath::root(), |folder, name| folder.join(name)),
        peeked: entries.keys().filter(|name| is_peeked(name)).map(|name| (name.clone(), Vec::new())).collect(),
        entries: entries.into_iter().map(|(name, kind)| DirEntry { name, kind }).collect(),
        has_blank_ignore_file: is_blank,
    })
}

proptest! {
    #[test]
    fn any_bytes_are_a_name_that_tells_something_or_nothing(bytes: Vec<u8>) {
        let identity = parse_name(&bytes);
        prop_assert!(!identity.title.chars().any(char::is_control));
        prop_assert!(identity.year.is_none_or(|year| (1900..=2099).contains(&year)));
    }

    #[test]
    fn any_listing_is_decided_and_every_file_has_one_verdict(
        folder in any_listing(),
        above in proptest::option::of(any_listing()),
    ) {
        let verdict = decide(&folder, above.as_ref());
        for entry in folder.entries.iter().filter(|entry| entry.kind == EntryKind::File) {
            prop_assert!(verdict.files.contains_key(&entry.name));
        }
        for (index, item) in verdict.items.iter().enumerate() {
            prop_assert_eq!(&item.folder, &folder.path);
            prop_assert!(item.video.strip_prefix(&folder.path).is_some());
            let is_disc = item.layout == Layout::Disc;
            prop_assert!(is_disc || verdict.files.values().any(|verdict| *verdict == FileVerdict::Item(index)));
            prop_assert!(!(folder.path.is_root() && item.layout != Layout::Flat), "the root is nobody's own folder");
        }
        for name in folder.folders() {
            let _ = descent(&folder, name);
        }
    }
}
