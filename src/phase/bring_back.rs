//! Bringing back what is in the recycle bin: to where it was, or into a folder that the user names.
//!
//! A record says where a file was. It is followed beneath the root of a library or of the cache only: who can plant a
//! record in the bin must not be able to have a file written elsewhere.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::AtFlags;

use crate::cache::Cache;
use crate::catalog::{Catalog, Library, PublishMode};
use crate::model::{ContentHash, RelPath, UnixSeconds};
use crate::recycle::{Entry, Recycle, RecycleError};

use super::PhaseError;
use super::beneath::{self, Entered};

/// Where an entry of the bin was.
#[derive(Debug, Clone, PartialEq)]
pub enum Whereabouts {
    /// In a library, at that path.
    Library(Library, RelPath),
    /// In the cache, at that path.
    Cache(RelPath),
}

/// How entries come back.
#[derive(Debug, Clone, Copy)]
pub struct BringBack<'a> {
    /// The bin.
    pub recycle: &'a Recycle,
    /// What is in the way goes to the bin itself.
    pub replaces: bool,
    /// Whether it is only to be told what would be.
    pub mode: PublishMode,
    /// The present time.
    pub now: UnixSeconds,
}

/// An entry that is back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroughtBack {
    /// Where it is.
    pub place: PathBuf,
    /// Whether something was in the way, and is in the bin now.
    pub has_replaced: bool,
}

/// Where an entry was.
///
/// # Errors
/// When that is in no library and not in the cache, its path is no plain one, or the catalog cannot be read.
pub fn whereabouts(catalog: &Catalog, cache_root: &Path, entry: &Entry) -> Result<Whereabouts, PhaseError> {
    let refused = || PhaseError::NoPlaceToBringBack { id: entry.id.clone(), origin: entry.origin.clone() };
    let beneath = |root: &Path| {
        let below = entry.origin.strip_prefix(root).ok()?;
        RelPath::parse(below.as_os_str().as_bytes()).ok().filter(|path| !path.is_root())
    };
    for library in catalog.libraries()? {
        if let Some(path) = beneath(&library.path) {
            return Ok(Whereabouts::Library(library, path));
        }
    }
    beneath(cache_root).map(Whereabouts::Cache).ok_or_else(refused)
}

impl BringBack<'_> {
    /// Brings an entry back to `path` beneath `root`, which is a folder that is held open and shown as `shown_as`. Folders
    /// on the way are made.
    ///
    /// # Errors
    /// When something has the name and is not to be replaced, or is no file; when a link is on the way; when the file
    /// cannot be moved. Then it is still in the bin.
    pub fn bring(
        &self,
        entry: &Entry,
        root: BorrowedFd<'_>,
        shown_as: &Path,
        path: &RelPath,
    ) -> Result<BroughtBack, PhaseError> {
        let place = shown_as.join(path.as_path());
        let failed = |source| RecycleError::Restore { id: entry.id.clone(), place: place.clone(), source };
        let (folder, name) = path.split_last().ok_or_else(|| failed(std::io::ErrorKind::IsADirectory.into()))?;
        let entered = beneath::enter(root, &folder).map_err(failed)?;
        let is_taken = match &entered {
            Entered::Whole(folder) => rustix::fs::statat(folder, name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW).is_ok(),
            Entered::Part(..) => false,
        };
        if is_taken && !self.replaces {
            return Err(RecycleError::Taken { place }.into());
        }
        if self.mode == PublishMode::Apply {
            let folder = match entered {
                Entered::Whole(folder) => folder,
                Entered::Part(above, missing) => beneath::make(above, missing).map_err(failed)?,
            };
            let _alone = self.recycle.alone_with(entry)?;
            if is_taken {
                let reason = format!("replaced by bringing {} back", entry.id);
                self.recycle.take(folder.as_fd(), &name, &place, &reason, self.now)?;
            }
            self.recycle.restore(entry, folder.as_fd(), &name, &place)?;
        }
        Ok(BroughtBack { place, has_replaced: is_taken })
    }
}

/// The name of an entry, for a folder of the user's.
///
/// # Errors
/// When its record has no path with a name.
pub fn name_of(entry: &Entry) -> Result<RelPath, PhaseError> {
    let name = entry.origin.file_name().and_then(|name| RelPath::parse(name.as_bytes()).ok());
    name.ok_or_else(|| PhaseError::NoPlaceToBringBack { id: entry.id.clone(), origin: entry.origin.clone() })
}

/// The entries that a word names: one by its id; or those of a path, of each file below it the one that was removed last.
#[must_use]
pub fn entries_named<'a>(entries: &'a [Entry], word: &Path, path: &Path) -> Vec<&'a Entry> {
    if let Some(entry) = entries.iter().find(|entry| Path::new(&entry.id) == word) {
        return vec![entry];
    }
    let is_last = |at: usize, entry: &Entry| !entries[at + 1..].iter().any(|later| later.origin == entry.origin);
    let beneath = entries.iter().enumerate().filter(|(_, entry)| entry.origin.starts_with(path));
    beneath.filter(|(at, entry)| is_last(*at, entry)).map(|(_, entry)| entry).collect()
}

/// Of what was removed of the cache with these entries, the records of pictures: they come back with them.
#[must_use]
pub fn records_of(chosen: &[Entry], entries: &[Entry], cache_root: &Path) -> Vec<Entry> {
    let place = |picture: &Entry| {
        let below = picture.origin.strip_prefix(cache_root).ok()?;
        let hash: ContentHash = below.file_stem()?.to_str()?.parse().ok()?;
        Some(cache_root.join(Cache::records_path(&hash).as_path()))
    };
    let places: BTreeSet<PathBuf> = chosen.iter().filter_map(place).collect();
    let newest = |place: &PathBuf| entries.iter().rev().find(|entry| entry.origin == *place);
    places.iter().filter_map(newest).filter(|entry| !chosen.contains(entry)).cloned().collect()
}

#[cfg(test)]
mod tests;
