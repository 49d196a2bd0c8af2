//! The way to one folder: what the folders above say of it.

use crate::library::layout::{Context, Descent, context_of, decide, descent};
use crate::library::{LibraryError, Source};
use crate::model::{LibraryKind, RelPath};

use super::read_folder;

/// Where a walk begins.
#[derive(Debug, Clone)]
pub struct Start {
    /// The folder.
    pub path: RelPath,
    /// What lies above it.
    pub context: Context,
}

/// What becomes of a walk that is to look into one folder.
#[derive(Debug, Clone)]
pub enum Way {
    /// It begins there: at the folder, or above it where what is in it belongs to an item further up (a part of a disc).
    Begin(Start),
    /// Nothing is there, or no walk goes there.
    Nowhere,
}

impl Start {
    /// The root of a library of that kind.
    #[must_use]
    pub fn root(kind: LibraryKind) -> Self {
        Self { path: RelPath::root(), context: Context::root(kind) }
    }
}

/// The way to a folder, from the root down: a walk over the whole tree would come by it, or not come there.
///
/// # Errors
/// When a folder on the way is there and cannot be read.
pub fn way_to(source: &Source, kind: LibraryKind, folder: &RelPath) -> Result<Way, LibraryError> {
    let mut start = Start::root(kind);
    for name in folder.components() {
        let (listing, _) = match source.open_folder(&start.path).and_then(|folder| read_folder(&folder, kind)) {
            Err(error) if error.is_not_found() => return Ok(Way::Nowhere),
            read => read?,
        };
        if !listing.folders().any(|one| *one == name) {
            let is_file = listing.files().any(|one| *one == name);
            return Ok(if is_file { Way::Begin(start) } else { Way::Nowhere });
        }
        let verdict = decide(&listing, &start.context);
        match descent(&listing, kind, &verdict, &name) {
            Descent::Ignored(_) => return Ok(Way::Nowhere),
            _ if verdict.is_closed => return Ok(Way::Nowhere),
            Descent::Extras | Descent::Disc => return Ok(Way::Begin(start)),
            Descent::Enter => {
                let context = context_of(&listing, kind, &verdict, &name);
                start = Start { path: start.path.join(&name), context };
            }
        }
    }
    Ok(Way::Begin(start))
}
