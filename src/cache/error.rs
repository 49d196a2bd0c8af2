//! What can go wrong in the cache.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::probe::Refusal;

/// A failure of the cache. Nothing is half done when one is returned.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// What was to be taken in is no picture that can be kept.
    #[error("{origin} {refusal}")]
    Refused {
        /// The path or URL of it.
        origin: String,
        /// Why.
        refusal: Refusal,
    },
    /// What was to be taken in could not be read to its end.
    #[error("cannot read {origin}: {source}")]
    Source {
        /// The path or URL of it.
        origin: String,
        /// The cause.
        source: io::Error,
    },
    /// The file system of the cache is full, or a quota is.
    #[error("no space left to write {}; free some there, or use another state folder (--state)", path.display())]
    Full {
        /// What was being written.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The cache cannot be written.
    #[error(
        "cannot write {}: {source}; make the state folder writable, or use another one (--state)", path.display()
    )]
    NotWritable {
        /// What was to be written.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The cache was opened for reading only.
    #[error("the cache {} is open for reading only", root.display())]
    OpenForReading {
        /// The root of the cache.
        root: PathBuf,
    },
    /// A finished picture could not be renamed to its place.
    #[error(
        "the folders `assets` and `tmp` of {} lie on different file systems; move both onto one", root.display()
    )]
    TwoFileSystems {
        /// The root of the cache.
        root: PathBuf,
    },
    /// Any other failure of the file system.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was to be done, as a verb.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl CacheError {
    /// A failure to read something of the cache.
    pub(super) fn reading(path: &Path) -> impl FnOnce(Errno) -> Self + '_ {
        move |errno| Self::Io { action: "read", path: path.to_owned(), source: errno.into() }
    }

    /// A failure to change something in the cache, sorted by what the user has to do about it.
    pub(super) fn writing(path: &Path) -> impl FnOnce(Errno) -> Self + '_ {
        move |errno| {
            let (path, source) = (path.to_owned(), io::Error::from(errno));
            match errno {
                Errno::NOSPC | Errno::DQUOT => Self::Full { path, source },
                Errno::ROFS | Errno::ACCESS | Errno::PERM => Self::NotWritable { path, source },
                _ => Self::Io { action: "write", path, source },
            }
        }
    }

    pub(super) fn refused(origin: &dyn Display) -> impl FnOnce(Refusal) -> Self + '_ {
        move |refusal| Self::Refused { origin: origin.to_string(), refusal }
    }
}

/// The errno of a failure of the standard library.
pub(super) fn errno_of(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
