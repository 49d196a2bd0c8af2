//! Walking over a tree, folder by folder.
//!
//! Memory is bounded by the depth: of each folder on the way down its listing is kept, and no more. Folders that cannot
//! be read are met as [`Visit::Problem`] and do not end the walk.

use std::collections::{BTreeMap, VecDeque};

use crate::model::{LibraryKind, Name, RelPath};

use super::layout::{Context, Descent, FolderListing, FolderVerdict, context_of, decide, descent, is_peeked};
use super::{DirEntry, EntryKind, LibraryError, Source};

/// Nobody nests a media library as deeply as this; a tree that is deeper is a mistake or an attack.
const DEPTH_MAX: usize = 100;

/// How much of a file `.ignore` is looked at: one that is blank so far is blank.
const IGNORE_BYTES_MAX: u64 = 4096;

/// A walk over all folders that may hold items, depth first, in the order of their names.
pub struct Walk<'a> {
    source: &'a Source,
    kind: LibraryKind,
    /// The folders from the root down to the present one.
    frames: Vec<Frame>,
    /// What is reported before the walk goes on.
    pending: VecDeque<Problem>,
    has_begun: bool,
}

/// What a walk meets.
#[derive(Debug)]
pub enum Visit<'a> {
    /// A folder that was read.
    Folder {
        /// Its listing.
        listing: &'a FolderListing,
        /// What lies above it.
        context: &'a Context,
        /// What is in it.
        verdict: &'a FolderVerdict,
    },
    /// A folder, or a part of one, that could not be read. What lies beneath is unknown, not gone.
    Problem(Problem),
}

/// Something beneath the root that could not be read.
#[derive(Debug)]
pub struct Problem {
    /// Where it is.
    pub path: RelPath,
    /// What is wrong with it.
    pub error: LibraryError,
}

struct Frame {
    listing: FolderListing,
    context: Context,
    verdict: FolderVerdict,
    /// The folders still to be visited, the next one last.
    remaining: Vec<Name>,
}

impl<'a> Walk<'a> {
    /// A walk over the whole tree of a library, which has not begun.
    #[must_use]
    pub fn new(source: &'a Source, kind: LibraryKind) -> Self {
        Self { source, kind, frames: Vec::new(), pending: VecDeque::new(), has_begun: false }
    }

    /// The next folder or problem; `None` at the end. Folders that hold no items by their name or by an ignore marker
    /// are not met at all.
    pub fn next_visit(&mut self) -> Option<Visit<'_>> {
        if let Some(problem) = self.pending.pop_front() {
            return Some(Visit::Problem(problem));
        }
        let path = self.next_path()?;
        match self.enter(path) {
            Err(problem) => Some(Visit::Problem(problem)),
            Ok(()) => {
                let frame = self.frames.last()?;
                Some(Visit::Folder { listing: &frame.listing, context: &frame.context, verdict: &frame.verdict })
            }
        }
    }

    fn next_path(&mut self) -> Option<RelPath> {
        if !self.has_begun {
            self.has_begun = true;
            return Some(RelPath::root());
        }
        while let Some(frame) = self.frames.last_mut() {
            match frame.remaining.pop() {
                Some(name) => return Some(frame.listing.path.join(&name)),
                None => drop(self.frames.pop()),
            }
        }
        None
    }

    fn enter(&mut self, path: RelPath) -> Result<(), Problem> {
        if self.frames.len() > DEPTH_MAX {
            let error = LibraryError::TooDeep { path: self.source.display_path(&path), depth_max: DEPTH_MAX };
            return Err(Problem { path, error });
        }
        let (context, known) = self.handed_down(&path);
        let (listing, problems) = match read_folder(self.source, self.kind, &path, known) {
            Ok(read) => read,
            Err(error) => return Err(Problem { path, error }),
        };
        self.pending.extend(problems);
        let verdict = decide(&listing, &context);
        let mut remaining = Vec::new();
        if !verdict.is_closed {
            let is_entered = |name: &&Name| descent(&listing, self.kind, &verdict, name) == Descent::Enter;
            remaining.extend(listing.folders().filter(is_entered).cloned());
            remaining.reverse();
        }
        self.frames.push(Frame { listing, context, verdict, remaining });
        Ok(())
    }

    /// What the folder above tells of a folder: its context, and its entries where these were looked at already.
    fn handed_down(&mut self, path: &RelPath) -> (Context, Option<Vec<DirEntry>>) {
        let (Some(frame), Some(name)) = (self.frames.last_mut(), path.name()) else {
            return (Context::root(self.kind), None);
        };
        let context = context_of(&frame.listing, self.kind, &frame.verdict, &name);
        (context, frame.listing.peeked.remove(&name))
    }
}

/// Reads a folder with everything that decides what is in it; its entries need not be read where they are `known`. Parts
/// of it that cannot be read are problems of their own.
///
/// # Errors
/// When the folder itself cannot be listed.
pub(super) fn read_folder(
    source: &Source,
    kind: LibraryKind,
    path: &RelPath,
    known: Option<Vec<DirEntry>>,
) -> Result<(FolderListing, Vec<Problem>), LibraryError> {
    let entries = known.map_or_else(|| source.list(path), Ok)?;
    let mut listing = FolderListing { path: path.clone(), entries, ..FolderListing::default() };
    let mut problems = Vec::new();
    let mut peeked = BTreeMap::new();
    for name in listing.folders().filter(|name| is_peeked(kind, path, name)) {
        match source.list(&path.join(name)) {
            Ok(entries) => drop(peeked.insert(name.clone(), entries)),
            Err(error) => problems.push(Problem { path: path.join(name), error }),
        }
    }
    listing.peeked = peeked;
    let ignore_file = listing.entries.iter().find(|e| e.kind == EntryKind::File && e.name.as_bytes() == b".ignore");
    if let Some(name) = ignore_file.map(|entry| path.join(&entry.name)) {
        match source.read_start(&name, IGNORE_BYTES_MAX) {
            Ok(bytes) => listing.has_blank_ignore_file = bytes.trim_ascii().is_empty(),
            Err(error) => problems.push(Problem { path: name, error }),
        }
    }
    Ok((listing, problems))
}

#[cfg(test)]
mod tests;
