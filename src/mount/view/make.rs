//! Making names: files, folders, special files, symbolic links, hard links.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawMode, fstat, linkat, mkdirat, mknodat, openat, symlinkat};
use rustix::io::Errno;

use super::super::attr::decode_device;
use super::super::caller::Caller;
use super::super::errno::Result;
use super::super::nodes::NodeId;
use super::super::place::PathFd;
use super::{Entry, Target, View};

/// `S_ISGID`: the kernel sends it on only when the caller may set it.
pub(super) const SGID: u32 = 0o2000;

/// What to make.
#[derive(Debug, Clone, Copy)]
pub enum NewNode<'a> {
    /// A folder.
    Folder {
        /// Permission bits before the umask.
        mode: u32,
    },
    /// A regular file, device, pipe or socket.
    Special {
        /// Kind and permission bits before the umask.
        mode: u32,
        /// The device in the kernel's encoding.
        device: u32,
    },
    /// A symbolic link.
    Link {
        /// Where it points.
        target: &'a Path,
    },
}

impl<B> View<B> {
    /// Makes a name in a folder, as the caller.
    ///
    /// # Errors
    /// Those of the source; `EROFS` where the mappings hold the name.
    pub fn make(&self, parent: NodeId, name: &OsStr, new: NewNode<'_>, umask: u32, caller: Caller) -> Result<Entry> {
        let fd = self.folder_for_making(parent, name)?;
        match new {
            NewNode::Folder { mode } => caller.create(umask, mode & SGID != 0, || {
                mkdirat(fd.as_fd(), name, Mode::from_raw_mode(mode as RawMode & 0o7777))
            })?,
            NewNode::Special { mode, device } => caller.create(umask, mode & SGID != 0, || {
                let (kind, mode) = (FileType::from_raw_mode(mode as RawMode), mode as RawMode & 0o7777);
                mknodat(fd.as_fd(), name, kind, Mode::from_raw_mode(mode), decode_device(device))
            })?,
            NewNode::Link { target } => {
                caller.create(umask, false, || symlinkat(target, fd.as_fd(), name))?;
            }
        }
        self.made(parent, &fd, name)
    }

    /// Makes another name of an inode. What the mappings show cannot be linked (`EXDEV`: programs copy instead).
    ///
    /// # Errors
    /// Those of the source; `EXDEV` for a mapped picture, `EROFS` where the mappings hold the new name.
    pub fn link(&self, id: NodeId, parent: NodeId, name: &OsStr) -> Result<Entry> {
        let Target::Source(place) = self.target(id)? else { return Err(Errno::XDEV.into()) };
        let fd = self.folder_for_making(parent, name)?;
        let inode = self.devices.path_fd(&place)?;
        match linkat(inode.as_fd(), "", fd.as_fd(), name, AtFlags::EMPTY_PATH) {
            // Without CAP_DAC_READ_SEARCH the descriptor itself cannot be linked, its name in /proc can.
            Err(Errno::NOENT) if !self.devices.has_handles() => {
                linkat(CWD, inode.proc_path(), fd.as_fd(), name, AtFlags::SYMLINK_FOLLOW)?;
            }
            outcome => outcome?,
        }
        self.made(parent, &fd, name)
    }

    pub(super) fn folder_for_making(&self, parent: NodeId, name: &OsStr) -> Result<PathFd> {
        let (fd, folder) = self.source_folder(parent)?;
        if let Some(folder) = folder {
            folder.may_make(&Self::parse_name(name)?)?;
        }
        Ok(fd)
    }

    /// The entry of what was just made. Somebody else may have removed it again: then that is the answer.
    fn made(&self, parent: NodeId, fd: &PathFd, name: &OsStr) -> Result<Entry> {
        Ok(self.source_entry(fd.as_fd(), name, Some(parent))?.ok_or(Errno::NOENT)?)
    }

    /// Makes and opens a file, as the caller. Never an existing one: the kernel, which thought that there was none, has
    /// not judged whether the caller may open it. `ESTALE` makes it look anew.
    pub(super) fn create_in_source(
        &self,
        parent: NodeId,
        name: &OsStr,
        flags: OFlags,
        (mode, umask): (u32, u32),
        caller: Caller,
    ) -> Result<(Entry, std::os::fd::OwnedFd)> {
        let folder = self.folder_for_making(parent, name)?;
        let all_flags = flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = caller.create(umask, mode & SGID != 0, || {
            openat(folder.as_fd(), name, all_flags, Mode::from_raw_mode(mode as RawMode & 0o7777))
        });
        let fd = match made {
            Err(Errno::EXIST) if !flags.contains(OFlags::EXCL) => return Err(Errno::STALE.into()),
            made => made?,
        };
        let stat = fstat(&fd)?;
        let kept = fd.try_clone().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        Ok((self.enter_source(fd, &stat), kept))
    }
}
