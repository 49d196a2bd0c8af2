//! What the folders above say about a folder.

use super::IgnorePatterns;
use crate::model::{LibraryKind, MediaIdentity, Name, RelPath};

/// What a folder is judged by besides its own listing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Context {
    /// What the library holds.
    pub kind: LibraryKind,
    /// What the folder lies in.
    pub inside: Inside,
    /// The folders beside it, where they matter: the discs of a set that have lower numbers.
    pub has_earlier_disc: bool,
    /// The name of the folder above; `None` for the root and what lies directly in it.
    pub above: Option<Name>,
    /// Patterns of names to pass over, from the folders above, the nearest last.
    pub patterns: Vec<IgnorePatterns>,
}

/// What a folder lies in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Inside {
    /// In nothing: it is the root of the library, or only shelves are above it (`Anime`, `A-K`).
    #[default]
    Shelf,
    /// In a series.
    Series(SeriesPlace),
    /// In the folder of an artist.
    Artist {
        /// That folder.
        folder: RelPath,
        /// The name of the artist.
        name: String,
    },
}

/// Where in a series a folder lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SeriesPlace {
    /// The folder of the series.
    pub folder: RelPath,
    /// What its name tells.
    pub identity: MediaIdentity,
    /// The season whose folder it is, or lies in; 0 for specials.
    pub season: Option<u16>,
}

impl Context {
    /// The context of the root of a library.
    #[must_use]
    pub fn root(kind: LibraryKind) -> Self {
        Self { kind, inside: Inside::Shelf, has_earlier_disc: false, above: None, patterns: Vec::new() }
    }
}
