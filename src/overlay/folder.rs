//! What the mappings make of one folder.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::{FolderMappings, HiddenOriginal, MappedPicture, Mask, SyntheticFolder};
use crate::model::{ContentHash, MappingId, Name, UnixSeconds};

/// The mappings, hidden originals and folders of mappings that concern one folder of the view. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Folder {
    known: Arc<Known>,
    moment: Arc<Moment>,
}

/// What the catalog says.
#[derive(Debug)]
struct Known {
    pictures: BTreeMap<Name, MappedPicture>,
    hidden: BTreeMap<Name, HiddenOriginal>,
    folders: BTreeMap<Name, SyntheticFolder>,
    changed_at: UnixSeconds,
}

/// What holds at this moment only, and is in no catalog.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// Names that look different for a while.
    pub names: BTreeMap<Name, Passing>,
    /// Pictures that are missing from the cache or damaged there.
    pub lost: BTreeSet<ContentHash>,
}

/// How a name looks for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passing {
    /// A program has removed what was shown, that mapping or a folder of mappings: nothing is there, whatever the source
    /// has, until another mapping is.
    Removed(Option<MappingId>),
    /// What the source has is seen in the place of that mapping: a program has made something there, or the picture is
    /// lost.
    Source(Option<MappingId>),
    /// A program has removed for good what was in that folder of mappings: it goes when it is removed itself.
    Emptied,
    /// A program has given that mapping another name in the folder: nothing is there, until something is made there.
    Left(MappingId),
}

/// What is seen under one name.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// Whatever the source has, if it has anything.
    Source,
    /// A mapped picture, whatever the source has.
    Picture(&'a MappedPicture),
    /// What the source has: a program's file in the place of that picture.
    Written(&'a MappedPicture),
    /// The folder of the source if it has one, else a folder of mappings.
    SourceOrFolder(&'a SyntheticFolder),
    /// Nothing: an original that a published picture hides.
    Hidden,
    /// Nothing: a program removed the picture (or the folder of mappings) that is shown there otherwise.
    Removed(Option<&'a MappedPicture>),
}

/// Why the view refuses a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The library's settings refuse it, or nothing can be written at present.
    #[error("what posterfs shows here is read-only")]
    ReadOnly,
    /// Nothing is seen under the name.
    #[error("there is nothing under this name")]
    Absent,
    /// Something is seen under the name.
    #[error("there is something under this name")]
    Exists,
    /// Something is shown in the folder, so it is not empty.
    #[error("the folder shows something")]
    NotEmpty,
    /// What the mappings show cannot be linked or moved there.
    #[error("what posterfs shows cannot be there")]
    AnotherFileSystem,
    /// What the mappings show cannot be changed like that.
    #[error("what posterfs shows has no such attributes")]
    Unsupported,
}

impl Seen<'_> {
    /// Whether both mean the same, as far as the mappings decide it.
    #[must_use]
    pub fn is_same(&self, other: &Seen<'_>) -> bool {
        match (self, other) {
            (Self::Picture(one), Seen::Picture(other)) => one.id == other.id,
            (Self::SourceOrFolder(one), Seen::SourceOrFolder(other)) => one.id == other.id,
            (Self::Written(one), Seen::Written(other)) => one.id == other.id,
            (Self::Source, Seen::Source) | (Self::Hidden | Self::Removed(_), Seen::Hidden | Seen::Removed(_)) => true,
            _ => false,
        }
    }
}

impl Folder {
    /// Arranges what the catalog knows of the folder.
    #[must_use]
    pub fn new(mappings: FolderMappings) -> Self {
        let known = Known {
            pictures: mappings.mapped.into_iter().map(|picture| (picture.name.clone(), picture)).collect(),
            hidden: mappings.hidden.into_iter().map(|original| (original.name.clone(), original)).collect(),
            folders: mappings.folders.into_iter().map(|folder| (folder.name.clone(), folder)).collect(),
            changed_at: mappings.changed_at,
        };
        Self { known: Arc::new(known), moment: Arc::default() }
    }

    /// The same folder as it looks at this moment.
    #[must_use]
    pub fn at_moment(&self, moment: Arc<Moment>) -> Self {
        Self { known: Arc::clone(&self.known), moment }
    }

    /// When its mappings changed last; the folder's own time in the view is never older.
    #[must_use]
    pub fn changed_at(&self) -> UnixSeconds {
        self.known.changed_at
    }

    /// What is seen under the name.
    #[must_use]
    pub fn at(&self, name: &Name) -> Seen<'_> {
        let picture = self.known.pictures.get(name);
        let passing = self.moment.names.get(name);
        match passing {
            Some(Passing::Removed(id)) if *id == picture.map(|picture| picture.id) => return Seen::Removed(picture),
            Some(Passing::Source(id)) if *id == picture.map(|picture| picture.id) => {
                return picture.map_or(Seen::Source, Seen::Written);
            }
            Some(Passing::Left(_)) if picture.is_none() => return Seen::Removed(None),
            Some(Passing::Removed(_) | Passing::Source(_) | Passing::Emptied | Passing::Left(_)) | None => {}
        }
        if let Some(picture) = picture {
            return match picture.mask {
                Mask::Shown if self.is_given_up(&picture.hash) => Seen::Source,
                Mask::Shown => Seen::Picture(picture),
                Mask::Written => Seen::Written(picture),
                Mask::Withdrawn => Seen::Removed(Some(picture)),
            };
        }
        match (self.known.hidden.get(name), self.known.folders.get(name)) {
            (Some(hidden), _) if self.moment.lost.contains(&hidden.by) => Seen::Source,
            (Some(_), _) => Seen::Hidden,
            (None, Some(folder)) if folder.is_emptied && passing != Some(&Passing::Emptied) => Seen::Source,
            (None, Some(folder)) => Seen::SourceOrFolder(folder),
            (None, None) => Seen::Source,
        }
    }

    /// Whether a picture is lost, and an original of this folder is shown instead of it.
    fn is_given_up(&self, hash: &ContentHash) -> bool {
        self.moment.lost.contains(hash) && self.known.hidden.values().any(|hidden| hidden.by == *hash)
    }

    /// The mapped pictures that are seen, by name.
    pub fn pictures(&self) -> impl Iterator<Item = &MappedPicture> {
        self.known.pictures.values().filter(|picture| matches!(self.at(&picture.name), Seen::Picture(_)))
    }

    /// The names under which a mapped picture is seen, or a program's file in its place. While that one is taken in, it may
    /// be gone from the source already and the picture be there again.
    pub fn held_names(&self) -> impl Iterator<Item = &Name> {
        let is_held = |name: &&Name| matches!(self.at(name), Seen::Picture(_) | Seen::Written(_));
        self.known.pictures.keys().filter(is_held)
    }

    /// The picture that a program has just given another name than this one, if it still has that.
    #[must_use]
    pub fn left(&self, name: &Name) -> Option<&MappedPicture> {
        let Some(Passing::Left(mapping)) = self.moment.names.get(name) else { return None };
        self.known.pictures.values().find(|picture| picture.id == *mapping)
    }

    /// The mapped picture of that name, also where it is not seen at present.
    #[must_use]
    pub fn mapped(&self, name: &Name) -> Option<&MappedPicture> {
        self.known.pictures.get(name)
    }

    /// The folders of mappings that are seen, by name.
    pub fn folders(&self) -> impl Iterator<Item = &SyntheticFolder> {
        self.known.folders.values().filter(|folder| matches!(self.at(&folder.name), Seen::SourceOrFolder(_)))
    }

    /// The folder of mappings of that name, also where it is not seen at present.
    #[must_use]
    pub fn folder_of_mappings(&self, name: &Name) -> Option<&SyntheticFolder> {
        self.known.folders.get(name)
    }

    /// Every name that the mappings have a say in: what to drop from caches when they change.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.known.pictures.keys().chain(self.known.hidden.keys()).chain(self.known.folders.keys())
    }

    /// Whether nothing of the source is to be seen under the name, though the source may have something there.
    #[must_use]
    pub fn conceals(&self, name: &Name) -> bool {
        matches!(self.at(name), Seen::Hidden | Seen::Removed(_) | Seen::Picture(_))
    }

    /// Whether this folder itself may be removed once the source finds it empty.
    ///
    /// # Errors
    /// [`Refusal::NotEmpty`] while it shows mapped pictures or folders.
    pub fn may_be_removed(&self) -> Result<(), Refusal> {
        let shows_something = self.pictures().next().is_some() || self.folders().next().is_some();
        if shows_something { Err(Refusal::NotEmpty) } else { Ok(()) }
    }
}
