//! Noticing what changes in the source behind the mount.
//!
//! One fanotify mark covers the file system that the source is on. It tells of every change in it: where (the handle
//! of the folder and the name) and of what (the handle of the inode). What is not known to the kernel's side of the
//! mount is passed over, and so is what this process did itself. The rest makes one notification each, so the kernel
//! may otherwise rely on what it was told for as long as it likes.
//!
//! A folder or video that moves behind the mount takes its artwork along: the file system tells of both its paths, and that
//! it is the same inode.
//!
//! With passthrough, the programs on the mount write to the source by themselves: such writes look like changes behind
//! the mount, and cost no more than an attribute read anew.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

use crate::model::Name;

use super::fan::{Event, events_in};
use super::handle::FileHandle;
use super::notify::Stale;
use super::view::View;

/// Bytes read from the queue at once.
const READ_BYTES: usize = 64 * 1024;
/// How long changes gather before they are read. Waking up for each one would cost about a quarter of what a program
/// gets done that makes many; and of many writes to one file only the first then has to be told.
const GATHER: Duration = Duration::from_millis(2);

/// Beginnings of moves that are remembered until their ends are met, which is at once.
const MOVES_MAX: usize = 64;

/// The mark, before somebody listens.
#[derive(Debug)]
pub struct Watch {
    queue: OwnedFd,
}

/// The thread that listens; it ends when this is dropped.
#[derive(Debug)]
pub struct Watcher {
    end: OwnedFd,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Marks the file system of the source.
    ///
    /// # Errors
    /// Where that is not possible: not root, an old kernel, a file system without file handles.
    pub fn mark(source: &OwnedFd) -> io::Result<Self> {
        let flags = libc::FAN_CLASS_NOTIF
            | libc::FAN_CLOEXEC
            | libc::FAN_NONBLOCK
            | libc::FAN_REPORT_DFID_NAME
            | libc::FAN_REPORT_FID
            | libc::FAN_REPORT_TARGET_FID;
        // SAFETY: takes two numbers; a descriptor that comes back is ours alone.
        let queue = unsafe {
            let fd = libc::fanotify_init(flags, libc::O_RDONLY as u32);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(fd)
        };
        let mask = libc::FAN_CREATE
            | libc::FAN_DELETE
            | libc::FAN_MOVED_FROM
            | libc::FAN_MOVED_TO
            | libc::FAN_MODIFY
            // The only word there is of writes through a memory map.
            | libc::FAN_CLOSE_WRITE
            | libc::FAN_ATTRIB
            | libc::FAN_ONDIR;
        let add = libc::FAN_MARK_ADD | libc::FAN_MARK_FILESYSTEM;
        // SAFETY: two open descriptors and a constant path that outlive the call.
        let outcome = unsafe { libc::fanotify_mark(queue.as_raw_fd(), add, mask, source.as_raw_fd(), c".".as_ptr()) };
        if outcome == 0 { Ok(Self { queue }) } else { Err(io::Error::last_os_error()) }
    }

    /// Begins to listen.
    ///
    /// # Errors
    /// When the thread cannot be made.
    pub fn start<B: Send + Sync + 'static>(self, view: Arc<View<B>>) -> io::Result<Watcher> {
        let end = eventfd(0, EventfdFlags::CLOEXEC)?;
        let their_end = end.try_clone()?;
        let body = move || {
            if let Err(error) = listen(&self.queue, &their_end, &view) {
                tracing::error!(%error, "changes behind the mount are no longer noticed");
                view.watch_lost();
            }
        };
        let thread = super::threads::spawn("watch", body)?;
        Ok(Watcher { end, thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = rustix::io::write(&self.end, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen<B: Send + Sync + 'static>(queue: &OwnedFd, end: &OwnedFd, view: &Arc<View<B>>) -> io::Result<()> {
    let own = std::process::id().cast_signed();
    let mut buffer = vec![0; READ_BYTES];
    let mut moves = Moves::default();
    loop {
        let mut waits = [PollFd::new(queue, PollFlags::IN), PollFd::new(end, PollFlags::IN)];
        match poll(&mut waits, None) {
            Err(rustix::io::Errno::INTR) => continue,
            outcome => outcome?,
        };
        if !waits[1].revents().is_empty() {
            return Ok(());
        }
        std::thread::sleep(GATHER);
        let length = match rustix::io::read(queue.as_fd(), &mut buffer) {
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => continue,
            length => length?,
        };
        for event in events_in(&buffer[..length]).filter(|event| event.pid != own) {
            tell(view, &event);
            moves.meet(view, &event);
        }
    }
}

/// What has left a name and not come to another one yet.
#[derive(Default)]
struct Moves(VecDeque<Begun>);

struct Begun {
    inode: FileHandle,
    folder: FileHandle,
    name: Name,
}

impl Moves {
    /// Puts both ends of a move together.
    fn meet<B: Send + Sync + 'static>(&mut self, view: &Arc<View<B>>, event: &Event<'_>) {
        let (Some(folder), Some(inode)) = (event.folder, event.inode) else { return };
        let Some(Ok(name)) = event.name.map(Name::parse) else { return };
        let [folder, inode] = [folder, inode].map(|handle| FileHandle::new(handle.kind, handle.bytes));
        if event.mask & libc::FAN_MOVED_FROM != 0 {
            self.0.truncate(MOVES_MAX - 1);
            self.0.push_front(Begun { inode, folder, name });
        } else if event.mask & libc::FAN_MOVED_TO != 0
            && let Some(position) = self.0.iter().position(|begun| begun.inode == inode)
            && let Some(begun) = self.0.remove(position)
        {
            View::moved_behind(view, (begun.folder, &begun.name), (folder, &name));
        }
    }
}

fn tell<B>(view: &View<B>, event: &Event<'_>) {
    if event.is_overflow() {
        tracing::warn!("more changed behind the mount than could be told; everything is looked at anew");
        view.everything_changed();
        return;
    }
    let names_changed = event.changes_names();
    if event.moves_folder() {
        view.folder_moved();
    }
    if names_changed && let Some(folder) = event.folder.and_then(|handle| view.known_node(handle)) {
        if let Some(Ok(name)) = event.name.map(Name::parse) {
            view.notices().push(Stale::Entry(folder, name));
        }
        view.notices().push(Stale::Inode(folder));
    }
    // The inode's own link count, size or attributes.
    if let Some(node) = event.inode.and_then(|handle| view.known_node(handle)) {
        let by_itself = view.is_passed_through(node);
        view.notices().push(if by_itself { Stale::Attributes(node) } else { Stale::Inode(node) });
    }
}
