//! Folders beneath a root that is held open, each reached from the one above it, never through a link: nothing that a
//! path in a record says, or that somebody plants in a tree, leads a write out of it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use crate::model::{Name, RelPath};

/// How a folder is opened: itself, not what a link leads to.
pub(super) const OPEN: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// How far a path goes.
pub(super) enum Entered {
    /// To its end: the folder.
    Whole(OwnedFd),
    /// To a folder that lacks the next one; what is missing from there.
    Part(OwnedFd, Vec<Name>),
}

/// Follows a path of folders.
pub(super) fn enter(root: impl AsFd, path: &RelPath) -> io::Result<Entered> {
    let mut folder = rustix::fs::openat(root, ".", OPEN, Mode::empty())?;
    let mut components = path.components();
    while let Some(component) = components.next() {
        folder = match rustix::fs::openat(&folder, component.as_os_str(), OPEN, Mode::empty()) {
            Ok(entered) => entered,
            Err(Errno::NOENT) => {
                return Ok(Entered::Part(folder, std::iter::once(component).chain(components).collect()));
            }
            Err(Errno::LOOP | Errno::NOTDIR) => {
                let message = format!("`{component}` on the way there is a link or file, and is not followed");
                return Err(io::Error::new(io::ErrorKind::NotADirectory, message));
            }
            Err(errno) => return Err(errno.into()),
        };
    }
    Ok(Entered::Whole(folder))
}

/// Makes folders one in the other, each durable in the one above it; the innermost is returned.
pub(super) fn make(mut folder: OwnedFd, names: impl IntoIterator<Item = Name>) -> io::Result<OwnedFd> {
    for name in names {
        match rustix::fs::mkdirat(&folder, name.as_os_str(), Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
        let made = rustix::fs::openat(&folder, name.as_os_str(), OPEN, Mode::empty())?;
        give_to_owner_of(&folder, &made);
        // A file system that cannot sync folders is no reason to fail.
        let _ = rustix::fs::fsync(&folder);
        folder = made;
    }
    Ok(folder)
}

/// Gives what root made to whom the folder belongs to, as it would if the owner had made it. Where that cannot be, the
/// file is still there.
pub(super) fn give_to_owner_of(folder: impl AsFd, made: impl AsFd) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    if let Ok(stat) = rustix::fs::fstat(folder) {
        let owner = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
        if let Err(error) = rustix::fs::fchown(made, Some(owner.0), Some(owner.1)) {
            tracing::debug!(%error, "what was made stays with root");
        }
    }
}
