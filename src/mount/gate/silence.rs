//! Which file systems do not answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Scope;

/// Whether a request may go to a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It answers, as far as is known.
    Free,
    /// It does not; this one finds out whether it does again.
    Trial,
    /// It does not.
    Refused,
}

/// See the module.
#[derive(Debug)]
pub struct Silence {
    /// How many there are: nearly always none, and then nothing is locked.
    count: AtomicUsize,
    scopes: Mutex<HashMap<Scope, Silent>>,
    /// How long after the beginning, and after each trial, the next request is let through.
    pause: Duration,
}

#[derive(Debug)]
struct Silent {
    since: Instant,
    tried: Instant,
}

impl Silence {
    /// Every file system answers. With that pause between trials.
    pub fn new(pause: Duration) -> Self {
        Self { count: AtomicUsize::new(0), scopes: Mutex::default(), pause }
    }

    /// A call on it, begun at `since`, does not return. Whether that is news.
    pub fn begin(&self, scope: Scope, since: Instant) -> bool {
        let mut scopes = self.scopes.lock();
        let is_new = !scopes.contains_key(&scope);
        scopes.entry(scope).or_insert_with(|| Silent { since, tried: Instant::now() });
        self.count.store(scopes.len(), Ordering::Release);
        is_new
    }

    /// A call on it has returned that was given up, or was to find out.
    pub fn end(&self, scope: Scope) {
        let mut scopes = self.scopes.lock();
        if let Some(silent) = scopes.remove(&scope) {
            self.count.store(scopes.len(), Ordering::Release);
            drop(scopes);
            let seconds = silent.since.elapsed().as_secs();
            tracing::warn!(scope = scope.0, seconds, "the source answers again");
        }
    }

    /// Whether a request may go there. `has_room` tells whether one may get lost.
    pub fn admit(&self, scope: Scope, has_room: impl FnOnce() -> bool) -> Admission {
        if self.count.load(Ordering::Acquire) == 0 {
            return Admission::Free;
        }
        let mut scopes = self.scopes.lock();
        let Some(silent) = scopes.get_mut(&scope) else { return Admission::Free };
        if silent.tried.elapsed() < self.pause || !has_room() {
            return Admission::Refused;
        }
        silent.tried = Instant::now();
        Admission::Trial
    }

    /// Whether it does not answer.
    pub fn is_silent(&self, scope: Scope) -> bool {
        self.count.load(Ordering::Acquire) > 0 && self.scopes.lock().contains_key(&scope)
    }

    /// Whether any does not.
    pub fn is_any(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// Those that do not, and for how long.
    pub fn list(&self) -> Vec<(Scope, Duration)> {
        let scopes = self.scopes.lock();
        let mut list: Vec<_> = scopes.iter().map(|(scope, silent)| (*scope, silent.since.elapsed())).collect();
        list.sort();
        list
    }
}
