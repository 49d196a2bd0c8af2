//! Making names: files, folders, special files, symbolic links, hard links.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawMode, fstat, linkat, mkdirat, mknodat, openat, symlinkat};
use rustix::io::Errno;

use crate::overlay::Refusal;

use super::super::attr::decode_device;
use super::super::caller::Caller;
use super::super::changes::Changes;
use super::super::errno::{RequestError, Result};
use super::super::nodes::NodeId;
use super::super::written::Wrote;
use super::dir::{Dir, now_or_later};
use super::{Entry, Target, View};

/// `S_ISGID`: the kernel sends it on only when the caller may set it.
pub(super) const SGID: u32 = 0o2000;

/// What to make.
#[derive(Debug, Clone)]
pub enum NewNode {
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
        target: PathBuf,
    },
}

impl<B> View<B> {
    /// Makes a name in a folder, as the caller.
    ///
    /// # Errors
    /// Those of the source; `EEXIST` where the mappings hold the name.
    pub fn make(
        &self,
        (parent, name): (NodeId, &OsStr),
        new: &NewNode,
        umask: u32,
        caller: Caller,
        changes: Option<&mut Changes>,
    ) -> Result<Entry> {
        let (dir, wrote) = self.dir_for_making(parent, name, caller, changes)?;
        let fd = dir.fd()?;
        match *new {
            NewNode::Folder { mode } => caller.create(umask, mode & SGID != 0, || {
                mkdirat(fd.as_fd(), name, Mode::from_raw_mode(mode as RawMode & 0o7777))
            })?,
            NewNode::Special { mode, device } => caller.create(umask, mode & SGID != 0, || {
                let (kind, mode) = (FileType::from_raw_mode(mode as RawMode), mode as RawMode & 0o7777);
                mknodat(fd.as_fd(), name, kind, Mode::from_raw_mode(mode), decode_device(device))
            })?,
            NewNode::Link { ref target } => {
                caller.create(umask, false, || symlinkat(target, fd.as_fd(), name))?;
            }
        }
        self.made_in_place(&dir, &Self::parse_name(name)?, wrote)?;
        self.made(parent, fd, name)
    }

    /// Makes another name of an inode. What the mappings show cannot be linked (`EXDEV`: programs copy instead).
    ///
    /// # Errors
    /// Those of the source; `EXDEV` for a mapped picture, `EEXIST` where the mappings hold the new name.
    pub fn link(
        &self,
        id: NodeId,
        (parent, name): (NodeId, &OsStr),
        caller: Caller,
        changes: Option<&mut Changes>,
    ) -> Result<Entry> {
        let Target::Source(place) = self.target(id)? else { return Err(Refusal::AnotherFileSystem.into()) };
        let (dir, wrote) = self.dir_for_making(parent, name, caller, changes)?;
        let fd = dir.fd()?;
        let inode = self.devices.path_fd(&place)?;
        match linkat(inode.as_fd(), "", fd.as_fd(), name, AtFlags::EMPTY_PATH) {
            // Without CAP_DAC_READ_SEARCH the descriptor itself cannot be linked, its name in /proc can.
            Err(Errno::NOENT) if !self.devices.has_handles() => {
                linkat(CWD, inode.proc_path(), fd.as_fd(), name, AtFlags::SYMLINK_FOLLOW)?;
            }
            outcome => outcome?,
        }
        self.made_in_place(&dir, &Self::parse_name(name)?, wrote)?;
        self.made(parent, fd, name)
    }

    /// A folder with room for a new name; with it what is made in the place of a mapped picture.
    fn dir_for_making(
        &self,
        parent: NodeId,
        name: &OsStr,
        caller: Caller,
        changes: Option<&mut Changes>,
    ) -> Result<(Dir, Option<Wrote>)> {
        let dir = self.dir(parent)?;
        let wrote = self.prepare_to_make(&dir, &Self::parse_name(name)?, caller, changes)?;
        Ok((dir, wrote))
    }

    /// The entry of what was just made. Somebody else may have removed it again: then that is the answer.
    fn made(&self, parent: NodeId, fd: BorrowedFd<'_>, name: &OsStr) -> Result<Entry> {
        Ok(self.source_entry(fd, name, Some(parent))?.ok_or(Errno::NOENT)?)
    }

    /// Makes and opens a file, as the caller. Never an existing one: the kernel, which thought that there was none, has
    /// not judged whether the caller may open it. `ESTALE` makes it look anew.
    pub(super) fn create_in_source(
        &self,
        (parent, name): (NodeId, &OsStr),
        flags: OFlags,
        (mode, umask): (u32, u32),
        caller: Caller,
        mut changes: Option<&mut Changes>,
    ) -> Result<Made> {
        let made = self.dir_for_making(parent, name, caller, changes.as_deref_mut());
        let (dir, wrote) = match made {
            // Published since the kernel looked. It does so once more, and must then find what can be written to.
            Err(RequestError::Refused(Refusal::Exists)) if !flags.contains(OFlags::EXCL) => {
                if flags.intersects(OFlags::WRONLY | OFlags::RDWR) {
                    let dir = self.dir(parent)?;
                    self.write_over_name(&dir, &Self::parse_name(name)?, caller, now_or_later(changes)?)?;
                }
                return Err(Errno::STALE.into());
            }
            made => made?,
        };
        let folder = dir.fd()?;
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
        Ok(Made { entry: self.enter_source(fd, &stat), fd: kept, dir, wrote })
    }
}

/// A file that was made in the source, open.
pub(super) struct Made {
    pub entry: Entry,
    pub fd: OwnedFd,
    pub dir: Dir,
    /// When it is in the place of a mapped picture.
    pub wrote: Option<Wrote>,
}
