//! Who watches over a piece of work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::Holder;
use crate::phase::{NoProgress, Progress};

/// How far a job is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunningJob {
    /// Its number.
    pub id: i64,
    /// What it does.
    pub task: String,
    /// What is counted at present: `folders`, `items`, …
    pub noun: String,
    /// How many are done.
    pub done: u64,
    /// How many there are, where that is known.
    #[schema(required)]
    pub total: Option<u64>,
    /// Whom it waits for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub waits_for: Option<String>,
}

/// Watches over a piece of work.
pub trait Attendant: Sync {
    /// Is told how far a part of the work is, in `noun`s. What it answers to [`Progress::is_cancelled`] stops the part.
    fn progress(&self, noun: &'static str) -> Box<dyn Progress + '_>;

    /// Whether the work is to stop where it can.
    fn is_cancelled(&self) -> bool;

    /// Is told that the work cannot begin yet, as somebody else is doing the same.
    fn waits_for(&self, what: &'static str, holder: Holder);
}

/// Has a piece of work stopped, from another thread.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Stops it where it can be stopped.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it is to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// For work that nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Attendant for Nobody {
    fn progress(&self, _noun: &'static str) -> Box<dyn Progress + '_> {
        Box::new(NoProgress)
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn waits_for(&self, _what: &'static str, _holder: Holder) {}
}
