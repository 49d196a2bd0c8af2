//! Whoever asks for something that another process is doing waits for a turn, but not for long.

use std::time::{Duration, Instant};

use crate::control::Holder;
use crate::phase::{NoProgress, Progress};
use crate::work::Attendant;

/// How long a turn is waited for: shorter than an answer may take.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// The wait of one request.
pub(super) struct Turn(Instant);

impl Turn {
    /// Begins to wait now.
    pub(super) fn begin() -> Self {
        Self(Instant::now())
    }
}

impl Attendant for Turn {
    fn progress(&self, _noun: &'static str) -> Box<dyn Progress + '_> {
        Box::new(NoProgress)
    }

    fn is_cancelled(&self) -> bool {
        self.0.elapsed() > WAIT_MAX
    }

    fn waits_for(&self, what: &'static str, holder: Holder) {
        tracing::info!(what, %holder, "a request waits for somebody else to end");
    }
}
