//! How a phase tells how far it is.

use super::PhaseError;

/// Told by a phase how far it is. Calls come from one thread at a time.
pub trait Progress: Sync {
    /// The work begins; `total` is how many steps there will be, where that is known.
    fn start(&self, total: Option<u64>);

    /// There are so many more steps than were known in the beginning.
    fn extend(&self, _steps: u64) {}

    /// So many more steps are done, and what they did is kept whatever happens next.
    fn advance(&self, steps: u64);

    /// The work is over, done or failed.
    fn finish(&self);

    /// Whether the work is to stop at the next place where it can. It has then failed with [`PhaseError::Stopped`].
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Where a phase can stop: what it has done so far stays, and running it again goes on from there.
pub(super) fn may_stop(progress: &dyn Progress) -> Result<(), PhaseError> {
    if progress.is_cancelled() { Err(PhaseError::Stopped) } else { Ok(()) }
}

/// For those who do not look.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn start(&self, _total: Option<u64>) {}

    fn advance(&self, _steps: u64) {}

    fn finish(&self) {}
}
