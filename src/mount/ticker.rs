//! The thread that ends what holds for a while only: it brings back what programs removed, finds lost pictures, and
//! has looked at what no program came for.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::cache::StoredFormat;
use crate::model::ContentHash;

use super::program::LOG;
use super::view::View;

/// How often a lost picture is looked for.
const LOOK_FOR_LOST: Duration = Duration::from_secs(2);
/// How long the thread sleeps when there is nothing to wait for.
const IDLE: Duration = Duration::from_secs(3600);

/// What wakes the thread.
#[derive(Debug, Clone)]
pub struct Ticker(Sender<Tick>);

/// Why it wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tick {
    Changed,
    End,
}

/// The other end of a [`Ticker`].
#[derive(Debug)]
pub struct Ticks(Receiver<Tick>);

/// The two ends.
#[must_use]
pub fn ticker() -> (Ticker, Ticks) {
    let (sender, receiver) = channel();
    (Ticker(sender), Ticks(receiver))
}

impl Ticker {
    /// Something new holds for a while.
    pub fn wake(&self) {
        let _ = self.0.send(Tick::Changed);
    }

    /// The mount ends.
    pub fn end(&self) {
        let _ = self.0.send(Tick::End);
    }
}

impl Ticks {
    /// Begins to wait, until told to end.
    ///
    /// # Errors
    /// When the thread cannot be made.
    pub fn start<B: Send + Sync + 'static>(self, view: Arc<View<B>>) -> std::io::Result<JoinHandle<()>> {
        super::threads::spawn("grace", move || self.run(&view))
    }

    fn run<B>(&self, view: &View<B>) {
        loop {
            let now = Instant::now();
            let ends = view.moments().next_end(now).into_iter().chain(view.written().next_late(now));
            let until_next = ends.min().unwrap_or(IDLE);
            let wait = if view.moments().lost().is_empty() { until_next } else { until_next.min(LOOK_FOR_LOST) };
            match self.0.recv_timeout(wait) {
                Ok(Tick::Changed) | Err(RecvTimeoutError::Timeout) => tick(view),
                Ok(Tick::End) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

fn tick<B>(view: &View<B>) {
    view.written().look_late(Instant::now());
    for (key, name) in view.moments().take_ended(Instant::now()) {
        tracing::info!(target: LOG, path = %key.folder.join(&name), "what a program removed is shown again, if its folder is there");
        view.name_changed(&key, &[&name]);
    }
    for (hash, byte_count) in view.moments().lost() {
        if is_there(view, &hash, byte_count) {
            view.moments().find(&hash);
            view.everything_changed();
        }
    }
}

/// Whether the cache has the picture again, in its full length.
fn is_there<B>(view: &View<B>, hash: &ContentHash, byte_count: u64) -> bool {
    let is_whole = |file: std::fs::File| file.metadata().is_ok_and(|found| found.len() == byte_count);
    StoredFormat::ALL.iter().any(|format| view.cache().open_file(hash, *format).is_ok_and(is_whole))
}
