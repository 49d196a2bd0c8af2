//! Giving watchers a real event when artwork comes, changes or goes.
//!
//! Invalidating what the kernel holds raises no inotify event, and players that watch the tree would find new artwork
//! only by their next scan. So one thread does in the view, as any program would, what has happened to a name: it makes
//! it, touches it, or removes it. The view knows the thread and what it is about to do ([`Poked`]) and answers without
//! doing anything to the source: the event is all there is to it. Whoever watches the folder sees `IN_CREATE`,
//! `IN_MODIFY` or `IN_DELETE` under the true name, also in bind mounts of the view, read-only ones among them. A view
//! that is itself read-only cannot be poked.
//!
//! One folder at a time with a pause after each, and one event a folder when very many wait: a queue of inotify holds
//! 16,384 events by default, and each may have a player read a folder.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, fstat, mkdirat,
    mknodat, openat2, unlinkat, utimensat,
};
use rustix::io::Errno;

use crate::model::{Name, RelPath};

use super::nodes::NodeId;
use super::view::View;

/// The pause after each folder: at most two hundred folders a second.
const PAUSE: Duration = Duration::from_millis(5);
/// With more folders waiting than this, each gets one event only.
const FOLDERS_IN_FULL_MAX: usize = 200;
/// More folders than this do not wait: players find out by their own scans.
const WAITING_MAX: usize = 100_000;
/// How long the kernel may take to drop what it held, before its watchers are told to look.
const SETTLE: Duration = Duration::from_secs(5);

/// What the poking thread is about to do to a name, as far as anybody watching can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poked {
    /// It appears, as a folder or as something else: the thread makes it.
    Appears {
        /// A folder.
        is_folder: bool,
    },
    /// It shows something else: the thread touches it.
    Changes,
    /// It goes: the thread removes it.
    Goes,
}

/// Which thread pokes, and what it is at. Known to the view, so that requests of that thread end there.
#[derive(Debug, Default)]
pub struct PokeGate {
    thread: AtomicI32,
    job: Mutex<Option<(NodeId, Name, Poked)>>,
}

impl PokeGate {
    /// Whether the request is of the poking thread. `pid` is what the kernel tells of a caller: a thread's number.
    #[must_use]
    pub fn is_poker(&self, pid: u32) -> bool {
        pid != 0 && self.thread.load(Ordering::Relaxed).cast_unsigned() == pid
    }

    /// What is happening to the name, if it is the poking thread that asks.
    #[must_use]
    pub fn poked(&self, pid: u32, parent: NodeId, name: &[u8]) -> Option<Poked> {
        if !self.is_poker(pid) {
            return None;
        }
        let job = self.job.lock();
        job.as_ref().filter(|(folder, of, _)| *folder == parent && of.as_bytes() == name).map(|(_, _, poked)| *poked)
    }
}

/// A name that the mappings made different, and whether they showed a picture there before.
pub type Touched = (Name, bool);

/// A folder whose watchers are to be told.
#[derive(Debug)]
pub struct Poke {
    /// The folder in the view.
    pub folder: RelPath,
    /// What is different; empty when it was not worked out name by name.
    pub names: Vec<Touched>,
}

/// The thread that pokes; it ends when this is dropped.
#[derive(Debug)]
pub struct Poker {
    queue: Option<Sender<Poke>>,
    at_work: Arc<Mutex<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Poker {
    /// Begins to poke in the view that is mounted there.
    ///
    /// # Errors
    /// When the mount point cannot be looked at or the thread not be made.
    pub fn start<B: Send + Sync + 'static>(mountpoint: &Path, view: Arc<View<B>>) -> std::io::Result<Self> {
        let (queue, waiting) = channel();
        let at_work = Arc::<Mutex<()>>::default();
        let device = rustix::fs::stat(mountpoint)?.st_dev;
        let worker = Worker { mountpoint: mountpoint.to_owned(), device, view, at_work: Arc::clone(&at_work) };
        let thread = super::threads::spawn("poke", move || worker.run(&waiting))?;
        Ok(Self { queue: Some(queue), at_work, thread: Some(thread) })
    }

    /// Where folders to poke are put.
    #[must_use]
    pub fn queue(&self) -> Option<Sender<Poke>> {
        self.queue.clone()
    }

    /// Keeps the thread out of the view as long as this is held: while it is in there, nobody can unmount. `None` when it
    /// does not come out in time, because the source does not answer.
    pub fn pause(&self) -> Option<MutexGuard<'_, ()>> {
        self.at_work.try_lock_for(SETTLE)
    }
}

impl Drop for Poker {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Worker<B> {
    mountpoint: PathBuf,
    device: u64,
    view: Arc<View<B>>,
    at_work: Arc<Mutex<()>>,
}

impl<B> Worker<B> {
    fn run(self, queue: &Receiver<Poke>) {
        self.view.poke_gate().thread.store(rustix::thread::gettid().as_raw_nonzero().get(), Ordering::Relaxed);
        let mut waiting = BTreeMap::new();
        while let Ok(poke) = queue.recv() {
            wait_for_turn(&mut waiting, poke);
            if !self.work_off(queue, &mut waiting) {
                return;
            }
        }
    }

    /// Pokes until nothing waits any more; `false` when it is time to end.
    fn work_off(&self, queue: &Receiver<Poke>, waiting: &mut BTreeMap<RelPath, Vec<Touched>>) -> bool {
        let mut is_crowded = false;
        loop {
            loop {
                match queue.try_recv() {
                    Ok(poke) => wait_for_turn(waiting, poke),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return false,
                }
            }
            // Until all of them have been told.
            is_crowded |= waiting.len() > FOLDERS_IN_FULL_MAX;
            let Some((folder, names)) = waiting.pop_first() else { return true };
            // Whoever looks because of an event must not see what was there before.
            let _ = self.view.notices().settle(SETTLE);
            if let Err(error) = self.poke(&folder, names, is_crowded) {
                tracing::debug!(%folder, %error, "watchers were not told");
            }
            match queue.recv_timeout(PAUSE) {
                Ok(poke) => wait_for_turn(waiting, poke),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    fn poke(&self, folder: &RelPath, mut names: Vec<Touched>, is_crowded: bool) -> rustix::io::Result<()> {
        let _inside = self.at_work.lock();
        let fd = self.open(folder)?;
        let id = fstat(&fd)?.st_ino;
        if names.is_empty() {
            names.extend(self.view.first_picture_in(id).map(|name| (name, false)));
        }
        if is_crowded {
            names.truncate(1);
        }
        for (name, was_picture) in names {
            if let Err(error) = self.poke_name(&fd, id, &name, was_picture) {
                tracing::info!(%folder, ?name, %error, "watchers were not told");
            }
        }
        Ok(())
    }

    fn poke_name(&self, folder: &OwnedFd, id: NodeId, name: &Name, was_picture: bool) -> rustix::io::Result<()> {
        let poked = match self.view.shows(id, name) {
            Ok(Some(false)) if was_picture => Poked::Changes,
            Ok(Some(is_folder)) => Poked::Appears { is_folder },
            Ok(None) => Poked::Goes,
            Err(_) => return Ok(()),
        };
        let done = self.act(folder, id, name, poked);
        // Somebody looked at it already, so the kernel knows that it is there and lets nobody make it.
        let done = if done == Err(Errno::EXIST) { self.act(folder, id, name, Poked::Changes) } else { done };
        *self.view.poke_gate().job.lock() = None;
        // What is gone again meanwhile has been announced anew.
        if done == Err(Errno::NOENT) { Ok(()) } else { done }
    }

    fn act(&self, folder: &OwnedFd, id: NodeId, name: &Name, poked: Poked) -> rustix::io::Result<()> {
        *self.view.poke_gate().job.lock() = Some((id, name.clone(), poked));
        let path = name.as_os_str();
        match poked {
            Poked::Appears { is_folder: true } => mkdirat(folder, path, Mode::from_raw_mode(0o755)),
            Poked::Appears { is_folder: false } => {
                mknodat(folder, path, FileType::RegularFile, Mode::from_raw_mode(0o644), 0)
            }
            Poked::Goes => unlinkat(folder, path, AtFlags::empty()),
            Poked::Changes => {
                // The time of the content alone: with both times it would count as a change of attributes.
                let never = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
                let times =
                    Timestamps { last_access: never, last_modification: Timespec { tv_sec: 0, tv_nsec: UTIME_NOW } };
                utimensat(folder, path, &times, AtFlags::SYMLINK_NOFOLLOW)
            }
        }
    }

    /// A folder of our own mount, reached without following any link or entering any other mount.
    fn open(&self, folder: &RelPath) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat2(CWD, &self.mountpoint, flags, Mode::empty(), ResolveFlags::empty())?;
        if fstat(&root)?.st_dev != self.device {
            return Err(Errno::XDEV);
        }
        let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
        let path = if folder.is_root() { Path::new(".") } else { folder.as_path() };
        openat2(&root, path, flags, Mode::empty(), beneath)
    }
}

/// Puts a folder in the queue, or adds to what waits there of it.
fn wait_for_turn(waiting: &mut BTreeMap<RelPath, Vec<Touched>>, poke: Poke) {
    if waiting.len() >= WAITING_MAX && !waiting.contains_key(&poke.folder) {
        return;
    }
    let names = waiting.entry(poke.folder).or_default();
    for (name, was_picture) in poke.names {
        // What was there before the first change is what watchers know.
        if !names.iter().any(|(known, _)| *known == name) {
            names.push((name, was_picture));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn only_the_poking_thread_and_only_its_name_are_poked() {
        let gate = PokeGate::default();
        assert!(!gate.is_poker(0), "a caller outside our process namespace has no number");
        gate.thread.store(7, Ordering::Relaxed);
        *gate.job.lock() = Some((12, name("poster.jpg"), Poked::Goes));
        assert_eq!(gate.poked(7, 12, b"poster.jpg"), Some(Poked::Goes));
        assert_eq!(gate.poked(8, 12, b"poster.jpg"), None);
        assert_eq!(gate.poked(7, 13, b"poster.jpg"), None);
        assert_eq!(gate.poked(7, 12, b"fanart.jpg"), None);
    }

    #[test]
    fn a_folder_waits_once_and_remembers_what_was_there_first() {
        let mut waiting = BTreeMap::new();
        let poke = |was_picture| Poke { folder: RelPath::root(), names: vec![(name("a.jpg"), was_picture)] };
        wait_for_turn(&mut waiting, poke(false));
        wait_for_turn(&mut waiting, poke(true));
        assert_eq!(waiting.into_values().collect::<Vec<_>>(), [[(name("a.jpg"), false)]]);
    }
}
