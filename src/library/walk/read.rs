//! One folder with everything that decides what is in it.

use std::collections::BTreeMap;

use crate::library::layout::{
    Context, Descent, FolderListing, FolderVerdict, context_of, decide, descent, is_ignore_file, is_peeked,
};
use crate::library::{DirEntry, EntryKind, FileStat, LibraryError, OpenFolder, Source};
use crate::model::{LibraryKind, Name, RelPath};

use super::Problem;

/// How much of a file `.ignore` or `.plexignore` is looked at: one that is blank so far is blank.
const IGNORE_BYTES_MAX: u64 = 64 << 10;

/// A folder that was read.
#[derive(Debug, Clone)]
pub struct ReadFolder {
    /// Its listing.
    pub listing: FolderListing,
    /// What lies above it.
    pub context: Context,
    /// What is in it.
    pub verdict: FolderVerdict,
    /// The folders in it that a walk goes into, in the order of their names.
    pub children: Vec<Name>,
    /// What the file system said of it before it was read.
    pub stat: FileStat,
}

impl ReadFolder {
    /// Reads a folder; the folders above need not be read where the context is known. Parts of it that cannot be read are
    /// problems of their own.
    pub(super) fn of(
        folder: &OpenFolder<'_>,
        kind: LibraryKind,
        context: Option<Context>,
    ) -> Result<(Self, Vec<Problem>), LibraryError> {
        let context = match context {
            Some(context) => context,
            None => context_at(folder.source(), kind, folder.path())?,
        };
        let stat = folder.stat()?;
        let (listing, problems) = read_folder(folder, kind)?;
        let verdict = decide(&listing, &context);
        let children = entered(kind, &listing, &verdict);
        Ok((Self { listing, context, verdict, children, stat }, problems))
    }
}

fn entered(kind: LibraryKind, listing: &FolderListing, verdict: &FolderVerdict) -> Vec<Name> {
    let is_entered = |name: &&Name| !verdict.is_closed && descent(listing, kind, verdict, name) == Descent::Enter;
    listing.folders().filter(is_entered).cloned().collect()
}

/// The context of a folder, from the root down.
fn context_at(source: &Source, kind: LibraryKind, path: &RelPath) -> Result<Context, LibraryError> {
    let mut context = Context::root(kind);
    let mut folder = RelPath::root();
    for name in path.components() {
        let (listing, _) = read_folder(&source.open_folder(&folder)?, kind)?;
        let verdict = decide(&listing, &context);
        context = context_of(&listing, kind, &verdict, &name);
        folder = folder.join(&name);
    }
    Ok(context)
}

/// Reads a folder with everything that decides what is in it. Parts of it that cannot be read are problems of their own.
///
/// # Errors
/// When the folder itself cannot be listed.
pub(in crate::library) fn read_folder(
    folder: &OpenFolder<'_>,
    kind: LibraryKind,
) -> Result<(FolderListing, Vec<Problem>), LibraryError> {
    let (source, path) = (folder.source(), folder.path());
    let mut listing = FolderListing { path: path.clone(), entries: folder.list()?, ..FolderListing::default() };
    let mut problems = Vec::new();
    let mut peeked = BTreeMap::new();
    for name in listing.folders().filter(|name| is_peeked(kind, path, name)) {
        match source.list(&path.join(name)) {
            Ok(entries) => drop(peeked.insert(name.clone(), entries)),
            Err(error) => problems.push(Problem { path: path.join(name), error }),
        }
    }
    listing.peeked = peeked;
    read_ignore_files(source, &mut listing, &mut problems);
    Ok((listing, problems))
}

fn read_ignore_files(source: &Source, listing: &mut FolderListing, problems: &mut Vec<Problem>) {
    let is_ignore_file = |entry: &&DirEntry| entry.kind == EntryKind::File && is_ignore_file(&entry.name);
    let ignore_files: Vec<Name> =
        listing.entries.iter().filter(is_ignore_file).map(|entry| entry.name.clone()).collect();
    for name in ignore_files {
        let path = listing.path.join(&name);
        match source.read_start(&path, IGNORE_BYTES_MAX) {
            Ok(bytes) if name.as_bytes() == b".ignore" && bytes.trim_ascii().is_empty() => {
                listing.has_blank_ignore_file = true;
            }
            Ok(bytes) => {
                listing.ignore_text.push_str(&String::from_utf8_lossy(&bytes));
                listing.ignore_text.push('\n');
            }
            Err(error) => problems.push(Problem { path, error }),
        }
    }
}
