//! What stops an export as a whole.

use std::io;
use std::path::PathBuf;

use super::ExportMode;

/// Why an export ended early. What it had written stays, and running it again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The target cannot be made or opened.
    #[error("cannot open the folder {} to export to: {source}", path.display())]
    Target {
        /// The target.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Another export writes to the same target.
    #[error("another export is writing to {}; wait until it is done", path.display())]
    Busy {
        /// The target.
        path: PathBuf,
    },
    /// The target is full.
    #[error("no space left to write {}; free some there and run the export again", path.display())]
    Full {
        /// What was being written.
        path: PathBuf,
    },
    /// The target cannot be written.
    #[error("cannot write {}: its file system is read-only; use `--to` with another folder", path.display())]
    ReadOnly {
        /// What was to be written.
        path: PathBuf,
    },
    /// The file systems cannot do what the mode needs.
    #[error(
        "cannot make a {mode} of a picture in {} at {}: {source}; use `--mode copy`", cache.display(), path.display()
    )]
    ModeImpossible {
        /// The mode.
        mode: ExportMode,
        /// The cache.
        cache: PathBuf,
        /// What was to be made.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Names that make a tree of their own cannot go into a library.
    #[error("the names of `{naming}` make a tree of their own; give its folder with `--to DIR`")]
    NoTree {
        /// The profile.
        naming: String,
    },
    /// A folder could not be made durable.
    #[error("cannot sync {}: {source}", path.display())]
    Sync {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// A word that names no mode of export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no way to export; there are copy, reflink, hardlink and symlink")]
pub struct ExportModeError(pub(super) String);
