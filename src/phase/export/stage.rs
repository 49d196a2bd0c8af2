//! A picture on its way into the target: made under one fixed name beside its place, then renamed.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::rc::Rc;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, Stat, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use crate::model::ContentHash;
use crate::phase::beneath::give_to_owner_of;
use crate::steps;

use super::picture::Picture;
use super::{ExportMode, absolute};

/// What a picture is called until it is whole. The export alone writes under it, and one at a time; so what is there
/// already was left by one that was killed.
const TEMPORARY: &str = ".posterfs-export.tmp";

/// How much is read, hashed and written at a time, in bytes.
const CHUNK_BYTES: usize = 128 << 10;

/// One picture and the folder it goes to.
pub(super) struct Stage<'a> {
    pub(super) picture: &'a Picture,
    /// What lies in the cache.
    pub(super) content: File,
    /// Where it lies.
    pub(super) cache_path: PathBuf,
    /// The folder that it goes to.
    pub(super) folder: Rc<OwnedFd>,
    pub(super) mode: ExportMode,
}

/// What is at the place now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// The picture itself.
    Same,
    /// A file, or a link, that is something else.
    File,
    /// What is no file at all.
    Other(&'static str),
}

/// Why a picture did not get there.
#[derive(Debug)]
pub(super) enum Failure {
    /// The file systems cannot do it.
    ModeImpossible(io::Error),
    /// What is in the cache is not what its name says.
    Damaged,
    /// Anything else.
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Io(errno.into())
    }
}

impl Stage<'_> {
    pub(super) fn folder(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    /// Looks at what is at the place: the same picture is told by size and hash, a link by where it leads.
    pub(super) fn look(&self) -> io::Result<Found> {
        let name = self.picture.name.as_os_str();
        let stat = match rustix::fs::statat(&*self.folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(Found::Nothing),
            stat => stat?,
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile if self.is_same_file(&stat)? => Ok(Found::Same),
            FileType::RegularFile => Ok(Found::File),
            FileType::Symlink if self.mode == ExportMode::Symlink && self.is_link_to_cache()? => Ok(Found::Same),
            FileType::Symlink => Ok(Found::File),
            FileType::Directory => Ok(Found::Other("a folder")),
            _ => Ok(Found::Other("a device, socket or the like")),
        }
    }

    /// The same by what stat says alone.
    pub(super) fn look_quickly(&self) -> io::Result<Found> {
        match rustix::fs::statat(&*self.folder, self.picture.name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(Found::Nothing),
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
                let is_same = u64::try_from(stat.st_size) == Ok(self.picture.byte_count);
                Ok(if is_same { Found::Same } else { Found::File })
            }
            _ => self.look(),
        }
    }

    /// Makes the picture under the temporary name, durable.
    pub(super) fn prepare(&self) -> Result<(), Failure> {
        match rustix::fs::unlinkat(&*self.folder, TEMPORARY, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno.into()),
        }
        let made = match self.mode {
            ExportMode::Copy => self.copy(),
            ExportMode::Reflink => self.reflink(),
            ExportMode::Hardlink => self.hardlink(),
            ExportMode::Symlink => self.symlink(),
        };
        if made.is_err() {
            self.give_up();
        }
        steps::reached("export.prepared");
        made
    }

    /// Gives the picture its name, where nothing is now.
    pub(super) fn finish(&self) -> io::Result<()> {
        let name = self.picture.name.as_os_str();
        let folder = &*self.folder;
        let renamed = match rustix::fs::renameat_with(folder, TEMPORARY, folder, name, RenameFlags::NOREPLACE) {
            // A file system that cannot promise it: look once more instead.
            Err(Errno::INVAL | Errno::NOSYS) => match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => rustix::fs::renameat(folder, TEMPORARY, folder, name),
                Ok(_) => Err(Errno::EXIST),
                Err(errno) => Err(errno),
            },
            renamed => renamed,
        };
        if renamed.is_err() {
            self.give_up();
        }
        steps::reached("export.placed");
        Ok(renamed?)
    }

    /// Removes what was prepared. What cannot be removed is replaced by the next export.
    pub(super) fn give_up(&self) {
        let _ = rustix::fs::unlinkat(&*self.folder, TEMPORARY, AtFlags::empty());
    }

    fn is_same_file(&self, stat: &Stat) -> io::Result<bool> {
        if u64::try_from(stat.st_size) != Ok(self.picture.byte_count) {
            return Ok(false);
        }
        let cached = rustix::fs::fstat(&self.content)?;
        if (cached.st_dev, cached.st_ino) == (stat.st_dev, stat.st_ino) {
            return Ok(true);
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&*self.folder, self.picture.name.as_os_str(), flags, Mode::empty())?;
        Ok(copy_hashing(&File::from(file), &mut io::sink())? == self.picture.hash)
    }

    fn is_link_to_cache(&self) -> io::Result<bool> {
        let leads_to = rustix::fs::readlinkat(&*self.folder, self.picture.name.as_os_str(), Vec::new())?;
        Ok(leads_to.as_bytes() == absolute(&self.cache_path).as_os_str().as_bytes())
    }

    fn copy(&self) -> Result<(), Failure> {
        let mut file = self.make_file()?;
        if copy_hashing(&self.content, &mut file)? != self.picture.hash {
            return Err(Failure::Damaged);
        }
        self.make_durable(&file)
    }

    fn reflink(&self) -> Result<(), Failure> {
        let file = self.make_file()?;
        rustix::fs::ioctl_ficlone(&file, &self.content).map_err(mode_impossible)?;
        self.make_durable(&file)
    }

    /// By the open file, so that it is the one that was found in the cache.
    fn hardlink(&self) -> Result<(), Failure> {
        let opened = format!("/proc/self/fd/{}", self.content.as_raw_fd());
        rustix::fs::linkat(CWD, opened, &*self.folder, TEMPORARY, AtFlags::SYMLINK_FOLLOW).map_err(mode_impossible)
    }

    fn symlink(&self) -> Result<(), Failure> {
        let target = absolute(&self.cache_path);
        rustix::fs::symlinkat(&target, &*self.folder, TEMPORARY).map_err(mode_impossible)
    }

    fn make_file(&self) -> Result<File, Failure> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::openat(&*self.folder, TEMPORARY, flags, Mode::from_raw_mode(0o600))?))
    }

    /// A file of the owner of its folder that all may read, as old as in the view.
    fn make_durable(&self, file: &File) -> Result<(), Failure> {
        give_to_owner_of(&*self.folder, file);
        rustix::fs::fchmod(file, Mode::from_raw_mode(0o644))?;
        rustix::fs::futimens(
            file,
            &Timestamps {
                last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
                last_modification: Timespec { tv_sec: self.picture.mtime.get(), tv_nsec: 0 },
            },
        )?;
        Ok(file.sync_all()?)
    }
}

/// Links and clones fail for one file as they would for all, except where the space is at an end.
fn mode_impossible(errno: Errno) -> Failure {
    match errno {
        Errno::XDEV | Errno::PERM | Errno::NOTSUP | Errno::NOTTY | Errno::INVAL | Errno::NOSYS => {
            Failure::ModeImpossible(errno.into())
        }
        errno => errno.into(),
    }
}

fn copy_hashing(mut from: &File, to: &mut impl Write) -> io::Result<ContentHash> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match from.read(&mut chunk) {
            Ok(0) => return Ok(ContentHash::new(hasher.finalize().into())),
            Ok(length) => {
                hasher.update(&chunk[..length]);
                to.write_all(&chunk[..length])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
