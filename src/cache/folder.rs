//! Folders of the cache by descriptor.
//!
//! Every step is taken from an open folder and none of them follows a link, so nothing that somebody plants in the
//! cache leads a read or write elsewhere.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, FileType, FlockOperation, Mode, OFlags, RenameFlags, ResolveFlags, Stat, Timespec, Timestamps, UTIME_NOW,
    UTIME_OMIT,
};
use rustix::io::Errno;

/// Mode of new folders: readable by all (less the umask), as exported links lead here.
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o755);

/// An open folder and its path, which serves messages only.
#[derive(Debug)]
pub(super) struct Folder {
    descriptor: OwnedFd,
    path: PathBuf,
}

impl Folder {
    /// Opens the root of a cache, which may be reached through links.
    pub(super) fn open_root(path: &Path) -> Result<Self, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { descriptor: rustix::fs::open(path, flags, Mode::empty())?, path: path.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a folder in it.
    pub(super) fn enter(&self, name: &str) -> Result<Self, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let descriptor = rustix::fs::openat(&self.descriptor, name, flags, Mode::empty())?;
        Ok(Self { descriptor, path: self.path.join(name) })
    }

    /// Opens a folder in it, made where it does not exist.
    pub(super) fn enter_or_make(&self, name: &str) -> Result<Self, Errno> {
        match self.enter(name) {
            Err(Errno::NOENT) => {}
            entered => return entered,
        }
        match rustix::fs::mkdirat(&self.descriptor, name, FOLDER_MODE) {
            Ok(()) | Err(Errno::EXIST) => self.enter(name),
            Err(errno) => Err(errno),
        }
    }

    /// Opens a file in it.
    pub(super) fn open_file(&self, name: &str, flags: OFlags, mode: u32) -> Result<File, Errno> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
        let descriptor = rustix::fs::openat(&self.descriptor, name, flags, Mode::from_raw_mode(mode))?;
        Ok(File::from(descriptor))
    }

    /// Opens a file anywhere beneath it for reading, without following a link on the way.
    pub(super) fn open_beneath(&self, path: &str) -> Result<File, Errno> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(&self.descriptor, path, flags, Mode::empty(), resolve) {
            Ok(descriptor) => Ok(File::from(descriptor)),
            // Unknown to the kernel, or kept from us by a container's filter: one step at a time does the same.
            Err(Errno::NOSYS | Errno::PERM) => self.open_by_steps(path),
            Err(errno) => Err(errno),
        }
    }

    fn open_by_steps(&self, path: &str) -> Result<File, Errno> {
        match path.split_once('/') {
            Some((first, rest)) => self.enter(first)?.open_by_steps(rest),
            None => self.open_file(path, OFlags::RDONLY | OFlags::NONBLOCK, 0),
        }
    }

    /// What is there under that name itself, not behind a link; `None` when nothing is.
    pub(super) fn look(&self, name: &str) -> Result<Option<Stat>, Errno> {
        match rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    pub(super) fn remove_file(&self, name: &str) -> Result<(), Errno> {
        rustix::fs::unlinkat(&self.descriptor, name, AtFlags::empty())
    }

    /// Moves a file into another folder: over what is there, or else failing with EEXIST.
    pub(super) fn rename_to(&self, name: &str, target: &Self, new: &str, replace: bool) -> Result<(), Errno> {
        let (from, to) = (&self.descriptor, &target.descriptor);
        if replace {
            return rustix::fs::renameat(from, name, to, new);
        }
        match rustix::fs::renameat_with(from, name, to, new, RenameFlags::NOREPLACE) {
            // A file system that cannot promise it. What another process may have put there meanwhile has the same
            // bytes, so replacing it harms nobody.
            Err(Errno::INVAL | Errno::NOSYS) => rustix::fs::renameat(from, name, to, new),
            renamed => renamed,
        }
    }

    /// Waits for the lock on it, alone or with others; it ends with the value. On a file system without locks nothing is
    /// waited for.
    pub(super) fn lock(&self, is_alone: bool) {
        let how = if is_alone { FlockOperation::LockExclusive } else { FlockOperation::LockShared };
        while rustix::fs::flock(&self.descriptor, how) == Err(Errno::INTR) {}
    }

    /// Makes a file in it look as if it had just come, to whoever goes by its ctime; its mtime stays.
    pub(super) fn renew(&self, name: &str) -> Result<(), Errno> {
        let times = Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
            last_modification: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        };
        rustix::fs::utimensat(&self.descriptor, name, &times, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// The names in it, in no order.
    pub(super) fn names(&self) -> Result<Vec<String>, Errno> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.descriptor)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().to_str()
                && name != "."
                && name != ".."
            {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// Makes the names in it durable.
    pub(super) fn sync(&self) -> Result<(), Errno> {
        rustix::fs::fsync(&self.descriptor)
    }

    /// The file system it lies on.
    pub(super) fn device(&self) -> Result<u64, Errno> {
        Ok(rustix::fs::fstat(&self.descriptor)?.st_dev)
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl From<Folder> for OwnedFd {
    fn from(folder: Folder) -> Self {
        folder.descriptor
    }
}

/// Whether that is a regular file.
pub(super) fn is_file(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}
