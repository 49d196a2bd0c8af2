//! Removing names and folders.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags, fstat, openat, unlinkat};
use rustix::io::Errno;

use crate::model::Name;
use crate::overlay::{Action, Folder, Operation, Passing, Refusal, Seen};

use super::super::caller::Caller;
use super::super::changes::{Changes, Step};
use super::super::errno::Result;
use super::super::index::FolderKey;
use super::super::nodes::NodeId;
use super::super::place::Place;
use super::View;
use super::dir::{Dir, Given, is_dir, now_or_later};
use super::list::names_in;
use super::rename::stamp;

/// What may be about to lose its last name.
pub(super) struct Doomed {
    fd: OwnedFd,
    known_as: Place,
}

impl<B> View<B> {
    /// Removes a name that is no folder. A mapped picture is gone at once, and what the source has there stays hidden.
    ///
    /// # Errors
    /// Those of the source; `ENOENT` for what is not seen, `EISDIR` for a folder of mappings.
    pub fn unlink(&self, parent: NodeId, name: &OsStr, caller: Caller, changes: Option<&mut Changes>) -> Result<()> {
        let dir = self.dir(parent)?;
        let name = Self::parse_name(name)?;
        match dir.seen(&name) {
            Seen::Hidden | Seen::Removed(_) => Err(Refusal::Absent.into()),
            Seen::Picture(_) => self.unshow(&dir, &name, &self.given(dir.key()?, caller)?, changes),
            Seen::Written(_) => self.unlink_written(&dir, &name, caller, now_or_later(changes)?),
            Seen::SourceOrFolder(_) if dir.stat(&name)?.is_none() => Err(Errno::ISDIR.into()),
            Seen::Source | Seen::SourceOrFolder(_) => {
                self.unlink_in_source(dir.fd()?, &name)?;
                self.something_was_removed(&dir);
                Ok(())
            }
        }
    }

    /// What is shown under a name is shown no more, for a while or until it is published again.
    pub(super) fn unshow(&self, dir: &Dir, name: &Name, given: &Given, changes: Option<&mut Changes>) -> Result<()> {
        let key = dir.key()?;
        let seen = dir.seen(name);
        let decided = self.decide(Operation::Unlink, (key, name), seen, given, changes.as_deref());
        let mapping = dir.folder.as_ref().and_then(|folder| folder.mapped(name));
        match (decided?, mapping) {
            (Action::Hide, _) | (Action::Withdraw, None) => self.hide(dir, name, given)?,
            (Action::Withdraw, Some(picture)) => {
                let changes = now_or_later(changes)?;
                if let (None, Some((above, folder))) = (&dir.fd, key.folder.split_last()) {
                    // Nothing may need the folder now, but whoever empties it is about to remove it.
                    let above = FolderKey { library: key.library, folder: above };
                    self.moments.set(&above, &folder, Passing::Emptied, None);
                }
                let stamp = stamp(given, "removed", changes);
                changes.catalog.withdraw(picture.id, &given.program, &stamp)?;
                self.index.drop_folders(std::slice::from_ref(key));
            }
            (Action::Absent, _) => return Err(Refusal::Absent.into()),
            _ => return Err(Refusal::ReadOnly.into()),
        }
        self.name_changed(key, &[name]);
        Ok(())
    }

    /// A program's file goes, and the picture in whose place it was does not come back at once.
    fn unlink_written(&self, dir: &Dir, name: &Name, caller: Caller, changes: &mut Changes) -> Result<()> {
        let given = self.given(dir.key()?, caller)?;
        self.unlink_in_source(dir.fd()?, name)?;
        changes.reached(Step::Done);
        self.written_went(dir, name, &given, changes)
    }

    /// A program's file is no longer under the name of a mapped picture.
    pub(super) fn written_went(&self, dir: &Dir, name: &Name, given: &Given, changes: &mut Changes) -> Result<()> {
        self.unshow(dir, name, given, Some(changes))?;
        if let Some(picture) = dir.folder.as_ref().and_then(|folder| folder.mapped(name)) {
            changes.catalog.end_write(picture.id, changes.now())?;
            self.folder_changed(dir.key()?, &[name]);
        }
        Ok(())
    }

    pub(super) fn unlink_in_source(&self, folder: BorrowedFd<'_>, name: &Name) -> Result<()> {
        let doomed = self.doomed(folder, name.as_os_str());
        unlinkat(folder, name.as_os_str(), AtFlags::empty())?;
        self.keep(doomed);
        Ok(())
    }

    /// Removes a folder that shows nothing. What is hidden in it goes to the recycle bin.
    ///
    /// # Errors
    /// Those of the source; `ENOTEMPTY` while it shows something.
    pub fn rmdir(&self, parent: NodeId, name: &OsStr, caller: Caller, mut changes: Option<&mut Changes>) -> Result<()> {
        let dir = self.dir(parent)?;
        let name = Self::parse_name(name)?;
        match dir.seen(&name) {
            Seen::Hidden | Seen::Removed(_) => return Err(Refusal::Absent.into()),
            Seen::Picture(_) => return Err(Errno::NOTDIR.into()),
            Seen::Written(_) => {
                now_or_later(changes.as_deref_mut())?;
            }
            Seen::Source | Seen::SourceOrFolder(_) => {}
        }
        let below = dir.key.as_ref().map(|key| key.join(&name));
        let shown = below.as_ref().and_then(|below| self.folder(below));
        match dir.stat(&name)? {
            None if matches!(dir.seen(&name), Seen::SourceOrFolder(_)) => {
                shown.as_ref().map_or(Ok(()), |shown| shown.may_be_removed())?;
                return self.unshow(&dir, &name, &self.given(dir.key()?, caller)?, changes);
            }
            Some(stat) if is_dir(&stat) => {
                if let (Some(below), Some(shown)) = (&below, &shown) {
                    shown.may_be_removed()?;
                    self.clear_concealed(&dir, &name, below, shown, changes.as_deref_mut())?;
                }
            }
            _ => {}
        }
        let doomed = self.doomed(dir.fd()?, name.as_os_str());
        unlinkat(dir.fd()?, name.as_os_str(), AtFlags::REMOVEDIR)?;
        self.keep(doomed);
        // When the folder comes back, so does its artwork.
        below.iter().for_each(|below| self.moments.clear_below(below));
        self.something_was_removed(&dir);
        if matches!(dir.seen(&name), Seen::Written(_)) {
            let given = self.given(dir.key()?, caller)?;
            self.written_went(&dir, &name, &given, now_or_later(changes)?)?;
        }
        Ok(())
    }

    /// What the source has in a folder that shows nothing goes to the recycle bin.
    pub(super) fn clear_concealed(
        &self,
        dir: &Dir,
        name: &Name,
        below: &FolderKey,
        shown: &Folder,
        changes: Option<&mut Changes>,
    ) -> Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = openat(dir.fd()?, name.as_os_str(), flags, Mode::empty())?;
        let there = names_in(&folder)?.names;
        if there.is_empty() {
            return Ok(());
        }
        if !there.iter().all(|name| shown.conceals(name)) {
            return Err(Refusal::NotEmpty.into());
        }
        let changes = now_or_later(changes)?;
        for name in &there {
            let stat = rustix::fs::statat(&folder, name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW)?;
            if self.is_in_cache(folder.as_fd(), name, &stat) {
                unlinkat(&folder, name.as_os_str(), AtFlags::empty())?;
            } else {
                let path = self.shown_entry(below, name);
                changes.discard(folder.as_fd(), name, &path, "its folder was removed while it was hidden")?;
            }
            changes.reached(Step::RoomMade);
        }
        Ok(())
    }

    /// An inode of which a name is about to go, open.
    pub(super) fn doomed(&self, folder: BorrowedFd<'_>, name: &OsStr) -> Option<Doomed> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(folder, name, flags, Mode::empty()).ok()?;
        let known_as = self.devices.handle_place_of(fd.as_fd())?;
        Some(Doomed { fd, known_as })
    }

    /// If that was its last name: whoever has it still, as working folder or by an `O_PATH` descriptor, or is about to open
    /// what has just been found, goes on having it, and its number is not used anew, until the kernel, which knows who
    /// has it, forgets it. How many names are left is asked afterwards, as two programs may each remove one of the last two.
    pub(super) fn keep(&self, doomed: Option<Doomed>) {
        let Some(Doomed { fd, known_as }) = doomed else { return };
        let Ok(stat) = fstat(&fd) else { return };
        if stat.st_nlink == 0 || is_dir(&stat) {
            self.nodes.keep(stat.st_ino, &known_as, known_as.held_by(fd, &stat));
        }
    }

    /// Makes the changes of a folder, or of a file, durable.
    ///
    /// # Errors
    /// Those of the source.
    pub fn sync_folder(&self, id: NodeId) -> Result<()> {
        let place = match self.target(id)? {
            super::Target::Source(place) => place,
            // What is shown is durable in the catalog.
            super::Target::Picture(_) | super::Target::Folder(_) => return Ok(()),
        };
        let fd = self.devices.open(&place, OFlags::RDONLY | OFlags::DIRECTORY)?;
        Ok(rustix::fs::fsync(fd)?)
    }

    /// Where a symbolic link points.
    ///
    /// # Errors
    /// Those of the source.
    pub fn readlink(&self, id: NodeId) -> Result<Vec<u8>> {
        let place = self.source_place(id)?;
        let fd = self.devices.path_fd(&place)?;
        Ok(rustix::fs::readlinkat(fd.as_fd(), "", Vec::new())?.into_bytes())
    }
}
