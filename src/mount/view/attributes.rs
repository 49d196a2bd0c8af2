//! Attributes: reading and changing them, and the figures of the file system.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{
    AtFlags, CWD, Gid, Mode, OFlags, RawMode, Stat, StatVfs, Timespec, Timestamps, Uid, chmodat, chownat, fstat,
    fstatvfs, ftruncate, utimensat,
};
use rustix::io::Errno;

use crate::catalog::{MappedPicture, ShownAttributes};
use crate::model::RelPath;

use super::super::attr::{Attr, Owner};
use super::super::caller::Caller;
use super::super::changes::Changes;
use super::super::errno::{RequestError, Result};
use super::super::files::{FileId, OpenFile};
use super::super::index::FolderKey;
use super::super::nodes::{NodeId, ROOT, is_moved, source_node_id};
use super::super::notify::Stale;
use super::super::place::{PathFd, Place};
use super::super::submounts::open_below;
use super::dir::now_or_later;
use super::make::SGID;
use super::open::bears_bits;
use super::{Target, View};

/// A time to set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewTime {
    /// The source's present time.
    Now,
    /// Seconds since 1970, and nanoseconds after that.
    At(i64, u32),
}

/// The attributes to change; `None` stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewAttributes {
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// Last access.
    pub atime: Option<NewTime>,
    /// Last change of the content.
    pub mtime: Option<NewTime>,
}

impl<B> View<B> {
    /// The attributes of a node, through an open file where one is given.
    ///
    /// # Errors
    /// Those of the source; `ESTALE` when the node is gone.
    pub fn getattr(&self, id: NodeId, file: Option<FileId>) -> Result<Attr> {
        match self.target(id)? {
            Target::Picture(picture) => {
                let owner = self.owner_of_mapping(id)?;
                self.last_seen.note_owner(id, Some(owner));
                Ok(Attr::of_mapped(id, &picture, owner))
            }
            Target::Folder(folder) => {
                let (key, changed_at) = self.index.synthetic_folder(folder)?.ok_or(Errno::STALE)?;
                let attr = Attr::of_folder(id, changed_at, self.owner_of_mapping(id)?);
                Ok(attr.with_set(self.set_of_folder(&key).as_ref()))
            }
            Target::Source(place) => {
                if let Some(open) = file.and_then(|file| self.files.get(file)) {
                    let stat = fstat(&open.fd)?;
                    return Ok(Attr::of_source(Self::number_shown(id, &place, &stat), &stat));
                }
                let (fd, stat) = self.stat_place(id, &place)?;
                let mut attr = Attr::of_source(Self::number_shown(id, &place, &stat), &stat);
                if attr.is_folder()
                    && let Some(fd) = fd
                {
                    Self::adorn_folder(&mut attr, self.folder_at(id, fd.as_fd()).as_deref());
                }
                Ok(attr)
            }
        }
    }

    /// What `stat` shows as the inode number of a node of the source.
    pub(super) fn number_shown(id: NodeId, place: &Place, stat: &Stat) -> u64 {
        match id {
            ROOT => stat.st_ino,
            moved if is_moved(moved) => source_node_id(stat.st_ino, place),
            _ => id,
        }
    }

    /// Attributes by place, or through any open file when the last name of the inode is gone.
    fn stat_place(&self, id: NodeId, place: &Place) -> Result<(Option<PathFd>, Stat)> {
        match self.devices.path_fd(place) {
            Ok(fd) => {
                let stat = fstat(fd.as_fd())?;
                Ok((Some(fd), stat))
            }
            Err(Errno::STALE) => {
                let open = self.files.any_of(id).ok_or(Errno::STALE)?;
                Ok((None, fstat(&open.fd)?))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Changes attributes, as the caller where the source makes a difference of it, and reads them back.
    ///
    /// # Errors
    /// Those of the source; `ESTALE` when a mapped picture is to be truncated and the kernel has to look again.
    pub fn setattr(
        &self,
        id: NodeId,
        file: Option<FileId>,
        new: NewAttributes,
        caller: Caller,
        changes: Option<&mut Changes>,
    ) -> Result<Attr> {
        let place = match self.target(id)? {
            Target::Source(place) => place,
            Target::Picture(_) if new.size.is_some() => {
                self.write_over(id, caller, changes)?;
                return Err(Errno::STALE.into());
            }
            Target::Picture(_) | Target::Folder(_) => return self.set_shown(id, new, changes),
        };
        let open = file.and_then(|file| self.files.get(file));
        let _opening = match new.size.map(|_| self.begin_to_write(id, OFlags::WRONLY, caller)).transpose() {
            Err(RequestError::Later) => {
                self.write_over(id, caller, changes)?;
                return Err(Errno::STALE.into());
            }
            opening => opening?,
        };
        if let Some(size) = new.size {
            self.truncate(&place, open.as_deref().map(|file| &file.fd), size, caller)?;
        }
        if new != (NewAttributes { size: new.size, ..NewAttributes::default() }) {
            let fd = self.changing_fd(id, &place, open)?;
            change_owner(&fd, new, caller)?;
            change_mode(&fd, new)?;
            change_times(&fd, new)?;
        } else if new.size.is_none() {
            self.clear_privileges(id, &self.changing_fd(id, &place, open)?, caller)?;
        }
        let attr = self.getattr(id, file)?;
        if attr.is_folder() && (new.uid.is_some() || new.gid.is_some()) {
            self.owner_changed(id, &place);
        }
        Ok(attr)
    }

    /// Remembers attributes of what the mappings show.
    fn set_shown(&self, id: NodeId, new: NewAttributes, changes: Option<&mut Changes>) -> Result<Attr> {
        if new == NewAttributes::default() {
            return self.getattr(id, None);
        }
        let changes = now_or_later(changes)?;
        let now = changes.now().get();
        let (key, name, picture) = match self.target(id)? {
            Target::Picture(picture) => {
                let mapping = self.index.mapping(picture.id)?.ok_or(Errno::STALE)?;
                let key = FolderKey { library: mapping.library, folder: mapping.folder };
                (key, mapping.name, Some(picture))
            }
            Target::Folder(folder) => {
                let (key, _) = self.index.synthetic_folder(folder)?.ok_or(Errno::STALE)?;
                let (parent, name) = key.folder.split_last().ok_or(Errno::STALE)?;
                (FolderKey { library: key.library, folder: parent }, name, None)
            }
            Target::Source(_) => return Err(Errno::STALE.into()),
        };
        let folder = self.folder(&key).ok_or(Errno::STALE)?;
        let known = match picture {
            Some(_) => folder.mapped(&name).and_then(|picture| picture.set),
            None => folder.folder_of_mappings(&name).and_then(|folder| folder.set),
        };
        let set = merged(known.unwrap_or_default(), new, now);
        let mapping = picture.as_ref().map(|picture| picture.id);
        changes.catalog.remember_attributes(key.library, (&key.folder, &name), mapping, &set)?;
        self.index.drop_folders(std::slice::from_ref(&key));
        if let Some(picture) = picture {
            self.nodes.update_picture(id, Arc::new(MappedPicture { set: Some(set), ..(*picture).clone() }));
        }
        self.getattr(id, None)
    }

    /// What programs have set for a folder of mappings.
    fn set_of_folder(&self, key: &FolderKey) -> Option<ShownAttributes> {
        let (parent, name) = key.folder.split_last()?;
        let above = self.folder(&FolderKey { library: key.library, folder: parent })?;
        above.folder_of_mappings(&name)?.set
    }

    /// By place, or through any open file when the last name of the inode is gone.
    fn changing_fd(&self, id: NodeId, place: &Place, open: Option<Arc<OpenFile>>) -> Result<PathFd> {
        match (self.devices.path_fd(place), open.or_else(|| self.files.any_of(id))) {
            (Err(Errno::STALE), Some(open)) => {
                let held = open.fd.try_clone().map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))?;
                Ok(PathFd::Held(Arc::new(held)))
            }
            (fd, _) => Ok(fd?),
        }
    }

    /// Changing nothing has a meaning: suid and sgid are to go. The kernel asks for it before a write to a file that
    /// bears them or capabilities, passed through or not, where the writer may not keep them, and for a `chown` that
    /// names neither user nor group. It does not say which, but a writer has the file open.
    fn clear_privileges(&self, id: NodeId, fd: &PathFd, caller: Caller) -> Result<()> {
        let chown = || chownat(fd.as_fd(), "", None, None, AtFlags::EMPTY_PATH);
        // The kernel tells either of the numbers that it was told.
        let numbers = [id, fstat(fd.as_fd())?.st_ino];
        if !caller.has_open_for_writing(&numbers).unwrap_or_else(|| self.files.has_writer(id)) {
            return Ok(caller.change_own(chown)?);
        }
        // A writer who may keep the bits was asked about capabilities, which the kernel takes away itself.
        if caller.keeps_bits() && bears_bits(fd.as_fd()) { Ok(()) } else { Ok(caller.change(chown)?) }
    }

    /// Pictures belong to whoever owns their folder: what the kernel holds of them is stale now.
    fn owner_changed(&self, id: NodeId, place: &Place) {
        let Ok(fd) = self.devices.path_fd(place) else { return };
        if let Some(folder) = self.folder_at(id, fd.as_fd()) {
            for picture in folder.pictures() {
                let node = super::super::nodes::picture_node_id(picture.id);
                self.last_seen.note_owner(node, None);
                self.notices.push(Stale::Attributes(node));
            }
        }
    }

    /// A caller without `CAP_FSETID` makes the source clear suid and sgid, as it does on a truncation of its own.
    fn truncate(&self, place: &Place, open: Option<&OwnedFd>, size: u64, caller: Caller) -> Result<()> {
        let truncate = |fd: &OwnedFd| {
            if bears_bits(fd) { caller.change(|| ftruncate(fd, size)) } else { ftruncate(fd, size) }
        };
        if let Some(fd) = open
            && truncate(fd).is_ok()
        {
            return Ok(());
        }
        // Opened for reading only, or not at all: the kernel has checked that the caller may write.
        Ok(truncate(&self.devices.open(place, OFlags::WRONLY)?)?)
    }

    /// The owner of what the mappings show: that of the nearest folder of the source above it.
    fn owner_of_mapping(&self, id: NodeId) -> Result<Owner> {
        let key = match super::virtual_row(id) {
            Some(super::VirtualRow::Picture(mapping)) => self
                .index
                .mapping(mapping)?
                .map(|record| super::super::index::FolderKey { library: record.library, folder: record.folder }),
            Some(super::VirtualRow::Folder(folder)) => self.index.synthetic_folder(folder)?.map(|(key, _)| key),
            None => None,
        };
        let mut path = key.and_then(|key| self.index.path_in_view(&key)).unwrap_or_default();
        loop {
            match self.open_in_source(&path) {
                Ok(fd) => return Ok(Attr::of_source(id, &fstat(fd)?).owner()),
                Err(error) => path = path.parent().ok_or(error)?,
            }
        }
    }

    /// The number of what the source has at that path of the view; `None` when it has nothing there.
    pub(in super::super) fn source_node_at(&self, path: &RelPath) -> Option<NodeId> {
        if path.is_root() {
            return Some(ROOT);
        }
        let fd = self.open_in_source(path).ok()?;
        let stat = fstat(&fd).ok()?;
        Some(self.nodes.number_of(stat.st_ino, &self.devices.place_of(fd, &stat)))
    }

    /// Opens what the source has at that path of the view, never following a link out of it.
    pub(super) fn open_in_source(&self, path: &RelPath) -> Result<OwnedFd> {
        let open = || open_below(self.devices.source().as_fd(), path.as_path(), OFlags::PATH);
        Ok(self.gate.within(self.scope_on_the_way(path), open)?)
    }

    /// The figures of the file system that the node is on.
    ///
    /// # Errors
    /// Those of the source.
    pub fn statfs(&self, id: NodeId) -> Result<StatVfs> {
        match self.target(id)? {
            Target::Source(place) => match self.devices.path_fd(&place) {
                Err(Errno::STALE) => Ok(fstatvfs(self.devices.source())?),
                fd => Ok(fstatvfs(fd?.as_fd())?),
            },
            Target::Picture(_) | Target::Folder(_) => Ok(fstatvfs(self.devices.source())?),
        }
    }
}

/// What is set from now on.
fn merged(known: ShownAttributes, new: NewAttributes, now: i64) -> ShownAttributes {
    let time = |new: Option<NewTime>, known| match new {
        None => known,
        Some(NewTime::Now) => Some((now, 0)),
        Some(NewTime::At(seconds, fraction)) => Some((seconds, fraction)),
    };
    ShownAttributes {
        mode: new.mode.map(|mode| mode & 0o777).or(known.mode),
        uid: new.uid.or(known.uid),
        gid: new.gid.or(known.gid),
        atime: time(new.atime, known.atime),
        mtime: time(new.mtime, known.mtime),
        changed_at: now,
    }
}

fn change_owner(fd: &PathFd, new: NewAttributes, caller: Caller) -> Result<()> {
    if new.uid.is_none() && new.gid.is_none() {
        return Ok(());
    }
    let chown = || chownat(fd.as_fd(), "", new.uid.map(Uid::from_raw), new.gid.map(Gid::from_raw), AtFlags::EMPTY_PATH);
    // The source decides by the caller's groups whether the sgid bit goes.
    if fstat(fd.as_fd())?.st_mode & SGID != 0 {
        caller.change(chown)?
    } else {
        chown()?
    }
    Ok(())
}

fn change_mode(fd: &PathFd, new: NewAttributes) -> Result<()> {
    if let Some(mode) = new.mode {
        chmodat(CWD, fd.proc_path(), Mode::from_raw_mode(mode as RawMode & 0o7777), AtFlags::empty())?;
    }
    Ok(())
}

fn change_times(fd: &PathFd, new: NewAttributes) -> Result<()> {
    if new.atime.is_none() && new.mtime.is_none() {
        return Ok(());
    }
    let times = Timestamps { last_access: timespec(new.atime), last_modification: timespec(new.mtime) };
    Ok(utimensat(fd.as_fd(), "", &times, AtFlags::EMPTY_PATH)?)
}

fn timespec(time: Option<NewTime>) -> Timespec {
    match time {
        None => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
        Some(NewTime::Now) => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW },
        Some(NewTime::At(seconds, nanoseconds)) => Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() },
    }
}
