//! Where phases wait for the network.

use super::PhaseError;

/// A runtime for everything that waits for the network: one thread, and a few that decode pictures.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, PhaseError> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(threads.max(2) + 2)
        .build()
        .map_err(|source| PhaseError::Runtime { source })
}
