//! Listing a folder.
//!
//! There are no open folders: the kernel asks for "the entries of node N behind offset X", and caches what it gets.
//! Offsets mean the same in every version of a folder (see `overlay`), so a listing that was read in between is as
//! good as the one the reader began with; the last few are kept only to save reading large folders again.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{FileType, RawDir, fstat};
use rustix::io::Errno;

use crate::model::{FolderId, Name};
use crate::overlay::{Folder, Listed, ListedKind, Listing};

use super::super::attr::{Attr, Owner};
use super::super::errno::Result;
use super::super::nodes::{NodeId, ROOT, source_node_id};
use super::super::place::PathFd;
use super::lookup::Above;
use super::remove::open_folder;
use super::{Entry, Target, View};

/// Bytes of one `getdents` call.
const READ_BYTES: usize = 64 * 1024;

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

/// What a listing is made from: needed for its entries too.
struct Place {
    fd: Option<PathFd>,
    owner: Owner,
}

impl<B> View<B> {
    /// Puts the entries behind `offset` into the sink until it is full.
    ///
    /// # Errors
    /// Those of the source; `EIO` for the root of a source that was removed. An empty listing would make players
    /// delete their libraries.
    pub fn list(&self, id: NodeId, offset: u64, sink: &mut dyn DirectorySink) -> Result<()> {
        let own = self.getattr(id, None)?;
        if !own.is_folder() {
            return Err(Errno::NOTDIR.into());
        }
        if id == ROOT && own.nlink == 0 {
            return Err(Errno::IO.into());
        }
        if !self.list_dots(id, own, offset, sink) {
            return Ok(());
        }
        let (place, listing) = self.listing(id, own, offset)?;
        let rest = listing.after(offset);
        if rest.is_empty() {
            self.listings.lock().pop(&id);
            return Ok(());
        }
        for listed in rest {
            let Some(entry) = self.listed_entry(id, &place, listed)? else { continue };
            let item = Item { name: listed.name.as_os_str(), offset: listed.offset, entry };
            if !sink.add(&item) {
                self.nodes.forget(entry.attr.ino, 1);
                break;
            }
        }
        // The kernel comes back at least once more, to be told that there is nothing behind the last entry.
        self.listings.lock().put(id, listing);
        Ok(())
    }

    /// `.` and `..`; whether there was room.
    fn list_dots(&self, id: NodeId, own: Attr, offset: u64, sink: &mut dyn DirectorySink) -> bool {
        // The kernel shows the number of these two and takes nothing else from them.
        let parent = self.parent_number(id).unwrap_or(own.ino);
        let names = [(".", 1, own.ino), ("..", 2, parent)];
        names.into_iter().filter(|(_, position, _)| *position > offset).all(|(name, position, ino)| {
            let entry = Entry { attr: Attr { ino, ..own }, generation: 0 };
            sink.add(&Item { name: name.as_ref(), offset: position, entry })
        })
    }

    /// The number of the folder above.
    fn parent_number(&self, id: NodeId) -> Option<u64> {
        if id == ROOT {
            return None;
        }
        match self.above(id).ok()? {
            Above::Root => self.getattr(ROOT, None).ok().map(|root| root.ino),
            Above::Folder(above) => {
                let number = fstat(&above).ok()?.st_ino;
                Some(self.devices.handle_place_of(above.as_fd()).map_or(number, |place| source_node_id(number, &place)))
            }
        }
    }

    fn listing(&self, id: NodeId, own: Attr, offset: u64) -> Result<(Place, Arc<Listing>)> {
        let kept = if offset > 2 { self.listings.lock().get(&id).cloned() } else { None };
        match self.target(id)? {
            Target::Picture(_) => Err(Errno::NOTDIR.into()),
            Target::Folder(folder) => {
                let folder = self.mappings_folder(folder)?;
                let listing = kept.unwrap_or_else(|| Arc::new(Listing::merge(Vec::new(), folder.as_deref())));
                Ok((Place { fd: None, owner: own.owner() }, listing))
            }
            Target::Source(place) => {
                let fd = self.devices.path_fd(&place)?;
                let listing = match kept {
                    Some(kept) => kept,
                    None => {
                        let folder = self.folder_at(id, fd.as_fd());
                        Arc::new(Listing::merge(names_in(&open_folder(fd.as_fd())?)?, folder.as_deref()))
                    }
                };
                Ok((Place { fd: Some(fd), owner: own.owner() }, listing))
            }
        }
    }

    fn mappings_folder(&self, id: FolderId) -> Result<Option<Arc<Folder>>> {
        let (key, _) = self.index.synthetic_folder(id)?.ok_or(Errno::STALE)?;
        Ok(self.index.folder(&key)?)
    }

    /// The node of a listed name; `None` when it is gone by now.
    fn listed_entry(&self, parent: NodeId, place: &Place, listed: &Listed) -> Result<Option<Entry>> {
        match (&listed.kind, &place.fd) {
            (ListedKind::Picture(picture), _) => Ok(Some(self.picture_entry(picture, place.owner))),
            (ListedKind::Folder(folder), _) => Ok(Some(self.folder_entry(folder, place.owner))),
            (ListedKind::Source, None) => Ok(None),
            (ListedKind::Source, Some(fd)) => {
                match self.source_entry(fd.as_fd(), listed.name.as_os_str(), Some(parent)) {
                    // A name that the source lists but cannot look at still is a name: the next call on it tells why.
                    Err(_) => Ok(Some(Entry { attr: Attr::unknown(FileType::RegularFile), generation: 0 })),
                    found => found,
                }
            }
        }
    }
}

/// All names in an open folder.
fn names_in(folder: &OwnedFd) -> Result<Vec<Name>> {
    let mut buffer = vec![MaybeUninit::uninit(); READ_BYTES];
    let mut entries = RawDir::new(folder, &mut buffer);
    let mut names = Vec::new();
    while let Some(entry) = entries.next() {
        // `.` and `..` are no names of ours, and the kernel lets no other odd one exist.
        names.extend(Name::parse(entry?.file_name().to_bytes()).ok());
    }
    Ok(names)
}
