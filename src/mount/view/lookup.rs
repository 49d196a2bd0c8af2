//! What is under a name.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, ResolveFlags, Stat, fstat, openat2};
use rustix::io::Errno;

use crate::catalog::{MappedPicture, SyntheticFolder};
use crate::model::{FolderId, Name};
use crate::overlay::{Folder, Seen};

use super::super::attr::{Attr, Owner};
use super::super::caller::Caller;
use super::super::errno::Result;
use super::super::index::FolderKey;
use super::super::nodes::{Node, NodeId, ROOT, folder_node_id, picture_node_id};
use super::super::place::Place;
use super::{Target, View};

/// A node that the kernel is told of: it counts as looked up once.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its number and everything `stat` shows.
    pub attr: Attr,
    /// Differs when the number is used anew for another inode.
    pub generation: u64,
    /// Whether the name means something else to other programs: the kernel must ask again for the next one.
    pub is_for_one: bool,
}

/// The folder above a folder.
#[derive(Debug)]
pub(super) enum Above {
    /// The root of the view.
    Root,
    /// A folder of the source.
    Folder(OwnedFd),
}

impl<B> View<B> {
    /// What is under `name` in that folder; `None` when there is nothing, which the kernel may remember too. `.` and
    /// `..` are asked for by file handles (NFS) that come back after the kernel forgot.
    ///
    /// # Errors
    /// Those of the source; `ENOTDIR` when the parent is no folder.
    pub fn lookup(&self, parent: NodeId, name: &OsStr, caller: Caller) -> Result<Option<Entry>> {
        match (self.target(parent)?, name.as_encoded_bytes()) {
            (_, b".") => self.entry_of(parent).map(Some),
            (Target::Picture(_), _) => Err(Errno::NOTDIR.into()),
            (Target::Source(_), _) if name == ".." && parent == ROOT => self.entry_of(ROOT).map(Some),
            (Target::Folder(folder), b"..") => self.parent_of_mappings(folder).map(Some),
            (Target::Folder(folder), _) => self.lookup_in_mappings(parent, folder, &Self::parse_name(name)?),
            (Target::Source(_), b"..") => self.parent_in_source(parent).map(Some),
            (Target::Source(place), _) => {
                let fd = self.devices.path_fd(&place)?;
                let key = self.key_of(parent, fd.as_fd());
                let folder = key.as_ref().and_then(|key| self.folder(key));
                if let (Some(key), Some(folder)) = (&key, &folder)
                    && let Some(entry) = self.file_being_written(key, folder, fd.as_fd(), name, caller)?
                {
                    return Ok(Some(entry));
                }
                let owner = || Ok(Attr::of_source(parent, &fstat(fd.as_fd())?).owner());
                let parsed = Self::parse_name(name)?;
                let found = self.entry_in_source(parent, fd.as_fd(), folder.as_deref(), &parsed, owner)?;
                // Nothing is in a root that was removed, but that does not mean that the library is empty.
                if found.is_none() && parent == ROOT && fstat(fd.as_fd())?.st_nlink == 0 {
                    return Err(Errno::IO.into());
                }
                Ok(found)
            }
        }
    }

    /// Which folder of which library a folder of the source is.
    fn key_of(&self, id: NodeId, fd: BorrowedFd<'_>) -> Option<FolderKey> {
        if !self.index.has_libraries() {
            return None;
        }
        self.index.key(&*self.path_in_view(id, fd)?)
    }

    /// The source's file, for the program that is about to write to it in the place of a picture that all others see.
    fn file_being_written(
        &self,
        key: &FolderKey,
        folder: &Folder,
        fd: BorrowedFd<'_>,
        name: &OsStr,
        caller: Caller,
    ) -> Result<Option<Entry>> {
        let name = Self::parse_name(name)?;
        if !matches!(folder.at(&name), Seen::Picture(_)) || !self.written.sees_file(key, &name, caller.pid) {
            return Ok(None);
        }
        let entry = self.source_entry(fd, name.as_os_str(), None)?;
        Ok(entry.map(|entry| Entry { is_for_one: true, ..entry }))
    }

    /// What is seen under a name of a folder of the source.
    pub(super) fn entry_in_source(
        &self,
        parent: NodeId,
        fd: BorrowedFd<'_>,
        folder: Option<&Folder>,
        name: &Name,
        owner: impl Fn() -> Result<Owner>,
    ) -> Result<Option<Entry>> {
        let of_source = || self.source_entry(fd, name.as_os_str(), Some(parent));
        let Some(folder) = folder else { return of_source() };
        match folder.at(name) {
            Seen::Source => of_source(),
            Seen::Written(picture) => {
                let found = of_source()?;
                found.iter().for_each(|entry| self.meet_written(entry.attr.ino, picture));
                // Taken in since the folder was read, it is found no more: it would be written to beneath the picture,
                // and where it is gone again there is the picture.
                let now = self.folder_at(parent, fd);
                if now.as_ref().is_some_and(|now| now.at(name).is_same(&folder.at(name))) {
                    return Ok(found);
                }
                found.into_iter().for_each(|entry| drop(self.forget(entry.attr.ino, 1)));
                self.entry_in_source(parent, fd, now.as_deref(), name, owner)
            }
            Seen::Hidden | Seen::Removed(_) => Ok(None),
            Seen::Picture(picture) => Ok(Some(self.picture_entry(picture, owner()?))),
            Seen::SourceOrFolder(synthetic) => match of_source()? {
                Some(entry) => Ok(Some(entry)),
                None => Ok(Some(self.folder_entry(synthetic, owner()?))),
            },
        }
    }

    fn lookup_in_mappings(&self, parent: NodeId, id: FolderId, name: &Name) -> Result<Option<Entry>> {
        let Some((key, _)) = self.index.synthetic_folder(id)? else { return Err(Errno::STALE.into()) };
        let Some(folder) = self.folder(&key) else { return Ok(None) };
        let owner = self.getattr(parent, None)?.owner();
        Ok(self.entry_in_mappings(&folder, name, owner))
    }

    /// What is seen under a name of a folder that exists only as mappings.
    pub(super) fn entry_in_mappings(&self, folder: &Folder, name: &Name, owner: Owner) -> Option<Entry> {
        match folder.at(name) {
            Seen::Picture(picture) => Some(self.picture_entry(picture, owner)),
            Seen::SourceOrFolder(synthetic) => Some(self.folder_entry(synthetic, owner)),
            Seen::Source | Seen::Hidden | Seen::Written(_) | Seen::Removed(_) => None,
        }
    }

    fn parent_in_source(&self, parent: NodeId) -> Result<Entry> {
        match self.above(parent)? {
            Above::Root => self.entry_of(ROOT),
            Above::Folder(above) => {
                let stat = fstat(&above)?;
                Ok(self.enter_source(above, &stat))
            }
        }
    }

    /// Where `..` of a folder of the source leads, never above the root of the view.
    pub(super) fn above(&self, id: NodeId) -> Result<Above> {
        let fd = self.devices.path_fd(&self.source_place(id)?)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // Not into another mount: where the view covers the source, the folder above one at the top is the view itself,
        // and we would wait for our own answer.
        let above = match openat2(fd.as_fd(), "..", flags, Mode::empty(), ResolveFlags::NO_XDEV) {
            Err(Errno::XDEV) => {
                let path = self.path_in_view(id, fd.as_fd()).and_then(|path| path.parent()).ok_or(Errno::STALE)?;
                self.open_in_source(&path)?
            }
            above => above?,
        };
        let (own, root) = (fstat(&above)?, fstat(self.devices.source())?);
        let is_root = (own.st_dev, own.st_ino) == (root.st_dev, root.st_ino);
        Ok(if is_root { Above::Root } else { Above::Folder(above) })
    }

    fn parent_of_mappings(&self, id: FolderId) -> Result<Entry> {
        let (key, _) = self.index.synthetic_folder(id)?.ok_or(Errno::STALE)?;
        let path = self.index.path_in_view(&key).and_then(|path| path.parent()).ok_or(Errno::STALE)?;
        let fd = self.open_in_source(&path)?;
        let stat = fstat(&fd)?;
        Ok(self.enter_source(fd, &stat))
    }

    /// The entry of a node that is known by number.
    pub(super) fn entry_of(&self, id: NodeId) -> Result<Entry> {
        match self.target(id)? {
            Target::Source(place) => {
                let attr = self.getattr(id, None)?;
                let generation = if id == ROOT { 0 } else { place.generation() };
                self.nodes.remember(id, Node::Source(place));
                Ok(Entry { attr: Attr { ino: id, ..attr }, generation, is_for_one: false })
            }
            Target::Picture(picture) => {
                let attr = self.getattr(id, None)?;
                Ok(self.picture_entry(&picture, attr.owner()))
            }
            Target::Folder(folder) => {
                let attr = self.getattr(id, None)?;
                self.nodes.remember(id, Node::Folder(folder));
                Ok(Entry { attr, generation: 0, is_for_one: false })
            }
        }
    }

    /// The source's own entry of that name; `None` when it has none. `parent` lets a folder's mappings be found.
    pub(super) fn source_entry(
        &self,
        folder: BorrowedFd<'_>,
        name: &OsStr,
        parent: Option<NodeId>,
    ) -> Result<Option<Entry>> {
        let epoch = self.nodes.paths_epoch();
        let look = || self.devices.look(folder, name);
        let looked = match parent.and_then(|parent| self.door_at(parent, name)) {
            None => look(),
            Some(mounted_there) => self.gate.within(mounted_there, look),
        };
        let (place, stat) = match looked {
            Err(Errno::NOENT) => return Ok(None),
            found => found?,
        };
        let mut entry = self.enter_place(place, &stat);
        if entry.attr.is_folder()
            && self.index.has_libraries()
            && let Some(parent) = parent
            && let Some(path) = self.path_in_view(parent, folder)
        {
            let path = Arc::new(path.join(&Self::parse_name(name)?));
            Self::adorn_folder(&mut entry.attr, self.folder_by_path(&path).as_deref());
            // Unwatched, a folder above may have moved unnoticed: then the path is asked of the kernel when needed.
            if self.is_watched() {
                self.nodes.set_path(entry.attr.ino, epoch, &path);
            }
        }
        Ok(Some(entry))
    }

    /// Tells of an inode of the source.
    pub(super) fn enter_source(&self, fd: OwnedFd, stat: &Stat) -> Entry {
        self.enter_place(self.devices.place_of(fd, stat), stat)
    }

    fn enter_place(&self, place: Place, stat: &Stat) -> Entry {
        let generation = place.generation();
        let id = self.nodes.remember_source(stat.st_ino, place);
        Entry { attr: Attr::of_source(id, stat), generation, is_for_one: false }
    }

    /// Tells of a mapped picture.
    pub(super) fn picture_entry(&self, picture: &MappedPicture, owner: Owner) -> Entry {
        let id = picture_node_id(picture.id);
        self.last_seen.note_owner(id, Some(owner));
        self.nodes.remember(id, Node::Picture(Arc::new(picture.clone())));
        Entry { attr: Attr::of_mapped(id, picture, owner), generation: 0, is_for_one: false }
    }

    /// Tells of a folder that exists only as mappings.
    pub(super) fn folder_entry(&self, folder: &SyntheticFolder, owner: Owner) -> Entry {
        let id = folder_node_id(folder.id);
        self.nodes.remember(id, Node::Folder(folder.id));
        let attr = Attr::of_folder(id, folder.changed_at, owner).with_set(folder.set.as_ref());
        Entry { attr, generation: 0, is_for_one: false }
    }
}
