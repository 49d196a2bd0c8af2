//! Changes that need the catalog or the recycle bin, made one after the other by one thread.
//!
//! A request that turns out to need one (`Later`, see `errno`) is handed over with its reply, so that no thread that
//! serves requests ever waits for a writer of the catalog: only the program that asked for the change does, and no longer
//! than [`PATIENCE`].

use std::fmt;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::cache::Cache;
use crate::catalog::{Catalog, PATIENCE_BRIEF};
use crate::config::StateDir;
use crate::model::{Clock, Name, UnixSeconds};
use crate::phase::{PhaseError, keep_journal};
use crate::recycle::Recycle;
use crate::steps;

use super::errno::Result;

/// How long a change waits for another process that writes to the catalog, or for the intake; then it is refused
/// (`EAGAIN`).
pub const PATIENCE: Duration = PATIENCE_BRIEF;

/// The points between the steps of a change, for tests that cut the power there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The catalog says what is about to happen in the source.
    Noted,
    /// What was in the way is in the recycle bin.
    RoomMade,
    /// It has happened in the source.
    Done,
    /// The catalog has followed.
    Followed,
}

/// Everything that a change needs besides the view.
pub struct Changes {
    /// The catalog, for writing.
    pub catalog: Catalog,
    /// Where goes what is removed.
    pub recycle: Recycle,
    cache: Cache,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("catalog", &self.catalog).finish_non_exhaustive()
    }
}

impl Changes {
    /// Opens what changes need.
    ///
    /// # Errors
    /// When the catalog or the recycle bin cannot be opened for writing.
    pub fn open(state: &StateDir, clock: Arc<dyn Clock>) -> std::result::Result<Self, PhaseError> {
        let catalog = Catalog::open(&state.database())?;
        catalog.wait_briefly()?;
        let (recycle, cache) = (Recycle::open(&state.recycle())?, Cache::open(&state.cache())?);
        Ok(Self { catalog, recycle, cache, clock })
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> UnixSeconds {
        self.clock.now()
    }

    /// A step is done.
    pub fn reached(&self, step: Step) {
        steps::reached(match step {
            Step::Noted => "change.noted",
            Step::RoomMade => "change.room_made",
            Step::Done => "change.done",
            Step::Followed => "change.followed",
        });
    }

    /// Notes beside the cache what has been chosen. What fails is noted the next time.
    fn keep_journal(&mut self) {
        if let Err(error) = keep_journal(&mut self.catalog, &self.cache) {
            tracing::warn!(%error, "what was chosen could not be noted beside the cache yet");
        }
    }

    /// Moves a file of the source into the recycle bin. `path` is where it was, for the record.
    ///
    /// # Errors
    /// When it cannot be moved; it is then still there.
    pub fn discard(&self, folder: BorrowedFd<'_>, name: &Name, path: &Path, reason: &str) -> Result<()> {
        self.recycle.take(folder, name, path, reason, self.now())?;
        Ok(())
    }
}

/// Whose turn it is to change what is under a name: the thread that makes changes and the intake take turns, so that
/// neither meets the other half way. No thread that serves requests ever takes one, so it may be held over system calls
/// and the catalog.
#[derive(Debug, Default)]
pub struct Turn {
    is_taken: Mutex<bool>,
    is_given_back: Condvar,
}

/// It is the holder's turn until this is dropped.
#[derive(Debug)]
pub struct Turned<'a>(&'a Turn);

impl Turn {
    /// Waits for a turn.
    pub fn take(&self) -> Turned<'_> {
        self.is_given_back.wait_while(&mut self.is_taken.lock(), |is_taken| std::mem::replace(is_taken, true));
        Turned(self)
    }

    /// Gives the turn that the caller has to the other, until something is so, and takes it again. Whether it is so.
    pub fn pass_until(&self, is_so: impl Fn() -> bool, at_most: Duration) -> bool {
        if is_so() {
            return true;
        }
        let deadline = Instant::now() + at_most;
        let mut is_taken = self.is_taken.lock();
        *is_taken = false;
        self.is_given_back.notify_all();
        while !is_so() && !self.is_given_back.wait_until(&mut is_taken, deadline).timed_out() {}
        self.is_given_back.wait_while(&mut is_taken, |is_taken| std::mem::replace(is_taken, true));
        is_so()
    }
}

impl Drop for Turned<'_> {
    fn drop(&mut self) {
        *self.0.is_taken.lock() = false;
        self.0.is_given_back.notify_all();
    }
}

/// A change that waits for its turn.
type Job = Box<dyn FnOnce(&mut Changes) + Send>;

/// What the thread is told.
enum Task {
    Do(Job),
    End,
}

/// Where changes are handed in. When nothing can be changed, there is none to hand them to.
#[derive(Clone, Default)]
pub struct ChangeQueue(Option<Sender<Task>>);

impl fmt::Debug for ChangeQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ChangeQueue").field(&self.0.is_some()).finish()
    }
}

impl ChangeQueue {
    /// Hands in a change.
    ///
    /// # Errors
    /// When nothing can be changed; the change is dropped.
    pub fn submit(&self, job: impl FnOnce(&mut Changes) + Send + 'static) -> std::result::Result<(), Refused> {
        let Some(sender) = &self.0 else { return Err(Refused) };
        sender.send(Task::Do(Box::new(job))).map_err(|_| Refused)
    }

    /// No more changes are made than those that wait.
    pub fn end(&self) {
        if let Some(sender) = &self.0 {
            let _ = sender.send(Task::End);
        }
    }

    /// Whether changes can be made.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_some()
    }
}

/// Nothing can be changed.
#[derive(Debug, Clone, Copy)]
pub struct Refused;

/// The queue and its other end.
#[must_use]
pub fn change_queue() -> (ChangeQueue, ChangeReceiver) {
    let (sender, receiver) = channel();
    (ChangeQueue(Some(sender)), ChangeReceiver(receiver))
}

/// The other end of a [`ChangeQueue`].
pub struct ChangeReceiver(Receiver<Task>);

impl ChangeReceiver {
    /// Makes changes until told to end, in a thread of its own, each in a turn.
    ///
    /// # Errors
    /// When the thread cannot be made.
    pub fn start(self, mut changes: Changes, turn: Arc<Turn>) -> std::io::Result<JoinHandle<()>> {
        let body = move || {
            for task in self.0 {
                match task {
                    Task::Do(job) => {
                        let _turned = turn.take();
                        job(&mut changes);
                        changes.keep_journal();
                    }
                    Task::End => return,
                }
            }
        };
        super::threads::spawn("changes", body)
    }
}
