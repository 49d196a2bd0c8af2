//! The threads through which programs change what posterfs shows: changes, intake, grace.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use crate::cache::Cache;
use crate::catalog::Catalog;
use crate::config::StateDir;
use crate::control::mounts_besides;
use crate::model::{Clock, SystemClock};
use crate::phase::PhaseError;

use super::changes::{ChangeQueue, Changes, change_queue};
use super::intake::Intake;
use super::options::MountOptions;
use super::recover::recover;
use super::ticker::{Ticker, Ticks, ticker};
use super::view::View;
use super::written::{Arrival, Written};

/// The ends that the threads will hold, before there is a view.
#[derive(Debug)]
pub struct WriterEnds {
    arrivals: Receiver<Arrival>,
    ticks: Ticks,
}

/// The threads; they end when this is dropped.
pub struct Writers {
    queue: ChangeQueue,
    end: Box<dyn Fn() + Send + Sync>,
    threads: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Writers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writers").field("queue", &self.queue).finish_non_exhaustive()
    }
}

/// What a view needs of the threads, and what they need of it.
#[must_use]
pub fn writer_ends() -> (Written, Ticker, WriterEnds) {
    let (sender, arrivals) = channel();
    let (ticker, ticks) = ticker();
    (Written::new(sender), ticker, WriterEnds { arrivals, ticks })
}

impl Writers {
    /// Makes good what a killed mount left, and starts the threads. Where the state cannot be written, or the mount is
    /// read-only, what the mappings show cannot be changed, and nothing is started for it.
    ///
    /// # Errors
    /// When a thread cannot be made.
    pub fn start<B: Send + Sync + 'static>(
        ends: WriterEnds,
        view: &Arc<View<B>>,
        state: &StateDir,
        options: &MountOptions,
    ) -> std::io::Result<Self> {
        let mut threads = vec![ends.ticks.start(Arc::clone(view))?];
        let mut queue = ChangeQueue::default();
        // A view of its own has other rows than those that are published.
        let is_fixed = options.is_read_only() || options.shows.is_some();
        match if is_fixed { None } else { Some(open(view, state, options)) } {
            None => {}
            Some(Err(error)) => {
                tracing::warn!(%error, "the state cannot be written: what posterfs shows cannot be changed");
            }
            Some(Ok((changes, intake))) => {
                let (open_queue, receiver) = change_queue();
                threads.push(receiver.start(changes, view.turn())?);
                threads.push(intake.start(ends.arrivals, Arc::clone(view))?);
                view.hand_changes_to(open_queue.clone());
                queue = open_queue;
            }
        }
        let view = Arc::downgrade(view);
        let end = move || {
            if let Some(view) = view.upgrade() {
                view.end_writers();
            }
        };
        Ok(Self { queue, end: Box::new(end), threads })
    }

    /// Where changes are handed in.
    #[must_use]
    pub fn queue(&self) -> ChangeQueue {
        self.queue.clone()
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.queue.end();
        (self.end)();
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

fn open<B>(view: &View<B>, state: &StateDir, options: &MountOptions) -> Result<(Changes, Intake), PhaseError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut changes = Changes::open(state, Arc::clone(&clock))?;
    let others = mounts_besides(&state.run(), Some(&options.mountpoint));
    let others: Vec<u32> = others.iter().map(|mount| mount.pid).filter(|pid| *pid != std::process::id()).collect();
    recover(view, &mut changes.catalog, clock.now(), |pid| others.contains(&pid))?;
    let (catalog, cache) = (Catalog::open(&state.database())?, Cache::open(&state.cache())?);
    Ok((changes, Intake::new(catalog, cache, options.limits, clock)))
}
