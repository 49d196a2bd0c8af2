//! The views of the configuration, each kept by a thread of its own.
//!
//! A view that cannot be made (its disk is not there yet) is tried again; the others are served meanwhile. One that somebody
//! else has ended stays away until the configuration is read again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use crate::config::{MountSettings, StateDir};
use crate::mount::{MountError, MountOptions, Session, Stopper, clear_dead, detach, is_dead, mountpoints, true_place};
use crate::work::Workplace;

use super::ServeError;
use super::serve::Event;

/// How long after a failure a view is tried again, the first time and at most; doubled each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How a view is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// It is being made.
    Starting,
    /// It cannot be made, and is tried again.
    Waiting(String),
    /// It answers.
    Up,
    /// Somebody else has unmounted it.
    Ended,
}

/// All of them.
#[derive(Debug)]
pub struct Mounts {
    state: StateDir,
    keepers: Mutex<Vec<Keeper>>,
}

#[derive(Debug)]
struct Keeper {
    settings: MountSettings,
    shared: Arc<Kept>,
    /// Wakes the thread while it waits to try again.
    wake: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Kept {
    mountpoint: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    condition: Condition,
    stopper: Option<Stopper>,
    is_ending: bool,
}

impl Mounts {
    pub fn new(state: StateDir) -> Self {
        Self { state, keepers: Mutex::default() }
    }

    /// Takes away what a daemon left behind that was killed: dead views at the places of the configuration, and whatever
    /// its files tell of.
    pub fn clear_dead(&self, place: &Workplace) {
        let of_config = place.config.mount.iter().map(|mount| true_place(&mount.mountpoint()));
        let places: std::collections::BTreeSet<PathBuf> = of_config.collect();
        mountpoints().iter().filter(|mountpoint| places.contains(*mountpoint)).for_each(|dead| clear_dead(dead));
        // Sweeps the files of those that nobody answers for.
        drop(crate::control::mounts(&self.state.run()));
    }

    /// Makes the views be those of the configuration: what it no longer names, or names otherwise, ends; what is new, or
    /// has been ended by somebody else, begins.
    ///
    /// # Errors
    /// When an option is not understood; then nothing is done.
    pub fn follow(&self, place: &Workplace, events: &Sender<Event>) -> Result<(), ServeError> {
        let wanted: Vec<(MountSettings, MountOptions)> = place
            .config
            .mount
            .iter()
            .map(|settings| Ok((settings.clone(), options_of(settings, place)?)))
            .collect::<Result<_, ServeError>>()?;
        let mut keepers = self.keepers.lock();
        let is_wanted = |keeper: &Keeper| {
            wanted.iter().any(|(settings, _)| *settings == keeper.settings) && keeper.condition() != Condition::Ended
        };
        let (kept, ended): (Vec<_>, Vec<_>) = keepers.drain(..).partition(is_wanted);
        *keepers = kept;
        end_all(ended);
        for (settings, options) in wanted {
            if !keepers.iter().any(|keeper| keeper.settings == settings) {
                let keeper = Keeper::start(settings, options, self.state.clone(), events.clone());
                keepers.push(keeper.map_err(|source| ServeError::Start { what: "the thread of a mount", source })?);
            }
        }
        Ok(())
    }

    /// Whether every view answers that has to: those with `nofail` need not.
    pub fn are_up(&self) -> bool {
        let is_settled = |keeper: &Keeper| match keeper.condition() {
            Condition::Up | Condition::Ended => true,
            Condition::Starting => false,
            Condition::Waiting(_) => keeper.settings.options.iter().any(|option| option == "nofail"),
        };
        self.keepers.lock().iter().all(is_settled)
    }

    /// Each view and how it is.
    pub fn conditions(&self) -> Vec<(PathBuf, Condition)> {
        self.keepers.lock().iter().map(|keeper| (keeper.shared.mountpoint.clone(), keeper.condition())).collect()
    }

    /// Unmounts all of them, and returns when that is done.
    pub fn end(&self) {
        end_all(std::mem::take(&mut *self.keepers.lock()));
    }

    /// Takes all of them out of the tree at once.
    pub fn detach_all(&self) {
        // Whoever holds the lock may be waiting for one of them to end.
        let up: Vec<PathBuf> = match self.keepers.try_lock() {
            Some(keepers) => keepers.iter().map(|keeper| keeper.shared.mountpoint.clone()).collect(),
            None => crate::control::mounts(&self.state.run())
                .into_iter()
                .filter(|mount| mount.pid == std::process::id())
                .map(|mount| mount.mountpoint)
                .collect(),
        };
        up.iter().filter(|mountpoint| mountpoints().contains(mountpoint)).for_each(|mountpoint| detach(mountpoint));
    }
}

/// How a view of the configuration is mounted.
fn options_of(settings: &MountSettings, place: &Workplace) -> Result<MountOptions, ServeError> {
    let mut options = MountOptions::new(settings.mountpoint(), settings.source(), &place.config, place.limits());
    let failed = |source: MountError| ServeError::Mount { mountpoint: settings.mountpoint(), source: Box::new(source) };
    settings.words().iter().try_for_each(|word| options.apply(word)).map_err(failed)?;
    Ok(options)
}

fn end_all(mut keepers: Vec<Keeper>) {
    keepers.iter().for_each(Keeper::tell_to_end);
    for thread in keepers.iter_mut().filter_map(|keeper| keeper.thread.take()) {
        let _ = thread.join();
    }
}

impl Keeper {
    fn start(
        settings: MountSettings,
        options: MountOptions,
        state: StateDir,
        events: Sender<Event>,
    ) -> std::io::Result<Self> {
        let inner = Inner { condition: Condition::Starting, stopper: None, is_ending: false };
        let shared = Arc::new(Kept { mountpoint: true_place(&options.mountpoint), inner: Mutex::new(inner) });
        let (wake, wakes) = channel();
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("mount".to_owned())
            .spawn(move || theirs.keep(&options, &state, &events, &wakes))?;
        Ok(Self { settings, shared, wake, thread: Some(thread) })
    }

    fn condition(&self) -> Condition {
        self.shared.inner.lock().condition.clone()
    }

    fn tell_to_end(&self) {
        let mut inner = self.shared.inner.lock();
        inner.is_ending = true;
        if let Some(stopper) = &inner.stopper {
            stopper.stop();
        }
        let _ = self.wake.send(());
    }
}

impl Kept {
    /// Mounts, and tries again until that works; serves until it ends.
    fn keep(&self, options: &MountOptions, state: &StateDir, events: &Sender<Event>, wakes: &Receiver<()>) {
        let mut wait = FIRST_WAIT;
        while !self.inner.lock().is_ending {
            match Session::start(options.clone(), state) {
                Ok(session) => {
                    self.serve(session, events);
                    return;
                }
                Err(error) => self.note(Condition::Waiting(error.to_string()), events),
            }
            // Woken: it is to end.
            let _ = wakes.recv_timeout(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    fn serve(&self, session: Session, events: &Sender<Event>) {
        let is_ending = {
            let mut inner = self.inner.lock();
            inner.stopper = Some(session.stopper());
            inner.is_ending
        };
        self.note(Condition::Up, events);
        if !is_ending {
            session.wait();
        }
        session.stop();
        self.inner.lock().stopper = None;
        self.note(Condition::Ended, events);
    }

    /// Tells what is different.
    fn note(&self, condition: Condition, events: &Sender<Event>) {
        let (mountpoint, is_ending) = (self.mountpoint.display(), self.inner.lock().is_ending);
        let was = std::mem::replace(&mut self.inner.lock().condition, condition.clone());
        if was == condition {
            return;
        }
        match condition {
            Condition::Up => tracing::info!(%mountpoint, "the view answers"),
            Condition::Waiting(error) => tracing::error!(%mountpoint, %error, "cannot mount; trying again"),
            Condition::Ended if is_ending => tracing::info!(%mountpoint, "unmounted"),
            Condition::Ended => {
                tracing::warn!(%mountpoint, "somebody else has unmounted it; it stays away until the configuration is read again")
            }
            Condition::Starting => {}
        }
        let _ = events.send(Event::Mounts);
    }
}

/// Whether a view answers: anything but that its process is gone. A source that fails, or is waited for too long, is no
/// reason to end the process that serves the artwork.
pub fn answers(mountpoint: &Path) -> bool {
    !is_dead(mountpoint)
}
