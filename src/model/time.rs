//! Time as a value. Only [`SystemClock`] reads a clock; everything else is handed a time or a [`Clock`].

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::steps;

/// Seconds since 1970-01-01 00:00 UTC, negative before it. Publish times are whole seconds because players compare
/// them so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixSeconds(i64);

impl UnixSeconds {
    /// Wraps a number of seconds.
    #[must_use]
    pub fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The number of seconds.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a time comes from, so that tests can travel.
pub trait Clock: Send + Sync {
    /// The present time.
    fn now(&self) -> UnixSeconds;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> UnixSeconds {
        let seconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |s| -s),
        };
        UnixSeconds(seconds.saturating_add(steps::clock_ahead()))
    }
}
