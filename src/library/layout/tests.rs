//! The tables of the library layout, row by row.

use proptest::prelude::*;

use super::*;

mod episodes;
mod folders;
mod music;
mod names;
mod series;

/// A listing of films from one text a line; a slash at the end makes a folder, `folder/file` and `folder/folder/` put an
/// entry into one that is peeked.
fn listing(path: &str, entries: &[&str]) -> FolderListing {
    listing_of(LibraryKind::Movies, path, entries)
}

fn listing_of(library: LibraryKind, path: &str, entries: &[&str]) -> FolderListing {
    let mut listing = FolderListing { path: RelPath::parse(path.as_bytes()).unwrap(), ..FolderListing::default() };
    for text in entries {
        let (folder, file) = text.split_once('/').map_or((None, *text), |(folder, file)| (Some(folder), file));
        let name = Name::parse(folder.unwrap_or(file).as_bytes()).unwrap();
        let kind = if folder.is_some() { EntryKind::Folder } else { EntryKind::File };
        if !listing.entries.iter().any(|entry| entry.name == name) {
            listing.entries.push(DirEntry { name: name.clone(), kind });
        }
        if folder.is_some() && is_peeked(library, &listing.path, &name) {
            let peeked = listing.peeked.entry(name).or_default();
            let (file, kind) = match file.strip_suffix('/') {
                Some(folder) => (folder, EntryKind::Folder),
                None => (file, EntryKind::File),
            };
            peeked.extend(Name::parse(file.as_bytes()).map(|name| DirEntry { name, kind }));
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
        "Season 1",
        "S01E02",
        "-E04",
        "1x02",
        "2010-05-12",
        "05",
        "103",
        "Specials",
        "65536",
    ]);
    let extension = prop::sample::select(vec!["", ".mkv", ".avi", ".jpg", ".srt", ".nfo", ".IFO", ".flac", ".nomedia"]);
    let from_words = (prop::collection::vec(words, 1..6), extension)
        .prop_map(|(words, extension)| format!("{}{extension}", words.concat()).into_bytes());
    let bytes = prop::collection::vec(any::<u8>(), 1..256);
    prop_oneof![3 => from_words, 1 => bytes].prop_filter_map("no name", |bytes| Name::parse(&bytes).ok())
}

fn any_listing() -> impl Strategy<Value = FolderListing> {
    let kind = prop::sample::select(vec![EntryKind::File, EntryKind::File, EntryKind::Folder, EntryKind::Other]);
    let entries = prop::collection::btree_map(any_name(), kind, 0..8);
    let path = prop::collection::vec(any_name(), 0..3);
    let text = prop::sample::select(vec!["", "*.mkv", "Heat*\n!Heat.mkv", "/Disc 1/", "[", "**/extras"])
        .prop_map(str::to_owned);
    (path, entries, any::<bool>(), text).prop_map(|(path, entries, is_blank, ignore_text)| FolderListing {
        path: path.iter().fold(RelPath::root(), |folder, name| folder.join(name)),
        peeked: entries
            .keys()
            .filter(|name| folder_name::is_peeked(name))
            .map(|name| (name.clone(), Vec::new()))
            .collect(),
        entries: entries.into_iter().map(|(name, kind)| DirEntry { name, kind }).collect(),
        has_blank_ignore_file: is_blank,
        ignore_text,
    })
}

proptest! {
    #[test]
    fn any_bytes_are_a_name_that_tells_something_or_nothing(bytes: Vec<u8>) {
        let identity = parse_name(&bytes);
        prop_assert!(!identity.title.chars().any(char::is_control));
        prop_assert!(identity.year.is_none_or(|year| (1888..=2099).contains(&year)));
    }

    #[test]
    fn any_listing_is_decided_and_every_file_has_one_verdict(
        folder in any_listing(),
        above in proptest::option::of(any_listing()),
        kind in prop::sample::select(LibraryKind::ALL),
    ) {
        let root = Context::root(kind);
        let context = match (&above, folder.path.name()) {
            (Some(above), Some(name)) => context_of(above, kind, &decide(above, &root), &name),
            _ => root,
        };
        let verdict = decide(&folder, &context);
        for entry in folder.entries.iter().filter(|entry| entry.kind == EntryKind::File) {
            prop_assert!(verdict.files.contains_key(&entry.name));
        }
        for (index, item) in verdict.items.iter().enumerate() {
            prop_assert!(item.is_mention || item.folder == folder.path);
            prop_assert!(item.videos.iter().all(|video| video.strip_prefix(&folder.path).is_some()));
            let has_file = !item.videos.is_empty() && item.layout != Layout::Disc;
            prop_assert!(!has_file || verdict.files.values().any(|verdict| *verdict == FileVerdict::Item(index)));
            let is_own = matches!(item.layout, Layout::Own | Layout::Disc);
            prop_assert!(!(folder.path.is_root() && is_own), "the root is nobody's own folder");
            prop_assert!(item.episodes.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", item.episodes);
        }
        for name in folder.folders() {
            let _ = descent(&folder, kind, &verdict, name);
            let _ = context_of(&folder, kind, &verdict, name);
        }
    }
}
