//! Walking over a tree, folder by folder.
//!
//! Memory is bounded by the depth: of each folder on the way down its listing is kept, and no more. Folders that cannot
//! be read are met as [`Visit::Problem`] and do not end the walk.

use std::collections::{BTreeMap, VecDeque};

use crate::model::{LibraryKind, Name, RelPath};

use super::layout::{
    Context, Descent, FolderListing, FolderVerdict, context_of, decide, descent, is_ignore_file, is_peeked,
};
use super::{DirEntry, EntryKind, FileStat, LibraryError, Source};

/// Nobody nests a media library as deeply as this; a tree that is deeper is a mistake or an attack.
const DEPTH_MAX: usize = 100;

/// How much of a file `.ignore` or `.plexignore` is looked at: one that is blank so far is blank.
const IGNORE_BYTES_MAX: u64 = 64 << 10;

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
        /// What the file system said of it before it was read.
        stat: &'a FileStat,
    },
    /// A folder of which nothing has changed, so that it was not read.
    Unchanged(RelPath),
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
    path: RelPath,
    /// `None` for a folder that was not read because it is unchanged.
    read: Option<ReadFolder>,
    /// The folders still to be visited, the next one last.
    remaining: Vec<Name>,
}

struct ReadFolder {
    listing: FolderListing,
    context: Context,
    verdict: FolderVerdict,
    stat: FileStat,
}

/// Asked of every folder before it is read: the folders in it that the walk goes into, if nothing of it has changed since
/// they were found. The context is not known in a folder whose parent was not read; it is then the same as it was.
pub type IsUnchanged<'a> = dyn FnMut(&RelPath, Option<&Context>) -> Option<Vec<Name>> + 'a;

impl<'a> Walk<'a> {
    /// A walk over the whole tree of a library, which has not begun.
    #[must_use]
    pub fn new(source: &'a Source, kind: LibraryKind) -> Self {
        Self { source, kind, frames: Vec::new(), pending: VecDeque::new(), has_begun: false }
    }

    /// The next folder or problem; `None` at the end. Folders that hold no items by their name or by an ignore marker
    /// are not met at all.
    pub fn next_visit(&mut self) -> Option<Visit<'_>> {
        self.next_visit_unless(&mut |_, _| None)
    }

    /// As [`Self::next_visit`]; folders that are unchanged are not read.
    pub fn next_visit_unless(&mut self, is_unchanged: &mut IsUnchanged<'_>) -> Option<Visit<'_>> {
        if let Some(problem) = self.pending.pop_front() {
            return Some(Visit::Problem(problem));
        }
        let path = self.next_path()?;
        if let Err(problem) = self.enter(path, is_unchanged) {
            return Some(Visit::Problem(problem));
        }
        let frame = self.frames.last()?;
        Some(match &frame.read {
            None => Visit::Unchanged(frame.path.clone()),
            Some(ReadFolder { listing, context, verdict, stat }) => Visit::Folder { listing, context, verdict, stat },
        })
    }

    fn next_path(&mut self) -> Option<RelPath> {
        if !self.has_begun {
            self.has_begun = true;
            return Some(RelPath::root());
        }
        while let Some(frame) = self.frames.last_mut() {
            match frame.remaining.pop() {
                Some(name) => return Some(frame.path.join(&name)),
                None => drop(self.frames.pop()),
            }
        }
        None
    }

    fn enter(&mut self, path: RelPath, is_unchanged: &mut IsUnchanged<'_>) -> Result<(), Problem> {
        if self.frames.len() > DEPTH_MAX {
            let error = LibraryError::TooDeep { path: self.source.display_path(&path), depth_max: DEPTH_MAX };
            return Err(Problem { path, error });
        }
        let (context, known) = self.handed_down(&path);
        let (read, mut remaining) = match is_unchanged(&path, context.as_ref()) {
            Some(children) => (None, children),
            None => {
                let read = self.read(&path, context, known).map_err(|error| Problem { path: path.clone(), error })?;
                let remaining = entered(self.kind, &read.listing, &read.verdict);
                (Some(read), remaining)
            }
        };
        remaining.reverse();
        self.frames.push(Frame { path, read, remaining });
        Ok(())
    }

    fn read(
        &mut self,
        path: &RelPath,
        context: Option<Context>,
        known: Option<Vec<DirEntry>>,
    ) -> Result<ReadFolder, LibraryError> {
        let context = match context {
            Some(context) => context,
            None => context_at(self.source, self.kind, path)?,
        };
        let stat = self.source.stat(path)?;
        let (listing, problems) = read_folder(self.source, self.kind, path, known)?;
        self.pending.extend(problems);
        let verdict = decide(&listing, &context);
        Ok(ReadFolder { listing, context, verdict, stat })
    }

    /// What the folder above tells of a folder: its context, and its entries where these were looked at already.
    fn handed_down(&mut self, path: &RelPath) -> (Option<Context>, Option<Vec<DirEntry>>) {
        let (Some(frame), Some(name)) = (self.frames.last_mut(), path.name()) else {
            return (Some(Context::root(self.kind)), None);
        };
        let Some(read) = &mut frame.read else { return (None, None) };
        let context = context_of(&read.listing, self.kind, &read.verdict, &name);
        (Some(context), read.listing.peeked.remove(&name))
    }
}

/// The folders that a walk goes into, in the order of their names.
#[must_use]
pub fn entered(kind: LibraryKind, listing: &FolderListing, verdict: &FolderVerdict) -> Vec<Name> {
    let is_entered = |name: &&Name| !verdict.is_closed && descent(listing, kind, verdict, name) == Descent::Enter;
    listing.folders().filter(is_entered).cloned().collect()
}

/// The context of a folder, from the root down.
fn context_at(source: &Source, kind: LibraryKind, path: &RelPath) -> Result<Context, LibraryError> {
    let mut context = Context::root(kind);
    let mut folder = RelPath::root();
    for name in path.components() {
        let (listing, _) = read_folder(source, kind, &folder, None)?;
        let verdict = decide(&listing, &context);
        context = context_of(&listing, kind, &verdict, &name);
        folder = folder.join(&name);
    }
    Ok(context)
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
    let is_ignore_file = |entry: &&DirEntry| entry.kind == EntryKind::File && is_ignore_file(&entry.name);
    let ignore_files: Vec<Name> =
        listing.entries.iter().filter(is_ignore_file).map(|entry| entry.name.clone()).collect();
    for name in ignore_files {
        match source.read_start(&path.join(&name), IGNORE_BYTES_MAX) {
            Ok(bytes) if name.as_bytes() == b".ignore" && bytes.trim_ascii().is_empty() => {
                listing.has_blank_ignore_file = true;
            }
            Ok(bytes) => {
                listing.ignore_text.push_str(&String::from_utf8_lossy(&bytes));
                listing.ignore_text.push('\n');
            }
            Err(error) => problems.push(Problem { path: path.join(&name), error }),
        }
    }
    Ok((listing, problems))
}

#[cfg(test)]
mod tests;
