//! What is mounted below the source, and noticing when that changes.
//!
//! The kernel keeps what a name meant for as long as it was told to. A disk that is mounted (or unmounted) below the
//! source changes what a name means without any change in a file system, so the mount table is watched too.
//!
//! Nothing here holds a mount: a disk can be unmounted as if there were no view.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};

use super::handle::{MountId, handle_of};
use super::place::link_of;
use super::unmount::unescape;
use super::view::View;

const MOUNT_TABLE: &str = "/proc/self/mountinfo";

/// The paths beneath the source where the mount table says that something is mounted. Some may lie on the view instead,
/// where it covers the source: what is found there beneath tells.
#[must_use]
pub fn mount_points_below(source: BorrowedFd<'_>) -> Vec<PathBuf> {
    let (Some(source), Ok(table)) = (link_of(source), std::fs::read(MOUNT_TABLE)) else { return Vec::new() };
    let points = table.split(|&byte| byte == b'\n').filter_map(|line| line.split(|&byte| byte == b' ').nth(4));
    let below = points.filter_map(|point| unescape(point).strip_prefix(&source).ok().map(Path::to_owned));
    below.filter(|path| !path.as_os_str().is_empty()).collect()
}

/// Opens a path beneath the source, into what is mounted there, never following a link.
///
/// # Errors
/// Those of `open`.
pub fn open_below(source: BorrowedFd<'_>, path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    openat2(source, path, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty(), resolve)
}

/// A mount below the source: its path and its id.
type Submount = (PathBuf, MountId);

/// Those mounts that really lie below the source.
fn submounts(source: BorrowedFd<'_>) -> BTreeSet<Submount> {
    let id_at =
        |path: &Path| handle_of(open_below(source, path, OFlags::PATH).ok()?.as_fd()).ok().map(|(mount, _)| mount);
    let points = mount_points_below(source).into_iter();
    let found = points.filter_map(|path| {
        let id = id_at(&path)?;
        let is_border = path.parent().and_then(id_at) != Some(id);
        is_border.then_some((path, id))
    });
    found.collect()
}

/// The thread that watches the mount table; it ends when this is dropped.
#[derive(Debug)]
pub struct MountTableWatcher {
    end: OwnedFd,
    thread: Option<JoinHandle<()>>,
}

impl MountTableWatcher {
    /// Begins to watch.
    ///
    /// # Errors
    /// When the table cannot be opened or the thread cannot be made.
    pub fn start<B: Send + Sync + 'static>(source: Arc<OwnedFd>, view: Arc<View<B>>) -> io::Result<Self> {
        let table = File::open(MOUNT_TABLE)?;
        let end = eventfd(0, EventfdFlags::CLOEXEC)?;
        let their_end = end.try_clone()?;
        let body = move || {
            if let Err(error) = listen(&table, &their_end, &source, &view) {
                tracing::error!(%error, "what is mounted below the source is no longer watched");
            }
        };
        let thread = super::threads::spawn("mount table", body)?;
        Ok(Self { end, thread: Some(thread) })
    }
}

impl Drop for MountTableWatcher {
    fn drop(&mut self) {
        let _ = rustix::io::write(&self.end, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen<B>(table: &File, end: &OwnedFd, source: &OwnedFd, view: &View<B>) -> io::Result<()> {
    // Before anything there is looked at, which may hang.
    view.doors().set(&mount_points_below(source.as_fd()));
    let mut known = submounts(source.as_fd());
    loop {
        let mut waits = [PollFd::new(table, PollFlags::PRI), PollFd::new(end, PollFlags::IN)];
        match poll(&mut waits, None) {
            Err(rustix::io::Errno::INTR) => continue,
            outcome => outcome?,
        };
        if !waits[1].revents().is_empty() {
            return Ok(());
        }
        view.doors().set(&mount_points_below(source.as_fd()));
        let now = submounts(source.as_fd());
        for (path, _) in now.symmetric_difference(&known) {
            view.mount_changed(path.as_os_str().as_bytes());
        }
        known = now;
    }
}
