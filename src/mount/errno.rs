//! The one place where what went wrong becomes the number that a program gets.

use rustix::io::Errno;

use crate::cache::CacheError;
use crate::catalog::CatalogError;
use crate::overlay::Refusal;
use crate::phase::PhaseError;
use crate::recycle::RecycleError;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The source's own answer, passed on unchanged.
    #[error(transparent)]
    Source(#[from] Errno),
    /// The view refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The catalog cannot be read.
    #[error("cannot read the catalog: {0}")]
    Catalog(#[from] CatalogError),
    /// A picture that should be in the cache cannot be opened.
    #[error("cannot open the cached picture: {0}")]
    Cache(#[from] CacheError),
    /// What is in the way cannot be moved to the recycle bin.
    #[error(transparent)]
    Recycle(#[from] RecycleError),
    /// The catalog cannot follow a rename.
    #[error("the catalog does not follow a rename yet: {0}")]
    Phase(#[from] PhaseError),
    /// It needs the catalog or the recycle bin: to be done by the thread that makes changes. No program ever sees it.
    #[error("the change is not made by this thread")]
    Later,
}

/// What a request answers.
pub type Result<T> = std::result::Result<T, RequestError>;

impl RequestError {
    /// The number for the program that asked.
    #[must_use]
    pub fn errno(&self) -> Errno {
        match self {
            Self::Source(errno) => *errno,
            Self::Refused(Refusal::ReadOnly) => Errno::ROFS,
            Self::Refused(Refusal::Absent) => Errno::NOENT,
            Self::Refused(Refusal::NotEmpty) => Errno::NOTEMPTY,
            Self::Refused(Refusal::Exists) => Errno::EXIST,
            Self::Refused(Refusal::AnotherFileSystem) => Errno::XDEV,
            Self::Refused(Refusal::Unsupported) => Errno::OPNOTSUPP,
            // Somebody publishes a great deal; it can be tried again.
            Self::Catalog(CatalogError::Busy { .. }) => Errno::AGAIN,
            Self::Recycle(RecycleError::Full { .. }) => Errno::NOSPC,
            Self::Recycle(RecycleError::Changed { .. }) => Errno::BUSY,
            Self::Recycle(RecycleError::NotAFile { .. }) => Errno::NOTEMPTY,
            // Nothing the caller did: the state of posterfs itself is out of order.
            Self::Catalog(_) | Self::Cache(_) | Self::Recycle(_) | Self::Phase(_) => Errno::IO,
            // Where nothing can be changed, what the mappings show is read-only.
            Self::Later => Errno::ROFS,
        }
    }

    /// Whether it is worth a line in the log: an errno of the source or a refusal is daily bread.
    #[must_use]
    pub fn is_our_fault(&self) -> bool {
        match self {
            Self::Source(_) | Self::Refused(_) | Self::Later => false,
            Self::Catalog(_) | Self::Cache(_) | Self::Recycle(_) | Self::Phase(_) => true,
        }
    }
}
