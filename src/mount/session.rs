//! A mount from its beginning to its end.
//!
//! The source is opened before anything is mounted, so the view may cover it: a stopped posterfs then shows the bare
//! library, never an empty folder. A [`Session`] serves until it is unmounted, by whomever, or told to stop.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fuser::BackingId;
use parking_lot::Mutex;

use crate::cache::Cache;
use crate::catalog::Catalog;
use crate::config::StateDir;
use crate::control::{Handler, Registration, Server, register};
use crate::phase::ViewCatalog;

use super::alive::{Pulse, ask};
use super::answers::Shared;
use super::beneath::open_beneath;
use super::feed::{Feed, Follow};
use super::gate::{Gate, GateWatch};
use super::notify::{Kernel, NoticeQueue, fail_request, queue};
use super::options::{MountError, MountOptions};
use super::poke::Poker;
use super::prepare::{Attached, OwnView, make_view, mount_info, own_view, raise_descriptor_limit, watch};
use super::requests::Fs;
use super::submounts::MountTableWatcher;
use super::threads::{fit, spawn};
use super::unmount::{clear_dead, detach, is_mounted, true_place, unmount_if_idle};
use super::view::View;
use super::watch::Watch;
use super::writers::{Writers, writer_ends};

/// How long the tree may take to answer for the first time, besides what the source may.
const FIRST_ANSWER: Duration = Duration::from_secs(30);
/// How long open files may keep a stopped mount alive.
const DRAIN: Duration = Duration::from_secs(10);

/// A mount that is being served. Dropping it detaches the view from the tree.
#[derive(Debug)]
pub struct Session {
    mountpoint: PathBuf,
    source_path: PathBuf,
    serving: Option<JoinHandle<std::io::Result<()>>>,
    waker: Sender<Wake>,
    wakes: Receiver<Wake>,
    /// The serving thread has said that the mount is gone; what it says is heard once only.
    has_ended: AtomicBool,
    shared: Arc<Shared>,
    /// Dropped first at the end, so that nobody asks a mount that is gone.
    server: Option<Server>,
    registration: Option<Registration>,
    notifier: Option<JoinHandle<()>>,
    writers: Option<Writers>,
    patience: Option<GateWatch>,
    pulse: Pulse,
}

/// Why a waiting session wakes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wake {
    /// The mount is gone.
    Ended,
    /// Somebody wants it to end.
    Told,
}

/// Tells a waiting session to end; for signal handlers' threads.
#[derive(Debug, Clone)]
pub struct Stopper(Sender<Wake>);

impl Stopper {
    /// Wakes [`Session::wait`].
    pub fn stop(&self) {
        let _ = self.0.send(Wake::Told);
    }
}

impl Session {
    /// Mounts and begins to serve. When this returns, the tree answers.
    ///
    /// # Errors
    /// When something is in the way; nothing is left behind then. What a killed process left there is not in the way.
    pub fn start(options: MountOptions, state: &StateDir) -> Result<Self, MountError> {
        clear_dead(&true_place(&options.mountpoint));
        let mut options = options.resolve()?;
        let no_room = |source| MountError::NoRoom { path: options.mountpoint.clone(), source };
        options.threads = fit(options.threads).map_err(no_room)?;
        raise_descriptor_limit();
        let source = Arc::new(open_beneath(&state.run(), &options.source)?);
        let (registration, lock) = register(&state.run(), &mount_info(&options, &source)?)?;
        if is_mounted(&options.mountpoint) {
            return Err(MountError::Foreign { path: options.mountpoint });
        }
        let (notices, notice_queue) = queue();
        let watch = watch(&options, &source);
        let (written, ticker, ends) = writer_ends();
        let own = own_view(&options, state, registration.id(), &source)?;
        let (view_catalog, cache) = match own {
            Some(OwnView { catalog, cache }) => (Some(catalog), cache),
            None => (None, Cache::open_read_only(&state.cache())?),
        };
        let database = view_catalog.as_ref().map_or_else(|| state.database(), ViewCatalog::path);
        let ends_of_view = (notices, written, ticker);
        let view = Arc::new(make_view(&options, &database, cache, &source, ends_of_view, watch.is_some())?);
        let catalog = Follow { catalog: Catalog::open_read_only(&database)?, view_catalog };
        let attached = Attached::new(&options)?;
        let serve_failed = |source| MountError::Serve { path: options.mountpoint.clone(), source };
        let writers = Writers::start(ends, &view, state, &options).map_err(serve_failed)?;
        let started =
            Self::serve(&options, source, view, notice_queue, attached, registration, (catalog, watch, writers))
                .map_err(serve_failed)?;
        started.wait_for_answer(options.source_timeout).map_err(serve_failed)?;
        drop(lock);
        Ok(started)
    }

    fn serve(
        options: &MountOptions,
        source: Arc<OwnedFd>,
        view: Arc<View<BackingId>>,
        notice_queue: NoticeQueue,
        attached: Attached,
        registration: Registration,
        (catalog, watch, writers): (Follow, Option<Watch>, Writers),
    ) -> std::io::Result<Self> {
        let device = attached.device.try_clone()?;
        let fs = Fs::new(Arc::clone(&view), writers.queue());
        let session = fuser::Session::from_fd(fs, device, fuser::SessionACL::All, options.session_config())?;
        let kernel = Kernel { notifier: session.notifier(), device: attached.device.try_clone()? };
        let patience = watch_gate(view.gate(), attached.device.try_clone()?)?;
        let notifier = spawn("notifier", move || notice_queue.run(&kernel))?;
        let (waker, wakes) = channel();
        let ending = waker.clone();
        let mountpoint = options.mountpoint.clone();
        let serving = spawn("session", move || serve(session, &mountpoint, &ending))?;
        let poker = Self::poker(options, &view)?;
        let feed = Feed::start(catalog, Arc::clone(&view), poker.as_ref().and_then(Poker::queue))?;
        let watcher = watch.map(|watch| watch.start(Arc::clone(&view))).transpose()?;
        let mount_table = MountTableWatcher::start(Arc::clone(&source), Arc::clone(&view))?;
        let shared = Arc::new(Shared {
            mountpoint: options.mountpoint.clone(),
            source,
            view: Mutex::new(Some(view)),
            feed: Mutex::new(Some(feed)),
            poker: Mutex::new(poker),
            watcher: Mutex::new(watcher),
            mount_table: Mutex::new(Some(mount_table)),
        });
        let server = Server::start(&registration, Arc::clone(&shared) as Arc<dyn Handler>)?;
        attached.keep();
        Ok(Self {
            mountpoint: options.mountpoint.clone(),
            source_path: options.source.clone(),
            serving: Some(serving),
            waker,
            wakes,
            has_ended: AtomicBool::new(false),
            shared,
            server: Some(server),
            registration: Some(registration),
            notifier: Some(notifier),
            writers: Some(writers),
            patience: Some(patience),
            pulse: Pulse::default(),
        })
    }

    /// Waits until the tree answers.
    fn wait_for_answer(&self, patience: Option<Duration>) -> std::io::Result<()> {
        let at_most = patience.map_or(Duration::MAX, |patience| patience.saturating_add(FIRST_ANSWER));
        let mountpoint = self.mountpoint.clone();
        let is_served = || self.serving.as_ref().is_some_and(|serving| !serving.is_finished());
        ask(at_most, is_served, move || std::fs::metadata(mountpoint)).map(drop).map_err(Into::into)
    }

    /// Whether this mount answers through itself within that time: what a watchdog wants to know. A source that hangs does
    /// not keep it from answering.
    ///
    /// # Errors
    /// `TimedOut` when it does not; else what the kernel says.
    pub fn check(&self, at_most: Duration) -> std::io::Result<()> {
        self.pulse.feel(&self.mountpoint, at_most)
    }

    /// Who tells watchers; nobody where it was not wanted, or cannot be done.
    fn poker(options: &MountOptions, view: &Arc<View<BackingId>>) -> std::io::Result<Option<Poker>> {
        let can_be = options.pokes && !options.is_read_only();
        can_be.then(|| Poker::start(&options.mountpoint, Arc::clone(view))).transpose()
    }

    /// Where the view is.
    #[must_use]
    pub fn mountpoint(&self) -> &Path {
        &self.mountpoint
    }

    /// What it is a view of.
    #[must_use]
    pub fn source(&self) -> &Path {
        &self.source_path
    }

    /// What wakes [`Self::wait`] from another thread.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.waker.clone())
    }

    /// Waits until the mount is gone (by `umount`, by the control socket) or a [`Stopper`] was used.
    pub fn wait(&self) {
        if self.wakes.recv() == Ok(Wake::Ended) {
            self.has_ended.store(true, Ordering::Release);
        }
    }

    /// Waits at most that long for the mount to be gone; whether it is. Whoever wants it to end once more changes
    /// nothing.
    fn is_gone_within(&self, at_most: Duration) -> bool {
        let deadline = Instant::now() + at_most;
        loop {
            if self.serving.as_ref().is_none_or(JoinHandle::is_finished) {
                self.has_ended.store(true, Ordering::Release);
            }
            if self.has_ended.load(Ordering::Acquire) {
                return true;
            }
            match self.wakes.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Wake::Ended) => self.has_ended.store(true, Ordering::Release),
                Ok(Wake::Told) => {}
                Err(_) => return false,
            }
        }
    }

    /// Unmounts. A busy view is taken out of the tree at once and served for its last users, a bounded time.
    pub fn stop(mut self) {
        self.take_down();
    }

    fn take_down(&mut self) {
        if !self.is_gone_within(Duration::ZERO) {
            if unmount_if_idle(&self.mountpoint).is_err() {
                detach(&self.mountpoint);
            }
            if !self.is_gone_within(DRAIN) {
                tracing::warn!(mountpoint = %self.mountpoint.display(), "files are still open; leaving them behind");
            }
        }
        self.server = None;
        self.registration = None;
        self.end_threads();
        *self.shared.view.lock() = None;
        if self.has_ended.load(Ordering::Acquire) {
            let _ = self.serving.take().map(JoinHandle::join);
            // The last sender is gone with the view, so the notifier has nothing more to wait for.
            if let Some(notifier) = self.notifier.take().filter(ends_in_time) {
                let _ = notifier.join();
            }
        }
    }
}

impl Session {
    /// Ends the threads of this mount. One that waits for a source that does not answer is left behind.
    fn end_threads(&mut self) {
        let shared = Arc::clone(&self.shared);
        let (writers, patience) = (self.writers.take(), self.patience.take());
        let (ended, when_ended) = channel::<()>();
        let body = move || {
            drop((shared.feed.lock().take(), shared.poker.lock().take()));
            drop((shared.watcher.lock().take(), shared.mount_table.lock().take()));
            drop((writers, patience, ended));
        };
        let started = spawn("end", body);
        if started.is_err() || when_ended.recv_timeout(DRAIN) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the source does not answer; leaving what waits for it behind");
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.take_down();
    }
}

fn serve(session: fuser::Session<Fs>, mountpoint: &Path, ending: &Sender<Wake>) -> std::io::Result<()> {
    let outcome = session.run();
    if let Err(error) = &outcome {
        tracing::error!(%error, "the session ended with an error");
        // Where one of its threads could not be made, the others serve it, and nobody waits for them: it would be dead
        // as soon as the process has ended.
        if is_mounted(mountpoint) {
            detach(mountpoint);
        }
    }
    let _ = ending.send(Wake::Ended);
    outcome
}

/// Whether a thread that has nothing left to do has ended: what hangs in the source may still have something for it.
fn ends_in_time<T>(thread: &JoinHandle<T>) -> bool {
    let deadline = Instant::now() + DRAIN;
    while !thread.is_finished() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
    thread.is_finished()
}

/// Begins to give up who waits too long for the source.
fn watch_gate(gate: &Arc<Gate>, device: OwnedFd) -> std::io::Result<GateWatch> {
    let answer = move |unique| {
        if let Err(error) = fail_request(&device, unique) {
            // Its program may have been killed meanwhile.
            tracing::debug!(%error, unique, "the kernel did not take an answer");
        }
    };
    GateWatch::start(Arc::clone(gate), Box::new(answer))
}
