//! What can go wrong while a tree is read.

use std::io;
use std::path::PathBuf;

/// Why a part of a media tree could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The root of the tree cannot be opened.
    #[error("cannot open the folder {}: {source}; is it mounted, and may this user read it?", path.display())]
    Root {
        /// The root.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something beneath the root cannot be read.
    #[error("cannot {doing} {}: {source}", path.display())]
    Read {
        /// What was tried: `list`, `open`, `look at`.
        doing: &'static str,
        /// The full path, for display.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Folders are nested too deeply to be a media tree.
    #[error("{} lies more than {depth_max} folders deep and is not read", path.display())]
    TooDeep {
        /// The full path, for display.
        path: PathBuf,
        /// The deepest level that is read.
        depth_max: usize,
    },
    /// A path does not lie beneath the root it was to be looked at in.
    #[error("{} does not lie beneath {}", path.display(), root.display())]
    Elsewhere {
        /// The path.
        path: PathBuf,
        /// The root.
        root: PathBuf,
    },
}

impl LibraryError {
    /// The full path that the error is about.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        match self {
            Self::Root { path, .. }
            | Self::Read { path, .. }
            | Self::TooDeep { path, .. }
            | Self::Elsewhere { path, .. } => path,
        }
    }

    /// Whether the thing is simply not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Root { source, .. } | Self::Read { source, .. } => {
                matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
            }
            Self::TooDeep { .. } | Self::Elsewhere { .. } => false,
        }
    }
}
