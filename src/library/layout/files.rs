//! What the files of a folder are, and which of them are the parts of one thing.

use std::collections::BTreeMap;

use crate::model::{MediaIdentity, Name, RelPath};
use crate::naming::{StackWord, fold_case, split_extension, stack_part};

use super::file_name::{FileKind, extra_rule, kind_by_extension};
use super::folder_name::{ignored_by_name, is_disc_root};
use super::{EntryKind, FileVerdict, FolderListing, Rule};

/// The files of a folder.
pub(super) struct Sorted {
    /// Those that may be items, or parts of items.
    pub(super) media: Vec<Name>,
    /// What every other entry is that is no folder.
    pub(super) files: BTreeMap<Name, FileVerdict>,
}

/// Sorts the files of a folder whose items are of that kind of file.
pub(super) fn sort_files(listing: &FolderListing, wanted: FileKind) -> Sorted {
    let mut sorted = Sorted { media: Vec::new(), files: BTreeMap::new() };
    let folder = listing.path.name();
    let has_disc_files = listing.files().any(is_disc_entry);
    for entry in listing.entries.iter().filter(|entry| entry.kind != EntryKind::Folder) {
        let name = &entry.name;
        let is_of_disc = has_disc_files && is_disc_file(name);
        let verdict = other_than_item(folder.as_ref(), name, entry.kind, wanted);
        match verdict.filter(|verdict| !(is_of_disc && *verdict == FileVerdict::Unknown(Rule::NoMedia))) {
            Some(verdict) => drop(sorted.files.insert(name.clone(), verdict)),
            None => sorted.media.push(name.clone()),
        }
    }
    sorted
}

fn other_than_item(folder: Option<&Name>, name: &Name, kind: EntryKind, wanted: FileKind) -> Option<FileVerdict> {
    match kind {
        EntryKind::LinkedFolder => return Some(FileVerdict::Ignored(Rule::LinkedFolder)),
        EntryKind::Other => return Some(FileVerdict::Ignored(Rule::NoFile)),
        EntryKind::File | EntryKind::Folder => {}
    }
    if let Some(rule) = ignored_by_name(name.as_bytes()) {
        return Some(FileVerdict::Ignored(rule));
    }
    let (base, _) = split_extension(name.as_bytes());
    let is_theme = base.eq_ignore_ascii_case(b"theme");
    match kind_by_extension(name.as_bytes()) {
        FileKind::Video if wanted == FileKind::Video => {
            extra_rule(base, folder.map(Name::as_bytes)).map(FileVerdict::Extra)
        }
        FileKind::Audio if is_theme => Some(FileVerdict::Extra(Rule::Theme)),
        FileKind::Audio if wanted == FileKind::Audio => None,
        FileKind::Video => Some(FileVerdict::Ignored(Rule::Video)),
        FileKind::Subtitle => Some(FileVerdict::Ignored(Rule::Subtitle)),
        FileKind::Picture => Some(FileVerdict::Ignored(Rule::Picture)),
        FileKind::Nfo => Some(FileVerdict::Ignored(Rule::Nfo)),
        FileKind::Audio => Some(FileVerdict::Ignored(Rule::Audio)),
        FileKind::Other => Some(FileVerdict::Unknown(Rule::NoMedia)),
    }
}

/// The files that make one film or episode: all parts of a stack in order, or one file.
pub(super) struct Group {
    pub(super) parts: Vec<Name>,
}

impl Group {
    pub(super) fn main(&self) -> &Name {
        &self.parts[0]
    }

    pub(super) fn is_stack(&self) -> bool {
        self.parts.len() > 1
    }

    /// The name that it goes by: of the stack, or of the file.
    pub(super) fn title_base(&self) -> Vec<u8> {
        let (base, _) = split_extension(self.main().as_bytes());
        stack_part(base).filter(|_| self.is_stack()).map_or_else(|| base.to_vec(), |part| part.title)
    }
}

/// Whether a file is part of a disc whose files lie in the folder itself.
pub(super) fn is_disc_file(name: &Name) -> bool {
    let (_, extension) = split_extension(name.as_bytes());
    [b"ifo".as_slice(), b"bup", b"vob", b"bdmv"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Joins the parts of stacks: same title, word and extension, different numbers.
pub(super) fn groups(videos: Vec<Name>) -> Vec<Group> {
    let mut stacks: BTreeMap<_, Vec<(u32, Name)>> = BTreeMap::new();
    let mut singles = Vec::new();
    for name in videos {
        let (base, extension) = split_extension(name.as_bytes());
        match stack_part(base) {
            Some(part) => stacks
                .entry((fold_case(&part.title), part.word, part.is_lettered, fold_case(extension)))
                .or_default()
                .push((part.number, name)),
            None => singles.push(Group { parts: vec![name] }),
        }
    }
    for ((_, word, ..), mut parts) in stacks {
        parts.sort();
        // `300a`, `300b` begin with the first part, or they are other films (`Vitamin B`, `Vitamin C`).
        let begins = word != StackWord::Bare || parts[0].0 == 1;
        let is_stack = begins && parts.windows(2).all(|pair| pair[0].0 != pair[1].0);
        let names = parts.into_iter().map(|(_, name)| name);
        match is_stack {
            true => singles.push(Group { parts: names.collect() }),
            false => singles.extend(names.map(|name| Group { parts: vec![name] })),
        }
    }
    singles.sort_by(|a, b| a.main().cmp(b.main()));
    singles
}

/// Whether players open a disc by that file.
#[must_use]
pub fn is_disc_entry(name: &Name) -> bool {
    let known: [&[u8]; 3] = [b"VIDEO_TS.IFO", b"index.bdmv", b"INDEX.BDM"];
    known.iter().any(|entry| name.as_bytes().eq_ignore_ascii_case(entry))
}

/// The first, with what it lacks taken from the second.
#[must_use]
pub fn merged(mut first: MediaIdentity, second: MediaIdentity) -> MediaIdentity {
    if first.title.is_empty() {
        first.title = second.title;
    }
    first.year = first.year.or(second.year);
    for (provider, value) in second.ids {
        if first.id(&provider).is_none() {
            first.ids.push((provider, value));
        }
    }
    first
}

/// A disc in a folder: how players open it, and by which rule it was found.
pub(super) fn disc_in(listing: &FolderListing) -> Option<(RelPath, Rule)> {
    match listing.folders().find(|child| is_disc_with_content(listing, child)) {
        Some(child) => Some((disc_entry(listing, child), Rule::DiscFolder)),
        None => Some((listing.path.join(listing.files().find(|file| is_disc_entry(file))?), Rule::DiscFiles)),
    }
}

/// A disc folder that is there but empty is no disc; one that could not be looked into counts as one.
fn is_disc_with_content(listing: &FolderListing, child: &Name) -> bool {
    is_disc_root(child.as_bytes()) && listing.peeked.get(child).is_none_or(|entries| !entries.is_empty())
}

/// The file that players open; the disc folder itself where it is missing.
fn disc_entry(listing: &FolderListing, child: &Name) -> RelPath {
    let folder = listing.path.join(child);
    let entries = listing.peeked.get(child).map(Vec::as_slice).unwrap_or_default();
    let entry = entries.iter().find(|entry| entry.kind == EntryKind::File && is_disc_entry(&entry.name));
    entry.map_or_else(|| folder.clone(), |entry| folder.join(&entry.name))
}
