//! Listing a folder.
//!
//! There are no open folders: the kernel asks for "the entries of node N behind offset X", and caches what it gets.
//! Offsets mean the same in every version of a folder (see `overlay`), so a listing that was read in between is as
//! good as the one the reader began with; the last few are kept only to save reading large folders again.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{OFlags, RawDir, fstat};
use rustix::io::Errno;

use crate::model::{FolderId, Name};
use crate::overlay::{Folder, Listing};

use super::super::attr::Attr;
use super::super::errno::Result;
use super::super::nodes::{NodeId, ROOT, source_inode, source_node_id};
use super::super::place::Place;
use super::lookup::Above;
use super::{Entry, Target, View};

/// Bytes of one `getdents` call.
const READ_BYTES: usize = 64 * 1024;
/// The offset behind `.` and `..`; those of all other entries lie above.
const OFFSET_DOTS: u64 = 2;

/// One line of a listing.
#[derive(Debug)]
pub struct Item<'a> {
    /// Its name.
    pub name: &'a std::ffi::OsStr,
    /// Where to go on after it.
    pub offset: u64,
    /// The node and its attributes. The kernel counts it as looked up, except for `.` and `..`.
    pub entry: Entry,
}

/// The kernel's buffer, or whatever stands for it.
pub trait DirectorySink {
    /// Adds an item; `false` when there is no room for it and nothing was added.
    fn add(&mut self, item: &Item<'_>) -> bool;
}

/// A folder that is being listed.
struct Open {
    /// The folder of the source, and where it is; `None` for one of mappings.
    source: Option<(OwnedFd, Place)>,
    own: Attr,
    folder: Option<Arc<Folder>>,
}

/// What the source has in a folder.
#[derive(Default)]
pub(super) struct Names {
    pub names: Vec<Name>,
    /// What it shows as the number of `..`.
    above: Option<u64>,
}

impl<B> View<B> {
    /// Puts the entries behind `offset` into the sink until it is full.
    ///
    /// # Errors
    /// Those of the source; `EIO` for the root of a source that was removed. An empty listing would make players
    /// delete their libraries.
    pub fn list(&self, id: NodeId, offset: u64, sink: &mut dyn DirectorySink) -> Result<()> {
        let kept = if offset > OFFSET_DOTS { self.listings.lock().get(&id).cloned() } else { None };
        if kept.as_ref().is_some_and(|kept| kept.after(offset).is_empty()) {
            // The kernel comes back once more to be told that there is nothing behind the last entry.
            self.listings.lock().pop(&id);
            return Ok(());
        }
        let open = self.open_listed(id)?;
        if id == ROOT && open.own.nlink == 0 {
            return Err(Errno::IO.into());
        }
        let listing = match kept {
            Some(kept) => kept,
            None => {
                let Names { names, above } =
                    open.source.as_ref().map_or(Ok(Names::default()), |(fd, _)| names_in(fd))?;
                if !self.list_dots(id, &open, above, offset, sink) {
                    return Ok(());
                }
                Arc::new(Listing::merge(names, open.folder.as_deref()))
            }
        };
        for listed in listing.after(offset) {
            let Some(entry) = self.listed_entry(id, &open, &listed.name)? else { continue };
            let item = Item { name: listed.name.as_os_str(), offset: listed.offset, entry };
            if !sink.add(&item) {
                drop(self.nodes.forget(entry.attr.ino, 1));
                break;
            }
        }
        self.listings.lock().put(id, listing);
        Ok(())
    }

    fn open_listed(&self, id: NodeId) -> Result<Open> {
        match self.target(id)? {
            Target::Picture(_) => Err(Errno::NOTDIR.into()),
            Target::Folder(folder) => {
                Ok(Open { source: None, own: self.getattr(id, None)?, folder: self.mappings_folder(folder)? })
            }
            Target::Source(place) => {
                let fd = self.devices.open(&place, OFlags::RDONLY | OFlags::DIRECTORY)?;
                let stat = fstat(&fd)?;
                let own = Attr::of_source(Self::number_shown(id, &place, &stat), &stat);
                let folder = self.folder_at(id, fd.as_fd());
                Ok(Open { source: Some((fd, place)), own, folder })
            }
        }
    }

    /// `.` and `..`; whether there was room. `above` is what the source shows as the number of `..`.
    fn list_dots(
        &self,
        id: NodeId,
        open: &Open,
        above: Option<u64>,
        offset: u64,
        sink: &mut dyn DirectorySink,
    ) -> bool {
        // The kernel shows the number of these two and takes nothing else from them.
        let parent = self.parent_number(id, open, above).unwrap_or(open.own.ino);
        let names = [(".", 1, open.own.ino), ("..", OFFSET_DOTS, parent)];
        names.into_iter().filter(|(_, position, _)| *position > offset).all(|(name, position, ino)| {
            let entry = Entry { attr: Attr { ino, ..open.own }, generation: 0, is_for_one: false };
            sink.add(&Item { name: name.as_ref(), offset: position, entry })
        })
    }

    /// The number of the folder above.
    fn parent_number(&self, id: NodeId, open: &Open, above: Option<u64>) -> Option<u64> {
        if id == ROOT {
            return None;
        }
        let is_own_device = open.source.as_ref().is_some_and(|(_, place)| place.device() == Some(0));
        if let Some(number) = above.and_then(source_inode).filter(|_| is_own_device) {
            return Some(number);
        }
        match self.above(id).ok()? {
            Above::Root => self.getattr(ROOT, None).ok().map(|root| root.ino),
            Above::Folder(above) => {
                let number = fstat(&above).ok()?.st_ino;
                let place = self.devices.handle_place_of(above.as_fd());
                Some(place.map_or(number, |place| source_node_id(number, &place)))
            }
        }
    }

    fn mappings_folder(&self, id: FolderId) -> Result<Option<Arc<Folder>>> {
        let (key, _) = self.index.synthetic_folder(id)?.ok_or(Errno::STALE)?;
        Ok(self.folder(&key))
    }

    /// The node of what is seen now under a listed name; `None` when it is gone by now.
    fn listed_entry(&self, parent: NodeId, open: &Open, name: &Name) -> Result<Option<Entry>> {
        let owner = open.own.owner();
        let Some((fd, _)) = &open.source else {
            return Ok(open.folder.as_ref().and_then(|folder| self.entry_in_mappings(folder, name, owner)));
        };
        let found = self.entry_in_source(parent, fd.as_fd(), open.folder.as_deref(), name, || Ok(owner));
        Ok(found.unwrap_or_else(|_| Some(self.unseen_entry(parent, name))))
    }
}

/// Reads an open folder.
pub(super) fn names_in(folder: &OwnedFd) -> Result<Names> {
    let mut buffer = vec![MaybeUninit::uninit(); READ_BYTES];
    let mut entries = RawDir::new(folder, &mut buffer);
    let mut found = Names::default();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        match entry.file_name().to_bytes() {
            b".." => found.above = Some(entry.ino()),
            // `.` is no name of ours, and the kernel lets no other odd one exist.
            name => found.names.extend(Name::parse(name).ok()),
        }
    }
    Ok(found)
}
