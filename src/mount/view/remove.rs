//! Removing and renaming.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, FileType, OFlags, RenameFlags, fstat, openat, renameat_with, statat, unlinkat};

use super::super::errno::Result;
use super::super::nodes::{NodeId, source_node_id};
use super::super::notify::Stale;
use super::super::place::Place;
use super::View;

impl<B> View<B> {
    /// Removes a name that is no folder.
    ///
    /// # Errors
    /// Those of the source; `EROFS` for what the mappings show, `ENOENT` for a hidden original.
    pub fn unlink(&self, parent: NodeId, name: &OsStr) -> Result<()> {
        let (fd, folder) = self.source_folder(parent)?;
        if let Some(folder) = folder {
            folder.may_take(&Self::parse_name(name)?)?;
        }
        let doomed = self.doomed(fd.as_fd(), name);
        unlinkat(fd.as_fd(), name, AtFlags::empty())?;
        self.keep(doomed);
        Ok(())
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// Those of the source; `ENOTEMPTY` while it shows mapped pictures.
    pub fn rmdir(&self, parent: NodeId, name: &OsStr) -> Result<()> {
        let (fd, folder) = self.source_folder(parent)?;
        if let Some(folder) = folder {
            folder.may_take(&Self::parse_name(name)?)?;
        }
        if let Some(path) = self.path_in_view(parent, fd.as_fd())
            && let Some(below) = self.folder_by_path(&path.join(&Self::parse_name(name)?))
            && is_folder(fd.as_fd(), name)
        {
            below.may_be_removed()?;
        }
        let doomed = self.doomed(fd.as_fd(), name);
        unlinkat(fd.as_fd(), name, AtFlags::REMOVEDIR)?;
        self.keep(doomed);
        Ok(())
    }

    /// An inode whose last name is about to go, open. Whoever has it still, as working folder or by an `O_PATH`
    /// descriptor, goes on having it, and its number is not used anew meanwhile.
    fn doomed(&self, folder: BorrowedFd<'_>, name: &OsStr) -> Option<(NodeId, Place)> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(folder, name, flags, rustix::fs::Mode::empty()).ok()?;
        let stat = fstat(&fd).ok()?;
        let has_other_names = stat.st_nlink > 1 && FileType::from_raw_mode(stat.st_mode) != FileType::Directory;
        let known_as = self.devices.handle_place_of(fd.as_fd()).filter(|_| !has_other_names)?;
        Some((source_node_id(stat.st_ino, &known_as), self.devices.held_place_of(fd, &stat)))
    }

    /// Until the kernel, which knows who has it, forgets it.
    fn keep(&self, doomed: Option<(NodeId, Place)>) {
        if let Some((id, place)) = doomed {
            self.nodes.keep(id, place);
        }
    }

    /// Renames, with the flags of `renameat2`.
    ///
    /// # Errors
    /// Those of the source; `EROFS` where the mappings hold one of the names, `ENOENT` for a hidden original.
    pub fn rename(
        &self,
        (parent, name): (NodeId, &OsStr),
        (new_parent, new_name): (NodeId, &OsStr),
        flags: RenameFlags,
    ) -> Result<()> {
        let (from, from_folder) = self.source_folder(parent)?;
        let other = if new_parent == parent { None } else { Some(self.source_folder(new_parent)?) };
        let (to, to_folder) = other.as_ref().map_or((&from, &from_folder), |(to, folder)| (to, folder));
        if let Some(folder) = &from_folder {
            folder.may_take(&Self::parse_name(name)?)?;
        }
        if let Some(folder) = to_folder {
            folder.may_make(&Self::parse_name(new_name)?)?;
        }
        let replaces = !flags.intersects(RenameFlags::EXCHANGE | RenameFlags::NOREPLACE);
        let doomed = if replaces { self.doomed(to.as_fd(), new_name) } else { None };
        renameat_with(from.as_fd(), name, to.as_fd(), new_name, flags)?;
        self.keep(doomed);
        let moved_folder =
            is_folder(to.as_fd(), new_name) || (flags.contains(RenameFlags::EXCHANGE) && is_folder(from.as_fd(), name));
        if moved_folder {
            self.folder_moved();
        }
        Ok(())
    }

    /// A folder has another path now, and everything below it: mappings go by path.
    pub(in super::super) fn folder_moved(&self) {
        self.nodes.void_paths();
        if self.index.has_libraries() {
            self.notices.push(Stale::Everything);
        }
    }

    /// Makes the changes of a folder, or of a file, durable.
    ///
    /// # Errors
    /// Those of the source.
    pub fn sync_folder(&self, id: NodeId) -> Result<()> {
        let place = self.source_place(id)?;
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

fn is_folder(parent: BorrowedFd<'_>, name: &OsStr) -> bool {
    statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}
