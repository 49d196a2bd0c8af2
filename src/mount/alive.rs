//! Whether a mount answers: asked through the mount itself, as any program would.
//!
//! Who asks may have to wait for ever when nobody serves the mount any more and its device is still open. So a thread of
//! its own asks.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::nodes::{NodeId, ROOT};
use super::threads::spawn;

/// The extended attribute of a view's root that tells which process serves it. It takes neither source nor catalog, and
/// the kernel remembers no extended attributes: who reads it hears from that process.
pub const PROCESS: &str = "user.posterfs.process";
/// How often it is looked whether there is still somebody to answer.
const LOOK: Duration = Duration::from_millis(20);

/// Whether that attribute is asked for.
#[must_use]
pub fn is_process_asked(node: NodeId, name: &[u8]) -> bool {
    node == ROOT && name == PROCESS.as_bytes()
}

/// What the root of a view tells as [`PROCESS`].
#[must_use]
pub fn process() -> Vec<u8> {
    std::process::id().to_string().into_bytes()
}

/// Asks who serves a view, again and again in the life of a mount, for those who watch over it.
#[derive(Debug, Default)]
pub struct Pulse {
    is_asking: Arc<AtomicBool>,
}

impl Pulse {
    /// Whether this process answers through the mount within that time.
    ///
    /// # Errors
    /// `TimedOut` when it does not, also while the question before has no answer yet; else what the kernel says.
    pub fn feel(&self, mountpoint: &Path, at_most: Duration) -> io::Result<()> {
        if self.is_asking.swap(true, Ordering::AcqRel) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the mount still does not answer"));
        }
        let (is_asking, path) = (Arc::clone(&self.is_asking), mountpoint.to_owned());
        let question = move || {
            let mut value = [0; 32];
            let told = rustix::fs::getxattr(&path, PROCESS, &mut value).map(|length| value[..length].to_owned());
            is_asking.store(false, Ordering::Release);
            Ok(told?)
        };
        let asked = ask(at_most, || true, question);
        if matches!(&asked, Err(Unanswered::Unasked(_))) {
            self.is_asking.store(false, Ordering::Release);
        }
        match asked {
            Ok(told) if told == process() => Ok(()),
            Ok(_) => Err(io::Error::other("another process serves the mount")),
            Err(unanswered) => Err(unanswered.into()),
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// There was no thread to ask.
    Unasked(io::Error),
    /// Nobody serves the mount.
    Unserved,
    /// Not within the time.
    Late,
    /// The answer was an error.
    Failed(io::Error),
}

impl From<Unanswered> for io::Error {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Unasked(error) | Unanswered::Failed(error) => error,
            Unanswered::Unserved => Self::new(io::ErrorKind::NotConnected, "its threads have ended"),
            Unanswered::Late => Self::new(io::ErrorKind::TimedOut, "the mount does not answer"),
        }
    }
}

/// Has a thread ask, and waits for the answer, at most that long and no longer than somebody serves.
///
/// # Errors
/// See [`Unanswered`].
pub fn ask<T: Send + 'static>(
    at_most: Duration,
    is_served: impl Fn() -> bool,
    question: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Unanswered> {
    let (answer, answered) = channel();
    spawn("pulse", move || drop(answer.send(question()))).map_err(Unanswered::Unasked)?;
    // None: it may take for ever.
    let deadline = Instant::now().checked_add(at_most);
    let left = || deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
    loop {
        match answered.recv_timeout(LOOK.min(left())) {
            Ok(told) => return told.map_err(Unanswered::Failed),
            Err(RecvTimeoutError::Disconnected) => return Err(Unanswered::Late),
            Err(RecvTimeoutError::Timeout) if !is_served() => return Err(Unanswered::Unserved),
            Err(RecvTimeoutError::Timeout) if left().is_zero() => return Err(Unanswered::Late),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
