//! The tables of the overlay, without a kernel.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use crate::catalog::{FolderMappings, HiddenOriginal, MappedPicture, Mask, SyntheticFolder};
use crate::model::{
    ContentHash, EntityId, FolderId, ImageKind, ImageType, MappingId, Name, OnDelete, OnWrite, ProgramKind, UnixSeconds,
};

use super::{Action, Circumstances, Folder, Listing, Moment, Operation, Passing, Refusal, Seen, Subject, decide};

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
        mask: Mask::Shown,
        set: None,
    }
}

fn synthetic(row: i64, text: &str) -> SyntheticFolder {
    let (id, changed_at) = (FolderId::new(row), UnixSeconds::new(100));
    SyntheticFolder { id, name: name(text), changed_at, is_emptied: false, set: None }
}

fn mappings(mapped: &[&str], hidden: &[&str], folders: &[&str]) -> FolderMappings {
    let hidden_by_first = |text: &&str| HiddenOriginal { name: name(text), by: ContentHash::new([1; 32]) };
    FolderMappings {
        id: FolderId::new(1),
        changed_at: UnixSeconds::new(100),
        mapped: mapped.iter().enumerate().map(|(row, text)| picture(row as i64 + 1, text)).collect(),
        hidden: hidden.iter().map(hidden_by_first).collect(),
        folders: folders.iter().enumerate().map(|(row, text)| synthetic(row as i64 + 1, text)).collect(),
    }
}

fn folder(mapped: &[&str], hidden: &[&str], folders: &[&str]) -> Folder {
    Folder::new(mappings(mapped, hidden, folders))
}

/// What is seen, as a word.
fn word(folder: &Folder, text: &str) -> &'static str {
    match folder.at(&name(text)) {
        Seen::Source => "source",
        Seen::Picture(_) => "picture",
        Seen::Written(_) => "written",
        Seen::SourceOrFolder(_) => "source or folder",
        Seen::Hidden => "hidden",
        Seen::Removed(_) => "removed",
    }
}

#[test]
fn what_is_seen() {
    let mut mappings =
        mappings(&["poster.jpg", "both.jpg", "mine.jpg", "gone.jpg"], &["folder.jpg", "both.jpg"], &["extrafanart"]);
    mappings.mapped[2].mask = Mask::Written;
    mappings.mapped[3].mask = Mask::Withdrawn;
    let folder = Folder::new(mappings);
    for (text, seen) in [
        ("a name of nobody's: the source decides", "source"),
        ("poster.jpg", "picture"),
        ("both.jpg", "picture"),
        ("mine.jpg", "written"),
        ("gone.jpg", "removed"),
        ("folder.jpg", "hidden"),
        ("extrafanart", "source or folder"),
        ("Poster.jpg", "source"),
    ] {
        assert_eq!(word(&folder, text), seen, "{text}");
    }
}

#[test]
fn what_is_seen_for_a_while() {
    let folder = folder(&["poster.jpg", "both.jpg"], &["folder.jpg"], &["extrafanart"]);
    let id = folder.mapped(&name("poster.jpg")).unwrap().id;
    let lost = BTreeSet::from([ContentHash::new([1; 32])]);
    let at = |names: &[(&str, Passing)], lost: &BTreeSet<ContentHash>| {
        let names = names.iter().map(|(text, passing)| (name(text), *passing)).collect();
        folder.at_moment(Arc::new(Moment { names, lost: lost.clone() }))
    };
    let none = BTreeSet::new();
    let removed = at(&[("poster.jpg", Passing::Removed(Some(id))), ("extrafanart", Passing::Removed(None))], &none);
    assert_eq!((word(&removed, "poster.jpg"), word(&removed, "extrafanart")), ("removed", "removed"));
    assert_eq!(removed.pictures().count() + removed.folders().count(), 1, "both.jpg is left");
    let published_since = at(&[("poster.jpg", Passing::Removed(Some(MappingId::new(99))))], &none);
    assert_eq!(word(&published_since, "poster.jpg"), "picture", "that was another picture");
    assert_eq!(word(&at(&[("poster.jpg", Passing::Source(Some(id)))], &none), "poster.jpg"), "written");
    // The picture that hides the original is lost (the hashes of this test are numbers of rows).
    let without = at(&[], &lost);
    assert_eq!((word(&without, "folder.jpg"), word(&without, "poster.jpg")), ("source", "source"));
    assert_eq!(word(&without, "both.jpg"), "picture", "nothing can be shown instead of it, so it stays");
}

#[test]
fn a_folder_of_mappings_that_was_emptied_is_there_for_whoever_emptied_it() {
    let mut mappings = mappings(&[], &[], &["extrafanart"]);
    mappings.folders[0].is_emptied = true;
    let folder = Folder::new(mappings);
    assert_eq!(word(&folder, "extrafanart"), "source", "nothing needs it");
    assert_eq!((folder.folders().count(), folder.may_be_removed()), (0, Ok(())));
    let names = [(name("extrafanart"), Passing::Emptied)].into();
    let meanwhile = folder.at_moment(Arc::new(Moment { names, lost: BTreeSet::new() }));
    assert_eq!(word(&meanwhile, "extrafanart"), "source or folder");
}

/// The table of the semantics. `locked` and `manager` matter for writes only.
#[test]
fn what_is_done() {
    use Action::*;
    use Operation as Op;
    let picture = Subject::Picture { is_locked: false };
    let locked = Subject::Picture { is_locked: true };
    let (written, removed) = (Subject::Written { is_locked: false }, Subject::Removed { is_locked: true });
    let usual = Circumstances {
        on_write: OnWrite::Adopt,
        managers_write: OnWrite::Capture,
        on_delete: OnDelete::Restore,
        program: ProgramKind::Persons,
    };
    let manager = Circumstances { program: ProgramKind::Manager, ..usual };
    let trusted = Circumstances { managers_write: OnWrite::Adopt, ..manager };
    let strict = Circumstances { on_write: OnWrite::Deny, on_delete: OnDelete::Withdraw, ..usual };
    for (operation, subject, given, action) in [
        (Op::Write, picture, usual, Adopt),
        (Op::Replace, picture, usual, Adopt),
        (Op::Write, locked, usual, Adopt),
        (Op::Write, picture, manager, Capture),
        (Op::Replace, locked, manager, Capture),
        (Op::Write, picture, trusted, Adopt),
        (Op::Write, locked, trusted, Capture),
        (Op::Write, picture, strict, ReadOnly),
        (Op::Make, removed, usual, Adopt),
        (Op::Make, removed, trusted, Capture),
        (Op::Replace, removed, strict, ReadOnly),
        (Op::Make, picture, usual, Exists),
        (Op::Unlink, picture, usual, Hide),
        (Op::Unlink, locked, manager, Hide),
        (Op::Unlink, picture, strict, Withdraw),
        (Op::Unlink, written, usual, Hide),
        (Op::Unlink, removed, usual, Absent),
        (Op::Unlink, Subject::HiddenOriginal, usual, Absent),
        (Op::Rename, picture, usual, Follow),
        (Op::Rename, Subject::Folder, usual, Follow),
        (Op::Rename, written, usual, PassOn),
        (Op::Link, picture, usual, AnotherFileSystem),
        (Op::SetAttributes, picture, strict, Remember),
        (Op::SetAttributes, written, usual, PassOn),
        (Op::Write, written, strict, PassOn),
        (Op::Make, Subject::HiddenOriginal, strict, MakeRoom),
        (Op::Replace, Subject::HiddenOriginal, usual, MakeRoom),
        (Op::Write, Subject::HiddenOriginal, usual, Absent),
        (Op::Make, Subject::Folder, usual, Exists),
        (Op::Unlink, Subject::Source, strict, PassOn),
        (Op::Write, Subject::Source, strict, PassOn),
    ] {
        assert_eq!(decide(operation, subject, given), action, "{operation:?} {subject:?} {given:?}");
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
    let shown: Vec<String> = listing.after(0).iter().map(|listed| listed.name.to_string()).collect();
    let distinct: BTreeSet<&str> = shown.iter().map(String::as_str).collect();
    assert_eq!(distinct, ["film.mkv", "poster.jpg", "fanart.jpg", "extrafanart", ".actors"].into());
    assert_eq!(distinct.len(), shown.len(), "each once: {shown:?}");
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
