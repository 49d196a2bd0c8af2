//! Files that are not yet anything.
//!
//! A picture on its way in has a name in `tmp`, and an exclusive lock (`flock`) on the file for as long as its writer
//! lives: the kernel lets the lock go when a process dies, however it dies. So a file that can be locked belongs to
//! nobody and may be swept, by any process and at any time. (A file without a name, `O_TMPFILE`, would need no
//! sweeping, but is unknown to NFS and some other file systems: one way that works everywhere is better than two.)

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use crate::model::UnixSeconds;

use super::folder::{Folder, is_file};

/// Tells the temporaries of one process apart.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A locked file in `tmp` that vanishes when dropped, unless it was moved to its place.
pub(super) struct Temporary<'a> {
    folder: &'a Folder,
    name: String,
    is_moved: bool,
    pub(super) file: File,
}

impl<'a> Temporary<'a> {
    /// Makes an empty one.
    pub(super) fn make(folder: &'a Folder) -> Result<Self, Errno> {
        loop {
            // Process numbers repeat, also between containers that share a state folder: a name that is taken is
            // passed over.
            let name = format!("put-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
            let file = match folder.open_file(&name, flags, 0o600) {
                Err(Errno::EXIST) => continue,
                opened => opened?,
            };
            let temporary = Self { folder, name, is_moved: false, file };
            if temporary.lock()? {
                return Ok(temporary);
            }
        }
    }

    /// Locks the file. `false` when a sweep came between making and locking it, and the file is or will be gone.
    fn lock(&self) -> Result<bool, Errno> {
        match try_lock(&self.file) {
            Ok(true) => Ok(rustix::fs::fstat(&self.file)?.st_nlink > 0),
            Ok(false) => Ok(false),
            // A file system without locks: sweeping finds no lock either and keeps to its age limit.
            Err(_) => Ok(true),
        }
    }

    /// Makes the bytes durable, and read-only first: the mode is part of it, so a picture is never seen writable.
    pub(super) fn make_durable(&self, mode: u32) -> io::Result<()> {
        self.file.set_permissions(Permissions::from_mode(mode))?;
        self.file.sync_all()
    }

    /// Moves the file to its place. Returns `false`, and vanishes, when something is there that is not to be replaced.
    pub(super) fn move_to(mut self, target: &Folder, name: &str, replace: bool) -> Result<bool, Errno> {
        match self.folder.rename_to(&self.name, target, name, replace) {
            Err(Errno::EXIST) if !replace => Ok(false),
            moved => {
                moved?;
                self.is_moved = true;
                Ok(true)
            }
        }
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.is_moved {
            // What cannot be removed now is swept later.
            let _ = self.folder.remove_file(&self.name);
        }
    }
}

fn try_lock(file: &File) -> Result<bool, Errno> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Removes the temporaries whose writers are dead and that were last written before that time. Returns how many.
pub(super) fn sweep(folder: &Folder, before: UnixSeconds) -> Result<u64, Errno> {
    let mut swept = 0;
    for name in folder.names()? {
        swept += u64::from(sweep_one(folder, &name, before)?);
    }
    Ok(swept)
}

fn sweep_one(folder: &Folder, name: &str, before: UnixSeconds) -> Result<bool, Errno> {
    // Locked from here on, so the name cannot move on any more; it may have done so before.
    let Some(left) = left_behind(folder, name, before)? else { return Ok(false) };
    let is_same = folder.look(name)?.is_some_and(|now| now.st_ino == left.inode);
    if is_same { folder.remove_file(name).map(|()| true) } else { Ok(false) }
}

/// The temporaries that [`sweep`] would remove.
pub(super) fn stale(folder: &Folder, before: UnixSeconds) -> Result<Vec<String>, Errno> {
    let mut stale = Vec::new();
    for name in folder.names()? {
        if left_behind(folder, &name, before)?.is_some() {
            stale.push(name);
        }
    }
    Ok(stale)
}

/// A temporary whose writer is dead, locked for as long as it is held.
struct LeftBehind {
    inode: u64,
    _file: File,
}

fn left_behind(folder: &Folder, name: &str, before: UnixSeconds) -> Result<Option<LeftBehind>, Errno> {
    let Some(stat) = folder.look(name)? else { return Ok(None) };
    if !is_file(&stat) || stat.st_mtime >= before.get() {
        return Ok(None);
    }
    let file = match folder.open_file(name, OFlags::RDONLY | OFlags::NONBLOCK, 0) {
        Err(Errno::NOENT) => return Ok(None),
        opened => opened?,
    };
    let is_dead = try_lock(&file).unwrap_or(true);
    Ok(is_dead.then_some(LeftBehind { inode: stat.st_ino, _file: file }))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn names(folder: &Folder) -> usize {
        folder.names().unwrap().len()
    }

    #[test]
    fn a_temporary_lives_as_long_as_its_writer() {
        let directory = tempfile::tempdir().unwrap();
        let folder = Folder::open_root(directory.path()).unwrap();
        let mut temporary = Temporary::make(&folder).unwrap();
        temporary.file.write_all(b"x").unwrap();
        assert_eq!((sweep(&folder, UnixSeconds::new(i64::MAX)), names(&folder)), (Ok(0), 1));
        drop(temporary);
        assert_eq!(names(&folder), 0);
    }

    #[test]
    fn what_the_dead_left_is_swept_once_it_is_old() {
        let directory = tempfile::tempdir().unwrap();
        let folder = Folder::open_root(directory.path()).unwrap();
        let left = File::create(directory.path().join("put-1-1")).unwrap();
        let written = rustix::fs::fstat(&left).unwrap().st_mtime;
        drop(left);
        std::fs::create_dir(directory.path().join("folder")).unwrap();
        assert_eq!(sweep(&folder, UnixSeconds::new(written)), Ok(0));
        assert_eq!(sweep(&folder, UnixSeconds::new(written + 1)), Ok(1));
        assert_eq!(folder.names().unwrap(), ["folder"]);
    }
}
