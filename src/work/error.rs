//! What can go wrong with a piece of work.

use std::io;

use crate::cache::CacheError;
use crate::catalog::CatalogError;
use crate::config::StateError;
use crate::mount::MountError;
use crate::phase::PhaseError;
use crate::player::PlayerError;
use crate::provider::ProviderError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// There is no state folder.
    #[error(transparent)]
    State(#[from] StateError),
    /// The catalog failed.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The cache failed.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The source cannot be reached.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// A provider cannot be used.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The phase failed.
    #[error(transparent)]
    Phase(#[from] PhaseError),
    /// A player is off, or does not take what it is told.
    #[error("{player} was not told: {why}")]
    NotTold {
        /// Its word in the configuration.
        player: String,
        /// Why.
        why: String,
        /// Whether it may take it a while later.
        may_pass: bool,
    },
    /// A player cannot be reached as it is configured.
    #[error(transparent)]
    Player(#[from] PlayerError),
    /// What keeps others off cannot be taken.
    #[error("cannot take the lock for `{what}` in {}: {source}", run.display())]
    Lock {
        /// What is to be done.
        what: &'static str,
        /// The folder of the locks.
        run: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl WorkError {
    /// Whether it was stopped because somebody wanted that.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Phase(PhaseError::Stopped))
    }

    /// Whether the same may succeed a while later without anybody doing something about it.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NotTold { may_pass, .. } => *may_pass,
            Self::Player(error) => error.may_pass(),
            _ => true,
        }
    }
}
