//! Opening, reading and writing.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{FallocateFlags, OFlags, SeekFrom, copy_file_range, fallocate, fstat, seek};
use rustix::io::{Errno, pread, pwrite};

use crate::catalog::MappedPicture;
use crate::overlay::{Passing, Seen};

use super::super::caller::Caller;
use super::super::changes::Changes;
use super::super::errno::{RequestError, Result};
use super::super::files::{FileId, Mode, OpenFile};
use super::super::index::FolderKey;
use super::super::nodes::NodeId;
use super::super::stats::Stats;
use super::copy::is_plain_file;
use super::make::Made;
use super::{Entry, Target, View};

/// Bits that writing must clear.
const SUID_SGID: u32 = 0o6000;

/// An open file, and how the kernel is to serve it.
#[derive(Debug)]
pub struct Opened<B> {
    /// Its number.
    pub file: FileId,
    /// Whether the kernel serves it by itself.
    pub mode: Mode<B>,
    /// Whether its content can never change: the kernel may keep pages from one open to the next.
    pub is_immutable: bool,
}

/// A file that was made and opened in one.
#[derive(Debug)]
pub struct Created<B> {
    /// The node.
    pub entry: Entry,
    /// The open file.
    pub opened: Opened<B>,
}

/// Makes the kernel's registration of a backing file.
pub type Register<'a, B> = &'a dyn Fn(BorrowedFd<'_>) -> std::io::Result<B>;

impl<B> View<B> {
    /// Opens a node with the flags of `open`.
    ///
    /// # Errors
    /// Those of the source; [`RequestError::Later`] for writing to a mapped picture, or to a file in its place that has been
    /// taken in: see [`View::write_over`].
    pub fn open(&self, id: NodeId, flags: OFlags, caller: Caller, register: Register<'_, B>) -> Result<Opened<B>> {
        match self.target(id)? {
            Target::Source(place) => {
                let _opening = self.begin_to_write(id, flags, caller)?;
                let fd = match self.devices.open(&place, daemon_flags(flags)) {
                    // A file that may only grow (`chattr +a`) is opened for nothing else.
                    Err(Errno::PERM) if flags.contains(OFlags::APPEND) => {
                        self.devices.open(&place, daemon_flags(flags) | OFlags::APPEND)?
                    }
                    fd => fd?,
                };
                Ok(self.enter_file(id, fd, register))
            }
            Target::Picture(picture) => {
                // A cache file is never writable through the mount: with passthrough the kernel would open it anew
                // with the daemon's rights, so the refusal has to come before a backing file exists.
                if flags.intersects(OFlags::WRONLY | OFlags::RDWR | OFlags::TRUNC) {
                    return Err(RequestError::Later);
                }
                let file = self.open_cached(&picture)?;
                Ok(Opened { is_immutable: true, ..self.enter_file(id, file.into(), register) })
            }
            Target::Folder(_) => Err(Errno::ISDIR.into()),
        }
    }

    /// Opens what the cache has whole, for reading: what waits for no source. `None` where that is not so, which
    /// [`View::open`] then deals with.
    pub fn open_at_hand(&self, id: NodeId, flags: OFlags, register: Register<'_, B>) -> Option<Opened<B>> {
        if flags.intersects(OFlags::WRONLY | OFlags::RDWR | OFlags::TRUNC) || super::virtual_row(id).is_none() {
            return None;
        }
        let Target::Picture(picture) = self.target(id).ok()? else { return None };
        let file = self.cache.open_file(&picture.hash, picture.extension.parse().ok()?).ok()?;
        let is_whole = file.metadata().is_ok_and(|found| found.len() == picture.byte_count);
        is_whole.then(|| Opened { is_immutable: true, ..self.enter_file(id, file.into(), register) })
    }

    /// Makes a file and opens it.
    ///
    /// # Errors
    /// Those of the source; `EEXIST` where the mappings hold the name.
    pub fn create(
        &self,
        (parent, name): (NodeId, &OsStr),
        flags: OFlags,
        (mode, umask): (u32, u32),
        (caller, changes): (Caller, Option<&mut Changes>),
        register: Register<'_, B>,
    ) -> Result<Created<B>> {
        let flags = daemon_flags(flags) | (flags & OFlags::EXCL);
        let Made { entry, fd, dir, wrote } =
            self.create_in_source((parent, name), flags, (mode, umask), caller, changes)?;
        // It is open before it is known to be in the place of a picture, so it is not taken in before it is closed.
        let opened = self.enter_file(entry.attr.ino, fd, register);
        if let Err(error) = self.made_in_place(&dir, &Self::parse_name(name)?, wrote) {
            self.release(opened.file);
            return Err(error);
        }
        Ok(Created { entry, opened })
    }

    fn enter_file(&self, node: NodeId, fd: OwnedFd, register: Register<'_, B>) -> Opened<B> {
        let (file, mode) = self.files.insert(OpenFile::new(node, fd), |fd| {
            register(fd.as_fd()).map_err(|error| self.stats.refuse_passthrough(&error)).ok()
        });
        Stats::count(match mode {
            Mode::Passthrough(_) => &self.stats.passthrough_opens,
            Mode::Cached => &self.stats.cached_opens,
        });
        Opened { file, mode, is_immutable: false }
    }

    /// Reads at an offset: as much as was asked for, less only at the end.
    ///
    /// # Errors
    /// Those of the source or cache.
    pub fn read(&self, file: FileId, offset: u64, size: u32) -> Result<Vec<u8>> {
        let open = self.open_file(file)?;
        let mut buffer = vec![0; size as usize];
        let mut filled = 0;
        while filled < buffer.len() {
            match pread(&open.fd, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(Errno::INTR) => {}
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error.into()),
            }
        }
        buffer.truncate(filled);
        Ok(buffer)
    }

    /// Writes at an offset. `clears_for` is the caller, when it lacks `CAP_FSETID`: the source is then to clear suid and
    /// sgid as it would for the caller.
    ///
    /// # Errors
    /// Those of the source.
    pub fn write(&self, file: FileId, offset: u64, data: &[u8], clears_for: Option<Caller>) -> Result<usize> {
        let open = self.open_file(file)?;
        let write = || pwrite(&open.fd, data, offset);
        Ok(match clears_for {
            Some(caller) if bears_bits(&open.fd) => caller.change(write)?,
            _ => write()?,
        })
    }

    /// Closes an open file. What was written in the place of a mapped picture is taken in after its last writer.
    pub fn release(&self, file: FileId) {
        let was_for_writing = self.files.is_for_writing(file);
        let Some(open) = self.files.remove(file) else { return };
        if was_for_writing {
            self.written.look_if_closed(open.node, || self.files.has_writer(open.node));
        }
    }

    /// Opens a picture in the cache. One that is missing, or has lost bytes, is given up: an original that it hides is
    /// seen again.
    ///
    /// # Errors
    /// `ESTALE` when something else is to be seen under its name now; `EIO` when there is nothing else.
    fn open_cached(&self, picture: &MappedPicture) -> Result<File> {
        // The catalog holds no other extensions than those of the cache's formats.
        let format = picture.extension.parse().map_err(|_| Errno::IO)?;
        let opened = self.cache.open_file(&picture.hash, format);
        let is_whole = |file: &File| file.metadata().is_ok_and(|found| found.len() == picture.byte_count);
        match opened {
            Ok(file) if is_whole(&file) => return Ok(file),
            Ok(_) => self.give_up(picture, &"it has lost bytes"),
            Err(error) => self.give_up(picture, &error),
        }
        let seen = self.instead_of(picture)?;
        Err(if seen { Errno::STALE } else { Errno::IO }.into())
    }

    fn give_up(&self, picture: &MappedPicture, why: &dyn std::fmt::Display) {
        if self.moments.lose(picture.hash, picture.byte_count) {
            let (hash, name) = (&picture.hash, &picture.name);
            tracing::error!(%hash, %name, %why, "a picture is missing from the cache or damaged; run `posterfs verify`");
        }
        self.ticker.wake();
    }

    /// Whether something else is seen in the place of a lost picture: what the source has there, or an original.
    fn instead_of(&self, picture: &MappedPicture) -> Result<bool> {
        let mapping = self.index.mapping(picture.id)?.ok_or(Errno::STALE)?;
        let key = FolderKey { library: mapping.library, folder: mapping.folder };
        let path = self.index.path_in_view(&key).ok_or(Errno::STALE)?;
        if self.open_in_source(&path).is_ok_and(|folder| is_plain_file(folder.as_fd(), &mapping.name)) {
            self.moments.set(&key, &mapping.name, Passing::Source(Some(mapping.id)), None);
        }
        let folder = self.folder(&key).ok_or(Errno::STALE)?;
        let names: Vec<_> = folder.names().cloned().collect();
        let is_seen = matches!(folder.at(&mapping.name), Seen::Picture(_));
        if !is_seen {
            self.name_changed(&key, &names.iter().collect::<Vec<_>>());
        }
        Ok(!is_seen)
    }

    /// Makes a file durable.
    ///
    /// # Errors
    /// Those of the source.
    pub fn fsync(&self, file: FileId, data_only: bool) -> Result<()> {
        let open = self.open_file(file)?;
        if data_only {
            rustix::fs::fdatasync(&open.fd)?
        } else {
            rustix::fs::fsync(&open.fd)?
        }
        Ok(())
    }

    /// Allocates or frees space in a file.
    ///
    /// # Errors
    /// Those of the source.
    pub fn fallocate(&self, file: FileId, offset: u64, length: u64, mode: i32, caller: Caller) -> Result<()> {
        let open = self.open_file(file)?;
        let mode = FallocateFlags::from_bits_retain(mode.cast_unsigned());
        let work = || fallocate(&open.fd, mode, offset, length);
        if bears_bits(&open.fd) {
            caller.change(work)?
        } else {
            caller.within_limits(work)?
        }
        Ok(())
    }

    /// Finds data, holes and the end of a file.
    ///
    /// # Errors
    /// Those of the source; `EINVAL` for an unknown way of seeking.
    pub fn lseek(&self, file: FileId, offset: i64, whence: i32) -> Result<u64> {
        let open = self.open_file(file)?;
        let unsigned = u64::try_from(offset);
        let to = match whence {
            libc::SEEK_SET => SeekFrom::Start(unsigned.map_err(|_| Errno::INVAL)?),
            libc::SEEK_CUR => SeekFrom::Current(offset),
            libc::SEEK_END => SeekFrom::End(offset),
            libc::SEEK_DATA => SeekFrom::Data(unsigned.map_err(|_| Errno::NXIO)?),
            libc::SEEK_HOLE => SeekFrom::Hole(unsigned.map_err(|_| Errno::NXIO)?),
            _ => return Err(Errno::INVAL.into()),
        };
        Ok(seek(&open.fd, to)?)
    }

    /// Copies within the source without the bytes passing through anybody.
    ///
    /// # Errors
    /// Those of the source.
    pub fn copy_range(
        &self,
        (from, mut from_offset): (FileId, u64),
        (to, mut to_offset): (FileId, u64),
        length: u64,
        caller: Caller,
    ) -> Result<usize> {
        let (from, to) = (self.open_file(from)?, self.open_file(to)?);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let work = || copy_file_range(&from.fd, Some(&mut from_offset), &to.fd, Some(&mut to_offset), length);
        Ok(if bears_bits(&to.fd) { caller.change(work)? } else { caller.within_limits(work)? })
    }

    pub(super) fn open_file(&self, file: FileId) -> Result<Arc<OpenFile>> {
        Ok(self.files.get(file).ok_or(Errno::BADF)?)
    }
}

/// The flags for our own descriptor. The kernel has done what the others mean; offsets of appending writes come from
/// it, and our buffers are not made for direct writes.
fn daemon_flags(flags: OFlags) -> OFlags {
    let done = OFlags::CREATE | OFlags::EXCL | OFlags::NOCTTY | OFlags::TRUNC | OFlags::NOFOLLOW;
    flags.difference(done | OFlags::APPEND | OFlags::DIRECT) | OFlags::CLOEXEC
}

/// Whether a file bears suid or sgid, which a change must clear unless its maker may keep them. (Capabilities go with
/// every change, whoever makes it.) Few files of a media library do.
pub(super) fn bears_bits(fd: impl AsFd) -> bool {
    fstat(&fd).is_ok_and(|stat| stat.st_mode & SUID_SGID != 0)
}
