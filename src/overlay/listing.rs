//! The listing of a folder: every name exactly once, also while things change.
//!
//! A reader comes back with the offset of the last entry it saw, in between anything may have been published, made or
//! removed, and the reader may have been told nothing of it. So offsets are not positions: an entry's offset is a hash
//! of its name, entries come in the order of their hashes, and "go on after offset X" means the same in every version
//! of the folder. What was there all the time is listed once, whatever else happened.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::model::Name;

use super::folder::{Folder, Seen};

/// Offsets 0 to 2 are the beginning, `.` and `..`; hashes lie above.
const OFFSET_FIRST: u64 = 3;
/// Offsets stay positive as signed 64-bit numbers: `seekdir` takes no others.
const OFFSET_BITS: u32 = 62;

/// One entry of the merged listing.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Where to go on after this entry. Never 0, 1 or 2.
    pub offset: u64,
    /// Its name. What it means may be another thing by the time that it is told.
    pub name: Name,
}

/// The merged listing of a folder, in the order of offsets.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    entries: Vec<Listed>,
}

impl Listing {
    /// Merges what the source has with what the mappings make of the folder.
    #[must_use]
    pub fn merge(source: Vec<Name>, folder: Option<&Folder>) -> Self {
        let mut entries = Vec::with_capacity(source.len());
        let mut folders_of_source = Vec::new();
        for name in source {
            match folder.map_or(Seen::Source, |folder| folder.at(&name)) {
                Seen::Source => {}
                // Also when the source has a file of that name: what the source has is shown.
                Seen::SourceOrFolder(_) => folders_of_source.push(name.clone()),
                Seen::Picture(_) | Seen::Written(_) | Seen::Hidden | Seen::Removed(_) => continue,
            }
            entries.push(listed(name));
        }
        if let Some(folder) = folder {
            entries.extend(folder.held_names().map(|name| listed(name.clone())));
            let missing = folder.folders().filter(|shown| !folders_of_source.contains(&shown.name));
            entries.extend(missing.map(|shown| listed(shown.name.clone())));
        }
        entries.sort_unstable_by(|a, b| (a.offset, &a.name).cmp(&(b.offset, &b.name)));
        Self { entries }
    }

    /// The entries behind `offset`; all of them behind 0, 1 and 2.
    #[must_use]
    pub fn after(&self, offset: u64) -> &[Listed] {
        let start = self.entries.partition_point(|entry| entry.offset <= offset);
        &self.entries[start..]
    }
}

fn listed(name: Name) -> Listed {
    Listed { offset: offset_of(&name), name }
}

fn offset_of(name: &Name) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.as_bytes().hash(&mut hasher);
    (hasher.finish() >> (64 - OFFSET_BITS)).max(OFFSET_FIRST)
}
