//! A mount from its beginning to its end.
//!
//! The source is opened before anything is mounted, so the view may cover it: a stopped posterfs then shows the bare
//! library, never an empty folder. A [`Session`] serves until it is unmounted, by whomever, or told to stop.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fuser::BackingId;
use parking_lot::Mutex;
use rustix::fs::{Access, access, fstat};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::cache::Cache;
use crate::catalog::Catalog;
use crate::config::StateDir;
use crate::control::{Answer, Handler, MountInfo, Registration, Request, Server, register};
use crate::model::SystemClock;
use crate::phase::ViewCatalog;

use super::attach::attach;
use super::beneath::open_beneath;
use super::feed::{Feed, Follow};
use super::fs::Fs;
use super::index::FolderIndex;
use super::notify::{Kernel, NoticeQueue, queue};
use super::options::{MountError, MountOptions};
use super::poke::Poker;
use super::program::KnownRules;
use super::stats::{Stats, StatsSnapshot};
use super::submounts::MountTableWatcher;
use super::ticker::Ticker;
use super::unmount::{clear_dead, detach, is_mounted, true_place, unmount_if_idle};
use super::view::{Lifetimes, View, ViewParts};
use super::watch::{Watch, Watcher};
use super::writers::{Writers, writer_ends};
use super::written::Written;

/// How long open files may keep a stopped mount alive.
const DRAIN: Duration = Duration::from_secs(10);

/// How long whoever nudges is kept waiting.
const NUDGE: Duration = Duration::from_secs(5);

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

/// What the control socket needs.
#[derive(Debug)]
struct Shared {
    mountpoint: PathBuf,
    source: Arc<OwnedFd>,
    view: Mutex<Option<Arc<View<BackingId>>>>,
    feed: Mutex<Option<Feed>>,
    poker: Mutex<Option<Poker>>,
    watcher: Mutex<Option<Watcher>>,
    mount_table: Mutex<Option<MountTableWatcher>>,
}

/// A view in the tree that nobody serves yet: taken out again when something fails before somebody does.
struct Attached {
    device: OwnedFd,
    mountpoint: Option<PathBuf>,
}

impl Attached {
    fn new(options: &MountOptions) -> Result<Self, MountError> {
        let device = attach(&options.mountpoint, &options.attachment())
            .map_err(|source| mount_failed(&options.mountpoint, source))?;
        Ok(Self { device, mountpoint: Some(options.mountpoint.clone()) })
    }

    fn keep(mut self) {
        self.mountpoint = None;
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        if let Some(mountpoint) = self.mountpoint.take() {
            detach(&mountpoint);
        }
    }
}

/// What `status` shows of a mount.
#[derive(Debug, serde::Serialize)]
struct Report {
    #[serde(flatten)]
    stats: StatsSnapshot,
    nodes: usize,
    folders: usize,
    open_files: usize,
    passthrough_inodes: usize,
    by_handle: bool,
    is_watched: bool,
}

impl Session {
    /// Mounts and begins to serve. When this returns, the tree answers.
    ///
    /// # Errors
    /// When something is in the way; nothing is left behind then. What a killed process left there is not in the way.
    pub fn start(options: MountOptions, state: &StateDir) -> Result<Self, MountError> {
        clear_dead(&true_place(&options.mountpoint));
        let options = options.resolve()?;
        raise_descriptor_limit();
        let source = Arc::new(open_beneath(&state.run(), &options.source)?);
        let (registration, lock) = register(&state.run(), &mount_info(&options, &source)?)?;
        if is_mounted(&options.mountpoint) {
            return Err(MountError::Foreign { path: options.mountpoint });
        }
        let (notices, notice_queue) = queue();
        let watch = watch(&options, &source);
        let (written, ticker, ends) = writer_ends();
        let view_catalog = view_catalog(&options, state, registration.id())?;
        let database = view_catalog.as_ref().map_or_else(|| state.database(), ViewCatalog::path);
        let ends_of_view = (notices, written, ticker);
        let view = Arc::new(make_view(&options, state, &database, &source, ends_of_view, watch.is_some())?);
        let catalog = Follow { catalog: Catalog::open_read_only(&database)?, view_catalog };
        let attached = Attached::new(&options)?;
        let serve_failed = |source| MountError::Serve { path: options.mountpoint.clone(), source };
        let writers = Writers::start(ends, &view, state, &options).map_err(serve_failed)?;
        let started =
            Self::serve(&options, source, view, notice_queue, attached, registration, (catalog, watch, writers))
                .map_err(serve_failed)?;
        std::fs::metadata(&started.mountpoint).map_err(serve_failed)?;
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
        let notifier = spawn("notifier", move || notice_queue.run(&kernel))?;
        let (waker, wakes) = channel();
        let ending = waker.clone();
        let serving = spawn("session", move || serve(session, &ending))?;
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
        })
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
        *self.shared.feed.lock() = None;
        *self.shared.poker.lock() = None;
        *self.shared.watcher.lock() = None;
        *self.shared.mount_table.lock() = None;
        self.writers = None;
        *self.shared.view.lock() = None;
        if self.has_ended.load(Ordering::Acquire) {
            let _ = self.serving.take().map(JoinHandle::join);
            // The last sender is gone with the view, so the notifier has nothing more to wait for.
            let _ = self.notifier.take().map(JoinHandle::join);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.take_down();
    }
}

impl Handler for Shared {
    fn handle(&self, request: Request) -> Answer {
        match request {
            Request::Ping | Request::Source => Answer::Done,
            Request::Nudge => self.nudge(),
            Request::Status => match self.view.lock().as_ref().map(|view| report(view)) {
                Some(Ok(report)) => Answer::Status(report),
                Some(Err(error)) => Answer::Failed(error.to_string()),
                None => Answer::Failed("the mount is ending".to_owned()),
            },
            Request::Unmount => {
                let poker = self.poker.lock();
                let _outside = poker.as_ref().map(Poker::pause);
                match unmount_if_idle(&self.mountpoint) {
                    Ok(()) => Answer::Done,
                    Err(error) => Answer::Failed(error.to_string()),
                }
            }
        }
    }

    fn source(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.source)
    }
}

impl Shared {
    /// Answers when the change is seen through the mount, so that whoever published may tell others to look.
    fn nudge(&self) -> Answer {
        let looked = self.feed.lock().as_ref().map(Feed::nudge);
        let view = self.view.lock().as_ref().map(Arc::clone);
        let is_seen = looked.is_some_and(|looked| looked.recv_timeout(NUDGE).is_ok())
            && view.is_some_and(|view| view.notices().settle(NUDGE));
        if is_seen { Answer::Done } else { Answer::Failed("the mount is slow to take the change in".to_owned()) }
    }
}

fn report(view: &View<BackingId>) -> serde_json::Result<serde_json::Value> {
    let (open_files, passthrough_inodes) = view.open_counts();
    serde_json::to_value(Report {
        stats: view.stats().snapshot(),
        nodes: view.nodes().len(),
        folders: view.index().len(),
        open_files,
        passthrough_inodes,
        by_handle: view.has_handles(),
        is_watched: view.is_watched(),
    })
}

fn mount_info(options: &MountOptions, source: &OwnedFd) -> Result<MountInfo, MountError> {
    let stat = fstat(source).map_err(|error| MountError::Folder {
        what: "the source",
        path: options.source.clone(),
        source: error.into(),
    })?;
    Ok(MountInfo {
        pid: std::process::id(),
        mountpoint: options.mountpoint.clone(),
        source: options.source.clone(),
        source_identity: (stat.st_dev, stat.st_ino),
        read_only: options.is_read_only(),
        shows: options.shows.as_ref().map(ToString::to_string).unwrap_or_default(),
    })
}

/// The catalog of a view that shows something of its own.
fn view_catalog(options: &MountOptions, state: &StateDir, id: &str) -> Result<Option<ViewCatalog>, MountError> {
    let Some(shows) = options.shows.clone() else { return Ok(None) };
    let path = state.views()?.join(format!("{id}.db"));
    let opened = ViewCatalog::open(&state.database(), &path, shows, &options.source, &SystemClock);
    opened.map(Some).map_err(|error| MountError::Phase(Box::new(error)))
}

fn make_view(
    options: &MountOptions,
    state: &StateDir,
    database: &Path,
    source: &OwnedFd,
    (notices, written, ticker): (super::notify::Notices, Written, Ticker),
    is_watched: bool,
) -> Result<View<BackingId>, MountError> {
    let failed =
        |source: std::io::Error| MountError::Folder { what: "the source", path: options.source.clone(), source };
    let parts = ViewParts {
        source: source.try_clone().map_err(failed)?,
        index: FolderIndex::open(database, &options.source)?,
        cache: Cache::open_read_only(&state.cache())?,
        notices,
        lifetimes: Lifetimes { attributes: options.attr_timeout, entries: options.entry_timeout },
        is_watched,
        stats: Arc::new(Stats::default()),
        rules: KnownRules::new(options.rules.clone()),
        written,
        ticker,
        shown_as: options.source.clone(),
    };
    View::new(parts).map_err(|error| MountError::View { path: options.source.clone(), source: Box::new(error) })
}

/// Begins to notice changes behind the mount; where that is impossible, or lifetimes were chosen by hand, what the
/// kernel was told lives as long as set.
fn watch(options: &MountOptions, source: &OwnedFd) -> Option<Watch> {
    if options.has_chosen_timeouts {
        return None;
    }
    let marked = Watch::mark(source);
    marked.inspect_err(|error| tracing::info!(%error, "changes behind the mount are found by their age")).ok()
}

fn mount_failed(mountpoint: &Path, source: std::io::Error) -> MountError {
    let hint = match source.kind() {
        _ if !Path::new("/dev/fuse").exists() => {
            "; /dev/fuse is missing: load the kernel module with `modprobe fuse`, or use `posterfs export`"
        }
        _ if access("/dev/fuse", Access::READ_OK | Access::WRITE_OK) == Err(Errno::ACCESS) => {
            "; this user may not open /dev/fuse: `chmod 666 /dev/fuse`, mount as root, or use `posterfs export`"
        }
        std::io::ErrorKind::NotFound => "; users other than root need `fusermount3` (Debian: package fuse3)",
        std::io::ErrorKind::PermissionDenied => "; mount as root, or a folder of your own with fusermount3 installed",
        _ => "",
    };
    MountError::Mount { path: mountpoint.to_owned(), source, hint }
}

fn serve(session: fuser::Session<Fs>, ending: &Sender<Wake>) -> std::io::Result<()> {
    let outcome = session.run();
    if let Err(error) = &outcome {
        tracing::error!(%error, "the session ended with an error");
    }
    let _ = ending.send(Wake::Ended);
    outcome
}

fn spawn<T: Send + 'static>(name: &str, body: impl FnOnce() -> T + Send + 'static) -> std::io::Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body)
}

/// A file that is open through the view costs a descriptor; the default limit is far too low for a media server.
fn raise_descriptor_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
