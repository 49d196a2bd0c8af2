//! One seat: which request sits there since when, in atomics alone, so that the thread that watches needs no lock.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Kind, Scope, Ticket};

/// Nobody sits there.
const FREE: u64 = 0;
/// Somebody is about to sit down or to get up: not to be given up.
const TAKEN: u64 = 1;
/// The request has been answered for whoever sits there.
const GIVEN_UP: u64 = 3;
/// What marks the number of a request, so that it is none of the above. The kernel's numbers are even, and never that high.
const REQUEST: u64 = 1 << 62;

/// See the module.
#[derive(Debug, Default)]
pub struct Seat {
    state: AtomicU64,
    since: AtomicU64,
    scope: AtomicU64,
    is_long: AtomicBool,
}

/// A request that sits, as it was a moment ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sitting {
    /// The request.
    pub unique: u64,
    /// Since when, in milliseconds of the gate.
    pub since: u64,
    /// On which file system.
    pub scope: Scope,
    /// Whether that may take long.
    pub is_long: bool,
}

impl Seat {
    /// Takes the seat, if it is free.
    pub fn take(&self) -> bool {
        self.state.compare_exchange(FREE, TAKEN, Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }

    /// The call begins.
    pub fn begin(&self, ticket: &Ticket, now: u64) {
        self.since.store(now, Ordering::Relaxed);
        self.scope.store(ticket.scope.0, Ordering::Relaxed);
        self.is_long.store(ticket.kind != Kind::Short, Ordering::Relaxed);
        // Whoever sees the number sees the rest.
        self.state.store(ticket.unique | REQUEST, Ordering::Release);
    }

    /// The call has returned; whether the request has not been given up.
    pub fn end(&self, unique: u64) -> bool {
        self.state.compare_exchange(unique | REQUEST, TAKEN, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Gives the seat back.
    pub fn leave(&self) {
        self.state.store(FREE, Ordering::SeqCst);
    }

    /// Who sits there waiting; `None` for who has been given up.
    pub fn sitting(&self) -> Option<Sitting> {
        let state = self.state.load(Ordering::Acquire);
        let unique = (state & REQUEST != 0).then_some(state & !REQUEST)?;
        Some(Sitting {
            unique,
            since: self.since.load(Ordering::Relaxed),
            scope: Scope(self.scope.load(Ordering::Relaxed)),
            is_long: self.is_long.load(Ordering::Relaxed),
        })
    }

    /// Gives the request up, if it still sits there. What was read of another one meanwhile does no harm then.
    pub fn give_up(&self, unique: u64) -> bool {
        self.state.compare_exchange(unique | REQUEST, GIVEN_UP, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Whether nobody sits there.
    pub fn is_free(&self) -> bool {
        self.state.load(Ordering::Relaxed) == FREE
    }

    /// Whether the request that sits there has been given up.
    pub fn is_given_up(&self) -> bool {
        self.state.load(Ordering::Acquire) == GIVEN_UP
    }

    /// The call goes to another file system now; which it was before.
    pub fn swap_scope(&self, scope: Scope) -> Scope {
        Scope(self.scope.swap(scope.0, Ordering::AcqRel))
    }
}
