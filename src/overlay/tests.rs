//! The tables of the overlay, without a kernel.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::catalog::{FolderMappings, MappedPicture, SyntheticFolder};
use crate::model::{ContentHash, EntityId, FolderId, ImageKind, ImageType, MappingId, Name, UnixSeconds};

use super::{Folder, ListedKind, Listing, Refusal, Seen};

fn name(text: &str) -> Name {
    Name::parse(text.as_bytes()).unwrap()
}

fn picture(row: i64, text: &str) -> MappedPicture {
    MappedPicture {
        id: MappingId::new(row),
        name: name(text),
        hash: ContentHash::new([row as u8; 32]),
        extension: "jpg".to_owned(),
        byte_count: 1000,
        published_at: UnixSeconds::new(100),
        entity: EntityId::new(1),
        image_type: ImageType::main(ImageKind::Poster),
    }
}

fn synthetic(row: i64, text: &str) -> SyntheticFolder {
    SyntheticFolder { id: FolderId::new(row), name: name(text), changed_at: UnixSeconds::new(100) }
}

fn folder(mapped: &[&str], hidden: &[&str], folders: &[&str]) -> Folder {
    Folder::new(FolderMappings {
        id: FolderId::new(1),
        changed_at: UnixSeconds::new(100),
        mapped: mapped.iter().enumerate().map(|(row, text)| picture(row as i64 + 1, text)).collect(),
        hidden: hidden.iter().map(|text| name(text)).collect(),
        folders: folders.iter().enumerate().map(|(row, text)| synthetic(row as i64 + 1, text)).collect(),
    })
}

/// What is seen, may be made and may be taken, as words.
fn row(folder: &Folder, text: &str) -> (&'static str, &'static str, &'static str) {
    let seen = match folder.at(&name(text)) {
        Seen::Source => "source",
        Seen::Picture(_) => "picture",
        Seen::SourceOrFolder(_) => "source or folder",
        Seen::Hidden => "hidden",
    };
    let word = |outcome| match outcome {
        Ok(()) => "yes",
        Err(Refusal::ReadOnly) => "read-only",
        Err(Refusal::Absent) => "absent",
        Err(Refusal::NotEmpty) => "not empty",
    };
    (seen, word(folder.may_make(&name(text))), word(folder.may_take(&name(text))))
}

#[test]
fn what_is_seen_and_what_may_be_done() {
    let folder = folder(&["poster.jpg", "both.jpg"], &["folder.jpg", "both.jpg"], &["extrafanart"]);
    for (text, seen, make, take) in [
        ("a name of nobody's: the source decides", "source", "yes", "yes"),
        ("poster.jpg", "picture", "read-only", "read-only"),
        ("both.jpg", "picture", "read-only", "read-only"),
        ("folder.jpg", "hidden", "read-only", "absent"),
        ("extrafanart", "source or folder", "read-only", "read-only"),
        ("Poster.jpg", "source", "yes", "yes"),
    ] {
        assert_eq!(row(&folder, text), (seen, make, take), "{text}");
    }
}

#[test]
fn a_folder_goes_only_when_it_shows_nothing() {
    assert_eq!(folder(&[], &["folder.jpg"], &[]).may_be_removed(), Ok(()), "the source finds the hidden original");
    assert_eq!(folder(&["poster.jpg"], &[], &[]).may_be_removed(), Err(Refusal::NotEmpty));
    assert_eq!(folder(&[], &[], &[".actors"]).may_be_removed(), Err(Refusal::NotEmpty));
}

#[test]
fn a_listing_is_the_source_and_the_mappings_less_what_is_hidden() {
    let folder = folder(&["poster.jpg", "fanart.jpg"], &["folder.jpg"], &["extrafanart", ".actors"]);
    let source = ["film.mkv", "folder.jpg", "poster.jpg", "extrafanart"].map(name).to_vec();
    let listing = Listing::merge(source, Some(&folder));
    let shown: BTreeSet<(String, &str)> = listing
        .after(0)
        .iter()
        .map(|listed| {
            let kind = match listed.kind {
                ListedKind::Source => "source",
                ListedKind::Picture(_) => "picture",
                ListedKind::Folder(_) => "folder",
            };
            (listed.name.to_string(), kind)
        })
        .collect();
    let expected = [
        ("film.mkv", "source"),
        ("poster.jpg", "picture"),
        ("fanart.jpg", "picture"),
        ("extrafanart", "source"),
        (".actors", "folder"),
    ];
    assert_eq!(shown, expected.map(|(text, kind)| (text.to_owned(), kind)).into());
}

proptest! {
    /// What was there all the time is listed exactly once, in whatever pieces it is read and whatever comes and goes
    /// between the pieces.
    #[test]
    fn a_listing_read_in_pieces_has_every_lasting_name_once(
        lasting in prop::collection::btree_set("[a-z]{1,3}", 1..40),
        versions in prop::collection::vec(prop::collection::btree_set("[A-Z]{1,2}", 0..20), 1..6),
        piece in 1_usize..7,
    ) {
        let mut seen: Vec<String> = Vec::new();
        let mut offset = 0;
        let mut version = versions.iter().cycle();
        loop {
            let passing = version.next().into_iter().flatten();
            let mapped: Vec<&str> = passing.map(String::as_str).collect();
            let source = lasting.iter().map(|text| name(text)).collect();
            let listing = Listing::merge(source, Some(&folder(&mapped, &[], &[])));
            let Some(last) = listing.after(offset).iter().take(piece).next_back().cloned() else { break };
            seen.extend(listing.after(offset).iter().take(piece).map(|listed| listed.name.to_string()));
            prop_assert!(last.offset > 2 && last.offset < i64::MAX as u64);
            offset = last.offset;
        }
        for text in &lasting {
            prop_assert_eq!(seen.iter().filter(|one| *one == text).count(), 1, "{}", text);
        }
    }
}
