//! The recycle bin: what posterfs removes from a tree goes here first, and can be brought back.
//!
//! An entry is two files of one name: `<id>.json` says what it was, `<id>.data` is the file itself. The record is
//! durable before the file moves, and the file leaves its place only by the rename that brings it here, or, across
//! file systems, after its copy is durable. So at every instant the file is where it was, or here with its record.
//! A record without data is a move that never happened.
//!
//! - `record`: what is written down of an entry
//! - `restore`: an entry back in a tree, or gone for good
//! - `limits`: what goes by itself

mod limits;
mod record;
mod restore;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, RenameFlags, Stat, Timespec, Timestamps, UTIME_OMIT, Uid};
use rustix::io::Errno;

use crate::lasting;
use crate::model::{Name, UnixSeconds};
use crate::steps;

pub use limits::{Limits, Tidied};

/// Tells the entries of one process apart.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A folder of removed files. May be used by several threads and processes at once.
pub struct Recycle {
    folder: OwnedFd,
    root: PathBuf,
}

/// A removed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the bin, without ending.
    pub id: String,
    /// Where it was.
    pub origin: PathBuf,
    /// Why it was removed.
    pub reason: String,
    /// When.
    pub removed_at: UnixSeconds,
    /// Its size in bytes; of a link that of its target's name.
    pub byte_count: u64,
}

/// Why a file was not removed. It is then still where it was.
#[derive(Debug, thiserror::Error)]
pub enum RecycleError {
    /// The bin cannot be made or opened.
    #[error("cannot open the recycle bin {}: {source}", path.display())]
    Open {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The bin is full.
    #[error(
        "no space left in the recycle bin {} for {}; free some there, or empty the bin (`posterfs recycle purge`)",
        root.display(), origin.display()
    )]
    Full {
        /// The folder of the bin.
        root: PathBuf,
        /// The file that was to go there.
        origin: PathBuf,
    },
    /// It is a folder, device or the like.
    #[error("{} is no file, and only files go to the recycle bin", origin.display())]
    NotAFile {
        /// What it is.
        origin: PathBuf,
    },
    /// Somebody wrote to it, or replaced it, while it was copied.
    #[error("{} was changed while it was being moved to the recycle bin; try again", origin.display())]
    Changed {
        /// The file.
        origin: PathBuf,
    },
    /// Something has the name that an entry was to get; nothing is ever written over.
    #[error("{} is there already; `--force` moves it to the recycle bin first", place.display())]
    Taken {
        /// The place.
        place: PathBuf,
    },
    /// An entry was brought back or purged meanwhile.
    #[error("the entry {id} of the recycle bin is gone; `posterfs recycle list` shows what is left")]
    Gone {
        /// Which.
        id: String,
    },
    /// An entry cannot be brought back. It is still in the bin.
    #[error("cannot bring {} back to {}: {source}", id, place.display())]
    Restore {
        /// Which.
        id: String,
        /// Where it was to go.
        place: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// An entry cannot be removed from the bin.
    #[error("cannot remove {id} from the recycle bin {}: {source}", root.display())]
    Purge {
        /// Which.
        id: String,
        /// The folder of the bin.
        root: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Anything else.
    #[error("cannot move {} to the recycle bin {}: {source}", origin.display(), root.display())]
    Move {
        /// The file.
        origin: PathBuf,
        /// The folder of the bin.
        root: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// A file on its way, before it is known how it went.
struct Removal<'a> {
    folder: BorrowedFd<'a>,
    name: &'a Name,
    stat: Stat,
}

impl fmt::Debug for Recycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recycle").field("root", &self.root).finish()
    }
}

impl Recycle {
    /// Opens the bin in that folder, which is made where it does not exist.
    ///
    /// # Errors
    /// When it cannot be made or opened.
    pub fn open(root: &Path) -> Result<Self, RecycleError> {
        let failed = |source: io::Error| RecycleError::Open { path: root.to_owned(), source };
        lasting::make_folder(root, 0o700).map_err(failed)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(root, flags, Mode::empty()).map_err(|errno| failed(errno.into()))?;
        Ok(Self { folder, root: root.to_owned() })
    }

    /// Moves the file `name` out of `folder` into the bin, durably. A link is moved itself, not what it leads to.
    /// `origin` is the full path, for the record.
    ///
    /// # Errors
    /// When it is no file, changes meanwhile, or cannot be moved; then it is still there.
    pub fn take(
        &self,
        folder: BorrowedFd<'_>,
        name: &Name,
        origin: &Path,
        reason: &str,
        now: UnixSeconds,
    ) -> Result<Entry, RecycleError> {
        let failed = |errno: Errno| self.error(origin, errno);
        let stat = rustix::fs::statat(folder, name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
        if !matches!(FileType::from_raw_mode(stat.st_mode), FileType::RegularFile | FileType::Symlink) {
            return Err(RecycleError::NotAFile { origin: origin.to_owned() });
        }
        let byte_count = u64::try_from(stat.st_size).unwrap_or(0);
        let entry = Entry {
            id: String::new(),
            origin: origin.to_owned(),
            reason: reason.to_owned(),
            removed_at: now,
            byte_count,
        };
        let entry = self.write_record(entry).map_err(|error| failed(errno_of(&error)))?;
        steps::reached("recycle.recorded");
        match self.bring(&Removal { folder, name, stat }, &entry.id) {
            Ok(true) => Ok(entry),
            Ok(false) => Err(RecycleError::Changed { origin: origin.to_owned() }),
            Err(error) => Err(failed(errno_of(&error))),
        }
    }

    /// What is in the bin, oldest first.
    ///
    /// # Errors
    /// When the bin cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, RecycleError> {
        let failed = |source: io::Error| RecycleError::Open { path: self.root.clone(), source };
        let mut entries = Vec::new();
        for found in rustix::fs::Dir::read_from(&self.folder).map_err(|errno| failed(errno.into()))? {
            let found = found.map_err(|errno| failed(errno.into()))?;
            let Some(id) = found.file_name().to_str().ok().and_then(|name| name.strip_suffix(".json")) else {
                continue;
            };
            let Ok(data) = rustix::fs::statat(&self.folder, format!("{id}.data"), AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            // What the data has, not what the record says it has, is what the bin takes up.
            let byte_count = u64::try_from(data.st_size).unwrap_or(0);
            entries.extend(record::read(self.folder.as_fd(), id).map(|entry| Entry { byte_count, ..entry }));
        }
        entries.sort_unstable_by(|a: &Entry, b| (a.removed_at, &a.id).cmp(&(b.removed_at, &b.id)));
        Ok(entries)
    }

    /// Where the data of an entry lies.
    #[must_use]
    pub fn data_path(&self, entry: &Entry) -> PathBuf {
        self.root.join(format!("{}.data", entry.id))
    }

    /// Gives the entry its id and makes its record durable.
    fn write_record(&self, entry: Entry) -> io::Result<Entry> {
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let id = format!("{}-{}-{number}", entry.removed_at, std::process::id());
            // Process numbers repeat: a name that is taken is passed over.
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let opened = rustix::fs::openat(&self.folder, format!("{id}.json"), flags, Mode::from_raw_mode(0o600));
            let mut file = match opened {
                Err(Errno::EXIST) => continue,
                opened => File::from(opened?),
            };
            let entry = Entry { id, ..entry };
            let written = file.write_all(&record::to_json(&entry)?).and_then(|()| file.sync_all());
            if let Err(error) = written.and_then(|()| Ok(rustix::fs::fsync(&self.folder)?)) {
                self.forget(&entry.id);
                return Err(error);
            }
            return Ok(entry);
        }
    }

    /// Brings the file here. `false` when it changed meanwhile; then, as on an error, it is still there.
    fn bring(&self, removal: &Removal<'_>, id: &str) -> io::Result<bool> {
        let data = format!("{id}.data");
        match rustix::fs::renameat(removal.folder, removal.name.as_os_str(), &self.folder, &data) {
            Ok(()) => {}
            Err(Errno::XDEV) => return self.bring_across(removal, id),
            Err(errno) => {
                self.forget(id);
                return Err(errno.into());
            }
        }
        steps::reached("recycle.in_bin");
        if let Err(errno) = rustix::fs::fsync(&self.folder) {
            self.give_back(removal, id);
            return Err(errno.into());
        }
        sync_folder(removal.folder);
        steps::reached("recycle.gone");
        Ok(true)
    }

    /// Undoes the rename. Where that fails, too, the file stays in the bin with its record.
    fn give_back(&self, removal: &Removal<'_>, id: &str) {
        let (data, name) = (format!("{id}.data"), removal.name.as_os_str());
        if rustix::fs::renameat_with(&self.folder, data, removal.folder, name, RenameFlags::NOREPLACE).is_ok() {
            self.forget(id);
        }
    }

    /// The same from another file system: copy, make durable, look again, unlink. Only the copy is ever forgotten.
    fn bring_across(&self, removal: &Removal<'_>, id: &str) -> io::Result<bool> {
        let unlinked = self.copy(removal, id).and_then(|()| {
            steps::reached("recycle.in_bin");
            unlink_if_same(removal)
        });
        match unlinked {
            Ok(true) => {
                sync_folder(removal.folder);
                steps::reached("recycle.gone");
            }
            _ => self.forget(id),
        }
        unlinked
    }

    fn copy(&self, removal: &Removal<'_>, id: &str) -> io::Result<()> {
        if FileType::from_raw_mode(removal.stat.st_mode) == FileType::Symlink {
            let target = rustix::fs::readlinkat(removal.folder, removal.name.as_os_str(), Vec::new())?;
            rustix::fs::symlinkat(target, &self.folder, format!("{id}.data"))?;
        } else {
            self.copy_data(removal, id)?;
        }
        Ok(rustix::fs::fsync(&self.folder)?)
    }

    fn copy_data(&self, removal: &Removal<'_>, id: &str) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let mut source =
            File::from(rustix::fs::openat(removal.folder, removal.name.as_os_str(), flags, Mode::empty())?);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let part = format!("{id}.part");
        let mut copy = File::from(rustix::fs::openat(&self.folder, &part, flags, Mode::from_raw_mode(0o600))?);
        io::copy(&mut source, &mut copy)?;
        look_like(&copy, &removal.stat)?;
        copy.sync_all()?;
        Ok(rustix::fs::renameat(&self.folder, &part, &self.folder, format!("{id}.data"))?)
    }

    /// Removes what a failed move left; what cannot be removed is no entry anyway.
    fn forget(&self, id: &str) {
        for ending in ["part", "data", "json"] {
            let _ = rustix::fs::unlinkat(&self.folder, format!("{id}.{ending}"), AtFlags::empty());
        }
    }

    fn error(&self, origin: &Path, errno: Errno) -> RecycleError {
        let (origin, root) = (origin.to_owned(), self.root.clone());
        match errno {
            Errno::NOSPC | Errno::DQUOT => RecycleError::Full { root, origin },
            _ => RecycleError::Move { origin, root, source: errno.into() },
        }
    }
}

/// `false` when it is no longer what was copied.
fn unlink_if_same(removal: &Removal<'_>) -> io::Result<bool> {
    let now = rustix::fs::statat(removal.folder, removal.name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW)?;
    let is_same = is_same(&removal.stat, &now);
    if is_same {
        rustix::fs::unlinkat(removal.folder, removal.name.as_os_str(), AtFlags::empty())?;
    }
    Ok(is_same)
}

/// Makes it durable that the file is gone. It is safe in the bin, so a file system that cannot sync folders is no
/// reason to fail.
fn sync_folder(folder: BorrowedFd<'_>) {
    // The descriptor may be one of those that only name a folder (O_PATH).
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let synced = rustix::fs::openat(folder, ".", flags, Mode::empty()).and_then(rustix::fs::fsync);
    if let Err(error) = synced {
        tracing::debug!(%error, "cannot sync the folder of a removed file");
    }
}

/// Gives a copy the owner, mode and time of what it is a copy of. The owner only where that may be.
fn look_like(copy: &File, stat: &Stat) -> io::Result<()> {
    let owner = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    if let Err(error) = rustix::fs::fchown(copy, Some(owner.0), Some(owner.1)) {
        tracing::debug!(%error, "a copied file stays with whoever copied it");
    }
    rustix::fs::fchmod(copy, Mode::from_raw_mode(stat.st_mode))?;
    Ok(rustix::fs::futimens(copy, &mtime_of(stat))?)
}

fn is_same(before: &Stat, now: &Stat) -> bool {
    let identity = |stat: &Stat| (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime, stat.st_mtime_nsec);
    identity(before) == identity(now)
}

fn mtime_of(stat: &Stat) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: stat.st_mtime, tv_nsec: stat.st_mtime_nsec as _ },
    }
}

fn errno_of(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
