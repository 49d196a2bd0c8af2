//! What the mappings make of one folder.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{FolderMappings, MappedPicture, SyntheticFolder};
use crate::model::{Name, UnixSeconds};

/// The mappings, hidden originals and folders of mappings that concern one folder of the view.
#[derive(Debug, Clone)]
pub struct Folder {
    pictures: BTreeMap<Name, MappedPicture>,
    hidden: BTreeSet<Name>,
    folders: BTreeMap<Name, SyntheticFolder>,
    changed_at: UnixSeconds,
}

/// What is seen under one name.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// Whatever the source has, if it has anything.
    Source,
    /// A mapped picture, whatever the source has.
    Picture(&'a MappedPicture),
    /// The folder of the source if it has one, else a folder of mappings.
    SourceOrFolder(&'a SyntheticFolder),
    /// Nothing: an original that a published picture hides.
    Hidden,
}

/// Why the view refuses a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The name shows a mapped picture or a folder of mappings.
    #[error("what posterfs shows here is read-only")]
    ReadOnly,
    /// Nothing is seen under the name.
    #[error("there is nothing under this name")]
    Absent,
    /// A picture is shown in the folder, so it is not empty.
    #[error("the folder shows mapped pictures")]
    NotEmpty,
}

impl Folder {
    /// Arranges what the catalog knows of the folder.
    #[must_use]
    pub fn new(mappings: FolderMappings) -> Self {
        let named = |picture: MappedPicture| (picture.name.clone(), picture);
        Self {
            pictures: mappings.mapped.into_iter().map(named).collect(),
            hidden: mappings.hidden.into_iter().collect(),
            folders: mappings.folders.into_iter().map(|folder| (folder.name.clone(), folder)).collect(),
            changed_at: mappings.changed_at,
        }
    }

    /// When its mappings changed last; the folder's own time in the view is never older.
    #[must_use]
    pub fn changed_at(&self) -> UnixSeconds {
        self.changed_at
    }

    /// What is seen under the name.
    #[must_use]
    pub fn at(&self, name: &Name) -> Seen<'_> {
        if let Some(picture) = self.pictures.get(name) {
            Seen::Picture(picture)
        } else if self.hidden.contains(name) {
            Seen::Hidden
        } else if let Some(folder) = self.folders.get(name) {
            Seen::SourceOrFolder(folder)
        } else {
            Seen::Source
        }
    }

    /// The mapped pictures, by name.
    pub fn pictures(&self) -> impl Iterator<Item = &MappedPicture> {
        self.pictures.values()
    }

    /// The folders of mappings, by name.
    pub fn folders(&self) -> impl Iterator<Item = &SyntheticFolder> {
        self.folders.values()
    }

    /// Every name that the mappings have a say in: what to drop from caches when they change.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.pictures.keys().chain(&self.hidden).chain(self.folders.keys())
    }

    /// Whether the source may make something under the name (create, mkdir, link, the target of a rename).
    ///
    /// # Errors
    /// [`Refusal::ReadOnly`] where the mappings or a hidden original hold the name.
    pub fn may_make(&self, name: &Name) -> Result<(), Refusal> {
        match self.at(name) {
            Seen::Source => Ok(()),
            Seen::Picture(_) | Seen::SourceOrFolder(_) | Seen::Hidden => Err(Refusal::ReadOnly),
        }
    }

    /// Whether the source may take away what is under the name (unlink, rmdir, the origin of a rename).
    ///
    /// # Errors
    /// [`Refusal::ReadOnly`] for what the mappings show, [`Refusal::Absent`] for a hidden original.
    pub fn may_take(&self, name: &Name) -> Result<(), Refusal> {
        match self.at(name) {
            Seen::Source => Ok(()),
            Seen::Picture(_) | Seen::SourceOrFolder(_) => Err(Refusal::ReadOnly),
            Seen::Hidden => Err(Refusal::Absent),
        }
    }

    /// Whether this folder itself may be removed once the source finds it empty.
    ///
    /// # Errors
    /// [`Refusal::NotEmpty`] while it shows mapped pictures.
    pub fn may_be_removed(&self) -> Result<(), Refusal> {
        if self.pictures.is_empty() && self.folders.is_empty() { Ok(()) } else { Err(Refusal::NotEmpty) }
    }
}
