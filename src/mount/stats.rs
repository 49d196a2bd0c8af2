//! What `status` and `doctor` tell of a mount.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::Serialize;

use super::operations::{OperationSnapshot, Operations};

/// Counters of one mount, raised by the requests.
#[derive(Debug, Default)]
pub struct Stats {
    /// Opens that the kernel serves by itself.
    pub passthrough_opens: AtomicU64,
    /// Opens that go through us.
    pub cached_opens: AtomicU64,
    /// Files that could not be passed through, each counted at its first open.
    pub passthrough_refusals: AtomicU64,
    /// Requests, by kind.
    pub operations: Operations,
    last_refusal: Mutex<Option<String>>,
    degraded: Mutex<Option<String>>,
}

/// The counters at one moment.
#[derive(Debug, Clone, Serialize)]
pub struct StatsSnapshot {
    /// Opens that the kernel serves by itself.
    pub passthrough_opens: u64,
    /// Opens that go through us.
    pub cached_opens: u64,
    /// Files that could not be passed through, each counted at its first open.
    pub passthrough_refusals: u64,
    /// Why the last of them was refused.
    pub last_refusal: Option<String>,
    /// Requests of all kinds.
    pub requests: u64,
    /// Those that were answered `EIO`, for a reason that lies with the source, the disk or us.
    pub failed: u64,
    /// Requests of each kind of which there were any.
    pub operations: BTreeMap<String, OperationSnapshot>,
    /// Why the mappings cannot be read at present; the source is shown alone meanwhile.
    pub degraded: Option<String>,
}

impl Stats {
    /// Adds one.
    pub fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A file could not be passed through.
    pub fn refuse_passthrough(&self, error: &std::io::Error) {
        Self::count(&self.passthrough_refusals);
        *self.last_refusal.lock() = Some(error.to_string());
    }

    /// The catalog cannot be read. Logged once, until it can.
    pub fn degrade(&self, error: &dyn std::error::Error) {
        let mut degraded = self.degraded.lock();
        if degraded.is_none() {
            tracing::error!(%error, "the catalog cannot be read: folders not read so far show the source alone");
        }
        *degraded = Some(error.to_string());
    }

    /// The catalog can be read again; whether it could not before.
    pub fn recover(&self) -> bool {
        self.degraded.lock().take().is_some()
    }

    /// Whether the catalog cannot be read.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.degraded.lock().is_some()
    }

    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> StatsSnapshot {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StatsSnapshot {
            passthrough_opens: load(&self.passthrough_opens),
            cached_opens: load(&self.cached_opens),
            passthrough_refusals: load(&self.passthrough_refusals),
            last_refusal: self.last_refusal.lock().clone(),
            requests: self.operations.total(),
            failed: self.operations.failed(),
            operations: self.operations.snapshot(),
            degraded: self.degraded.lock().clone(),
        }
    }
}
