//! A media tree, held by a descriptor of its root.
//!
//! Everything is resolved beneath that descriptor: by `openat2` with `RESOLVE_BENEATH`, and where the kernel (or a
//! sandbox) lacks it, component by component without following any link. So neither a link nor a race leads out of the
//! tree, and a tree that a mount has since covered is still the tree beneath. Nothing here ever writes.
//!
//! - `folder.rs`: a folder held open, for asking of several things in it.

mod folder;

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Statx, StatxFlags, StatxTimestamp};
use rustix::io::Errno;

use crate::model::{Name, RelPath};

use super::LibraryError;

pub use folder::OpenFolder;

/// The longest path the kernel takes in one call, in bytes, with room for the closing NUL.
const PATH_BYTES_MAX: usize = 4095;

/// How often a resolution is repeated that a rename elsewhere disturbed (`EAGAIN`), before it counts as an error.
const RETRIES_MAX: usize = 8;

/// The root of a media tree.
#[derive(Debug)]
pub struct Source {
    root: OwnedFd,
    shown_as: PathBuf,
    /// Set once `openat2` proved to be missing; an optimisation, so any ordering will do.
    is_openat2_missing: AtomicBool,
}

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEntry {
    /// Its name.
    pub name: Name,
    /// What it is.
    pub kind: EntryKind,
}

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file, or a link to one beneath the same root.
    File,
    /// A folder.
    Folder,
    /// A link to a folder beneath the same root. It is not walked: what it leads to is met where it really is.
    LinkedFolder,
    /// Anything else: devices, sockets, links that lead nowhere or out of the tree.
    Other,
}

/// What is known of a file without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// What it is; a link counts as what it leads to.
    pub kind: EntryKind,
    /// The device it lies on, as one number.
    pub device: u64,
    /// Its inode number.
    pub inode: u64,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// When its content last changed, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// When it was made, in nanoseconds since 1970; `None` where the file system does not know.
    pub born_ns: Option<i64>,
}

impl Source {
    /// Opens the tree at that path, for reading only.
    ///
    /// # Errors
    /// When the path is missing, no folder, or may not be opened.
    pub fn open(path: &Path) -> Result<Self, LibraryError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|errno| LibraryError::Root { path: path.to_owned(), source: errno.into() })?;
        Ok(Self::from_fd(root, path.to_owned()))
    }

    /// Takes a descriptor of the root that somebody else opened, as the mounting process does before it covers the
    /// path. `shown_as` is the path that errors name; it is never opened.
    #[must_use]
    pub fn from_fd(root: OwnedFd, shown_as: PathBuf) -> Self {
        Self { root, shown_as, is_openat2_missing: AtomicBool::new(false) }
    }

    /// The full path of something in the tree, for display only.
    #[must_use]
    pub fn display_path(&self, path: &RelPath) -> PathBuf {
        if path.is_root() { self.shown_as.clone() } else { self.shown_as.join(path.as_path()) }
    }

    /// The descriptor of the root.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    /// Opens a folder, to look at it and at what lies in it. It need not be one that may be listed.
    ///
    /// # Errors
    /// When the folder is missing, is none, or lies in one that may not be searched.
    pub fn open_folder<'a>(&'a self, path: &'a RelPath) -> Result<OpenFolder<'a>, LibraryError> {
        let fd = self
            .resolve(path, OFlags::PATH | OFlags::DIRECTORY)
            .map_err(|source| self.error("look into", path, source))?;
        Ok(OpenFolder::new(self, path, fd))
    }

    /// The entries of a folder in the order of their bytes, without `.` and `..`.
    ///
    /// # Errors
    /// When the folder is missing, is none, or may not be read.
    pub fn list(&self, folder: &RelPath) -> Result<Vec<DirEntry>, LibraryError> {
        self.open_folder(folder)?.list()
    }

    /// Whether a folder has an entry of which that is so. It is not read further than that.
    ///
    /// # Errors
    /// When the folder is missing, is none, or may not be read.
    pub fn has_any(&self, folder: &RelPath, is_so: impl Fn(&Name) -> bool) -> Result<bool, LibraryError> {
        self.open_folder(folder)?.has_any(is_so)
    }

    /// Looks at an entry; a link beneath the root is followed.
    ///
    /// # Errors
    /// When it is missing, leads out of the tree, or may not be looked at.
    pub fn stat(&self, path: &RelPath) -> Result<FileStat, LibraryError> {
        let stat = || Ok(file_stat(&statx_of(self.resolve(path, OFlags::PATH)?.as_fd())?));
        stat().map_err(|source: io::Error| self.error("look at", path, source))
    }

    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// When it is missing, no regular file, leads out of the tree, or may not be read.
    pub fn open_file(&self, path: &RelPath) -> Result<File, LibraryError> {
        self.open_regular(path).map_err(|source| self.error("open", path, source))
    }

    /// The first `bytes_max` bytes of a file.
    ///
    /// # Errors
    /// As [`Source::open_file`], and when reading fails.
    pub fn read_start(&self, path: &RelPath, bytes_max: u64) -> Result<Vec<u8>, LibraryError> {
        let mut bytes = Vec::new();
        let file = self.open_file(path)?;
        file.take(bytes_max).read_to_end(&mut bytes).map_err(|source| self.error("read", path, source))?;
        Ok(bytes)
    }

    fn error(&self, doing: &'static str, path: &RelPath, source: io::Error) -> LibraryError {
        LibraryError::Read { doing, path: self.display_path(path), source }
    }

    fn open_regular(&self, path: &RelPath) -> io::Result<File> {
        // Opening a FIFO would wait for a writer, and opening some devices has effects: look first, never block.
        let file = self.resolve(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        match file_stat(&statx_of(file.as_fd())?).kind {
            EntryKind::File => Ok(File::from(file)),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")),
        }
    }

    fn resolve(&self, path: &RelPath, flags: OFlags) -> io::Result<OwnedFd> {
        let flags = flags | OFlags::CLOEXEC;
        let fits = path.as_bytes().len() < PATH_BYTES_MAX;
        if fits && !self.is_openat2_missing.load(Ordering::Relaxed) {
            match self.resolve_at_once(path, flags) {
                Err(Errno::NOSYS) => self.is_openat2_missing.store(true, Ordering::Relaxed),
                // Old container sandboxes answer EPERM for system calls that they do not know. Where it is a true
                // EPERM, the slower way finds the same.
                Err(Errno::PERM) => {}
                result => return Ok(result?),
            }
        }
        Ok(self.resolve_by_component(path, flags)?)
    }

    fn resolve_at_once(&self, path: &RelPath, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let relative = if path.is_root() { Path::new(".") } else { path.as_path() };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let mut result = Err(Errno::AGAIN);
        for _ in 0..RETRIES_MAX {
            result = rustix::fs::openat2(&self.root, relative, flags, Mode::empty(), resolve);
            if !matches!(result, Err(Errno::AGAIN | Errno::INTR)) {
                break;
            }
        }
        result
    }

    /// Opens one component after the other and follows no link at all.
    fn resolve_by_component(&self, path: &RelPath, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let Some((parent, name)) = path.split_last() else {
            return rustix::fs::openat(&self.root, ".", flags, Mode::empty());
        };
        let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut folder: Option<OwnedFd> = None;
        for component in parent.components() {
            let at = folder.as_ref().map_or(self.root.as_fd(), AsFd::as_fd);
            folder = Some(rustix::fs::openat(at, component.as_os_str(), step, Mode::empty())?);
        }
        let at = folder.as_ref().map_or(self.root.as_fd(), AsFd::as_fd);
        rustix::fs::openat(at, name.as_os_str(), flags | OFlags::NOFOLLOW, Mode::empty())
    }
}

/// What is asked of every file.
const WANTED: StatxFlags =
    StatxFlags::TYPE.union(StatxFlags::INO).union(StatxFlags::SIZE).union(StatxFlags::MTIME).union(StatxFlags::BTIME);

impl FileStat {
    /// What is known of something that is open.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn of(fd: BorrowedFd<'_>) -> io::Result<Self> {
        Ok(file_stat(&statx_of(fd)?))
    }

    /// When it came to be, as far as anybody knows: for a file on a file system that does not tell, its last change.
    #[must_use]
    pub fn born(&self) -> Option<i64> {
        let of_content = (self.kind == EntryKind::File).then_some(self.mtime_ns);
        self.born_ns.or(of_content)
    }
}

fn statx_of(fd: BorrowedFd<'_>) -> io::Result<Statx> {
    Ok(rustix::fs::statx(fd, c"", AtFlags::EMPTY_PATH, WANTED)?)
}

fn file_stat(statx: &Statx) -> FileStat {
    let kind = match FileType::from_raw_mode(statx.stx_mode.into()) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Folder,
        _ => EntryKind::Other,
    };
    FileStat {
        kind,
        device: rustix::fs::makedev(statx.stx_dev_major, statx.stx_dev_minor),
        inode: statx.stx_ino,
        size_bytes: statx.stx_size,
        mtime_ns: nanoseconds(&statx.stx_mtime),
        born_ns: (statx.stx_mask & StatxFlags::BTIME.bits() != 0).then(|| nanoseconds(&statx.stx_btime)),
    }
}

fn nanoseconds(time: &StatxTimestamp) -> i64 {
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec.into())
}

#[cfg(test)]
mod tests;
