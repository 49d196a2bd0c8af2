//! The one place where what went wrong becomes the number that a program gets.

use rustix::io::Errno;

use crate::cache::CacheError;
use crate::catalog::CatalogError;
use crate::overlay::Refusal;

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
            // Nothing the caller did: the state of posterfs itself is out of order.
            Self::Catalog(_) | Self::Cache(_) => Errno::IO,
        }
    }

    /// Whether it is worth a line in the log: an errno of the source or a refusal is daily bread.
    #[must_use]
    pub fn is_our_fault(&self) -> bool {
        match self {
            Self::Source(_) | Self::Refused(_) => false,
            Self::Catalog(_) | Self::Cache(_) => true,
        }
    }
}
