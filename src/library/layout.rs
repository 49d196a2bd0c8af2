//! What lies in a folder: names and listings in, decisions out. No file is opened here.
//!
//! Scan and `identify` both ask [`decide`], so they cannot disagree. Every decision carries the [`Rule`] that made it.
//!
//! - `title.rs`, `provider_ids.rs`: what a name tells (title, year, ids).
//! - `file_name.rs`, `folder_name.rs`: what a file or folder is by its name alone (video, sample, extras, system folder).
//! - `movies.rs`: the films of a folder, from its whole listing.
//! - `originals.rs`: whose artwork the pictures of a folder are.
//! - `rule.rs`: the names of the rules.

mod file_name;
mod folder_name;
mod movies;
mod originals;
mod provider_ids;
mod rule;
#[cfg(test)]
mod tests;
mod title;

use std::collections::BTreeMap;

use crate::model::{EntityType, ImageType, Layout, MediaIdentity, Name, RelPath};

use super::{DirEntry, EntryKind};

pub use file_name::{FileKind, kind_by_extension, title_of_extra};
pub use folder_name::{Descent, descent, is_ignored_name, is_part_of_item, is_peeked};
pub use rule::Rule;
pub use title::parse_name;

/// A folder with everything that decides what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderListing {
    /// Where it is beneath the root of the library; empty for the root.
    pub path: RelPath,
    /// Its entries.
    pub entries: Vec<DirEntry>,
    /// The entries of those of its folders that belong to its items ([`is_peeked`]): discs, further fanart.
    pub peeked: BTreeMap<Name, Vec<DirEntry>>,
    /// Whether a file `.ignore` lies in it that is empty or blank, which closes the folder to Jellyfin and Emby. One
    /// with patterns closes nothing as a whole.
    pub has_blank_ignore_file: bool,
}

/// An item found in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundItem {
    /// What it is.
    pub entity_type: EntityType,
    /// How it lies on disk.
    pub layout: Layout,
    /// What the names tell about it.
    pub identity: MediaIdentity,
    /// The folder that its artwork is named in.
    pub folder: RelPath,
    /// Its main file: the first part of a stack, the default one of several versions, the entry file of a disc.
    pub video: RelPath,
    /// The name of that file without extension; of the folder for a disc. Artwork names are made of it.
    pub base: Name,
    /// Pictures of it that are in the tree, in the order of their paths.
    pub originals: Vec<(RelPath, ImageType)>,
    /// The rule that found it.
    pub rule: Rule,
}

/// What one file of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileVerdict {
    /// It belongs to the item of that index.
    Item(usize),
    /// It is an extra: trailer, sample, featurette, …
    Extra(Rule),
    /// It is known, and no item: subtitle, picture, hidden file, …
    Ignored(Rule),
    /// It is nothing known.
    Unknown(Rule),
}

/// What a folder holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderVerdict {
    /// Its items in the order of their names.
    pub items: Vec<FoundItem>,
    /// What each entry is that is no folder.
    pub files: BTreeMap<Name, FileVerdict>,
    /// Whether an ignore marker closes it and everything beneath.
    pub is_closed: bool,
}

impl FolderListing {
    /// Its folders.
    pub fn folders(&self) -> impl Iterator<Item = &Name> {
        self.entries.iter().filter(|entry| entry.kind == EntryKind::Folder).map(|entry| &entry.name)
    }

    /// Its files.
    pub fn files(&self) -> impl Iterator<Item = &Name> {
        self.entries.iter().filter(|entry| entry.kind == EntryKind::File).map(|entry| &entry.name)
    }

    /// Whether an ignore marker closes it and everything beneath.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.has_blank_ignore_file || self.files().any(|name| name.as_bytes() == b".nomedia")
    }
}

/// What a folder holds. `above` is the folder that holds it, `None` for the root of the library.
#[must_use]
pub fn decide(folder: &FolderListing, above: Option<&FolderListing>) -> FolderVerdict {
    if folder.is_closed() {
        let files = folder.files().map(|name| (name.clone(), FileVerdict::Ignored(Rule::IgnoreMarker))).collect();
        return FolderVerdict { files, is_closed: true, ..FolderVerdict::default() };
    }
    movies::decide(folder, above)
}

/// The films of a folder. `above` is the folder that holds it, `None` for the root of the library.
#[must_use]
pub fn movies_in(folder: &FolderListing, above: Option<&FolderListing>) -> Vec<FoundItem> {
    decide(folder, above).items
}
