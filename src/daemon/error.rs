//! Why the daemon cannot start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::catalog::CatalogError;
use crate::config::{ConfigError, ListenError, StateError};
use crate::control::Holder;
use crate::mount::MountError;

/// Why the daemon cannot start, or cannot go on with another configuration.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is no state folder.
    #[error(transparent)]
    State(#[from] StateError),
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// HTTP cannot be served as it is configured.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A mount is not understood.
    #[error("[[mount]] {}: {source}", mountpoint.display())]
    Mount {
        /// Where it is.
        mountpoint: PathBuf,
        /// What is wrong.
        source: Box<MountError>,
    },
    /// Another daemon has the state folder.
    #[error(
        "posterfs serve is already running on {} ({holder}); end it first, or give this one another state folder (--state)",
        state.display()
    )]
    Running {
        /// The state folder.
        state: PathBuf,
        /// Who has it.
        holder: Holder,
    },
    /// The lock of the state folder cannot be taken.
    #[error("cannot lock the state folder {}: {source}", state.display())]
    Lock {
        /// The state folder.
        state: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else listens there.
    #[error("cannot listen on {address}: {source}; choose another address in [http] listen")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The log level is none.
    #[error("`{0}` is no log level: error, warn, info, debug or trace, also by part (info,posterfs::provider=debug)")]
    Level(String),
    /// A thread, socket or signal handler could not be made.
    #[error("cannot start {what}: {source}")]
    Start {
        /// What.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}
