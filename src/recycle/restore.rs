//! An entry back in a tree, or gone for good.
//!
//! The data leaves the bin only by the rename that gives it its name in the tree, or, across file systems, after its copy
//! there is durable; the record goes last. So a kill leaves the file in the bin, in the tree, or in both.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::model::Name;
use crate::steps;

use super::{Entry, Recycle, RecycleError, Tidied, errno_of, look_like, sync_folder};

impl Recycle {
    /// Gives an entry the name `name` in `folder`, durably, and takes it out of the bin. Nothing is ever written over.
    /// `place` is the full path, for messages.
    ///
    /// # Errors
    /// When the name is taken, the entry is gone, or cannot be moved; then it is still in the bin.
    pub fn restore(
        &self,
        entry: &Entry,
        folder: BorrowedFd<'_>,
        name: &Name,
        place: &Path,
    ) -> Result<(), RecycleError> {
        let data = format!("{}.data", entry.id);
        self.bring_back(&data, folder, name).map_err(|error| match errno_of(&error) {
            Errno::EXIST => RecycleError::Taken { place: place.to_owned() },
            Errno::NOENT if !self.has(&data) => RecycleError::Gone { id: entry.id.clone() },
            _ => RecycleError::Restore { id: entry.id.clone(), place: place.to_owned(), source: error },
        })?;
        steps::reached("recycle.back");
        self.forget(&entry.id);
        sync_folder(self.folder.as_fd());
        steps::reached("recycle.forgotten");
        Ok(())
    }

    /// Waits until nobody else is bringing anything back, and keeps others from it until the value is dropped: what is to
    /// make room for an entry must not be that entry, brought back by somebody else a moment before.
    ///
    /// # Errors
    /// When the bin cannot be opened, or the entry is gone.
    pub fn alone_with(&self, entry: &Entry) -> Result<OwnedFd, RecycleError> {
        let failed = |errno: Errno| RecycleError::Open { path: self.root.clone(), source: errno.into() };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let alone = rustix::fs::openat(&self.folder, ".", flags, Mode::empty()).map_err(failed)?;
        // Where the file system has no locks, two at once are told apart by chance.
        let _ = rustix::fs::flock(&alone, FlockOperation::LockExclusive);
        if self.has(&format!("{}.data", entry.id)) {
            Ok(alone)
        } else {
            Err(RecycleError::Gone { id: entry.id.clone() })
        }
    }

    /// Removes entries for good, durably. Those that are gone already are passed over.
    ///
    /// # Errors
    /// When one cannot be removed; those before it are gone.
    pub fn purge(&self, entries: &[Entry]) -> Result<Tidied, RecycleError> {
        let mut tidied = Tidied::default();
        for entry in entries {
            if self.purge_one(entry)? {
                tidied.entries += 1;
                tidied.bytes += entry.byte_count;
            }
        }
        if tidied.entries > 0 {
            sync_folder(self.folder.as_fd());
        }
        Ok(tidied)
    }

    /// `false` when it was gone already.
    fn purge_one(&self, entry: &Entry) -> Result<bool, RecycleError> {
        let unlinked = |ending: &str| match self.unlink(&format!("{}.{ending}", entry.id)) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => {
                Err(RecycleError::Purge { id: entry.id.clone(), root: self.root.clone(), source: errno.into() })
            }
        };
        // A record without data is no entry; data without a record would take up space that nobody sees.
        let was_there = unlinked("data")?;
        steps::reached("recycle.purged");
        unlinked("json")?;
        Ok(was_there)
    }

    pub(super) fn unlink(&self, file: &str) -> rustix::io::Result<()> {
        rustix::fs::unlinkat(&self.folder, file, AtFlags::empty())
    }

    pub(super) fn has(&self, file: &str) -> bool {
        rustix::fs::statat(&self.folder, file, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    fn bring_back(&self, data: &str, folder: BorrowedFd<'_>, name: &Name) -> io::Result<()> {
        let renamed = rename_to_free(&self.folder, Path::new(data), folder, name);
        match renamed {
            Err(Errno::XDEV) => self.copy_back(data, folder, name)?,
            renamed => renamed?,
        }
        sync_folder(folder);
        Ok(())
    }

    /// The same on another file system: a whole, durable copy takes the name. The data goes with the record.
    fn copy_back(&self, data: &str, folder: BorrowedFd<'_>, name: &Name) -> io::Result<()> {
        let stat = rustix::fs::statat(&self.folder, data, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
            let target = rustix::fs::readlinkat(&self.folder, data, Vec::new())?;
            return Ok(rustix::fs::symlinkat(target, folder, name.as_os_str())?);
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut source = File::from(rustix::fs::openat(&self.folder, data, flags, Mode::empty())?);
        let part = format!(".posterfs-{}.part", data.trim_end_matches(".data"));
        // Left by one that was killed: it is of this entry, as the name says.
        let _ = rustix::fs::unlinkat(folder, &part, AtFlags::empty());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut copy = File::from(rustix::fs::openat(folder, &part, flags, Mode::from_raw_mode(0o600))?);
        let copied = io::copy(&mut source, &mut copy)
            .and_then(|_| look_like(&copy, &stat))
            .and_then(|()| copy.sync_all())
            .and_then(|()| Ok(rename_to_free(folder, Path::new(&part), folder, name)?));
        if copied.is_err() {
            let _ = rustix::fs::unlinkat(folder, &part, AtFlags::empty());
        }
        copied
    }
}

/// Renames to a name that nothing has.
fn rename_to_free(
    from: impl std::os::fd::AsFd,
    file: &Path,
    folder: BorrowedFd<'_>,
    name: &Name,
) -> rustix::io::Result<()> {
    match rustix::fs::renameat_with(&from, file, folder, name.as_os_str(), RenameFlags::NOREPLACE) {
        // A file system that cannot promise it: a second name cannot take another's place either.
        Err(Errno::INVAL | Errno::NOSYS) => {
            rustix::fs::linkat(&from, file, folder, name.as_os_str(), AtFlags::empty())?;
            rustix::fs::unlinkat(&from, file, AtFlags::empty())
        }
        renamed => renamed,
    }
}
