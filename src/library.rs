//! Reading a media tree: what is where, and what it is. Nothing here writes, and nothing here knows the catalog.
//!
//! - [`Source`]: a tree held by a descriptor of its root; the only way to reach files of it.
//! - [`layout`]: pure decisions on names and listings.
//! - [`walk`](fn@walk): folder by folder with bounded memory, read ahead on a few threads ([`with_helpers`]).
//! - [`read_nfo`]: metadata files; [`write_nfo`]: documents that are made of what is known and of such a file.
//! - [`identify`](fn@identify): the same decisions for one path.

mod ahead;
mod error;
mod identify;
pub mod layout;
mod nfo;
mod source;
#[cfg(test)]
mod test_tree;
mod walk;

pub use ahead::{Helpers, Pending, with_helpers};
pub use error::LibraryError;
pub use identify::{Identified, IdentifiedKind, guessed_kind, identify, identify_below};
pub use layout::{AirDate, FolderListing, FoundItem, Rule, movies_in};
pub use nfo::{
    NFO_BYTES_MAX, Nfo, NfoActor, NfoArtwork, NfoBase, NfoEntry, NfoFacts, NfoField, NfoPicture, NfoProblem, NfoRoot,
    NfoSeason, parse_nfo, read_nfo, write_nfo,
};
pub use source::{DirEntry, EntryKind, FileStat, OpenFolder, Source};
pub use walk::{Ask, Problem, ReadFolder, Start, Survey, Visit, Walk, Way, walk, way_to};
