//! What can be told without the source, while it does not answer: the pictures, which are in the cache, and the folders
//! on the way to them, as they were seen last. Never less than there is: a listing is whole, or it is an error, and of
//! what is not known it is not said that it is not there.

use std::ffi::OsStr;
use std::sync::Arc;

use rustix::fs::FileType;
use rustix::io::Errno;

use crate::catalog::MappedPicture;
use crate::model::{Name, RelPath};
use crate::overlay::Seen;

use super::super::attr::{Attr, Owner};
use super::super::errno::Result;
use super::super::index::FolderKey;
use super::super::nodes::{NodeId, ROOT, unseen_node_id};
use super::{Entry, Target, View};

impl<B> View<B> {
    /// Whether the kernel relies on what it is told of this node for a moment only, so that it will ask again.
    fn is_asked_again(&self, id: NodeId) -> bool {
        self.lifetimes_undisturbed(id).entries < super::LIFETIME_WATCHED
    }

    /// The attributes of a node were seen: remembered when it is a folder.
    pub fn note_attr_seen(&self, id: NodeId, attr: &Attr) {
        if attr.is_folder() && self.index.has_libraries() {
            self.last_seen.note_folder(id, attr);
        }
    }

    /// A name was seen in a folder: a folder is remembered, and how it is called where somebody will ask for it again.
    pub fn note_folder_seen(&self, parent: NodeId, name: &OsStr, entry: Option<&Entry>) {
        if entry.is_some_and(|entry| !entry.attr.is_folder()) || !self.index.has_libraries() {
            return;
        }
        entry.iter().for_each(|entry| self.last_seen.note_folder(entry.attr.ino, &entry.attr));
        // Of what is mounted below a source that is watched, the kernel asks again too.
        if self.is_asked_again(parent) || entry.is_some_and(|entry| self.is_asked_again(entry.attr.ino)) {
            self.last_seen.note_name(parent, name.as_encoded_bytes(), entry);
        }
    }

    /// The attributes of a picture, if the source need not be asked for its owner again.
    #[must_use]
    pub fn attr_at_hand(&self, id: NodeId) -> Option<Attr> {
        super::virtual_row(id)?;
        let Some(super::Node::Picture(picture)) = self.nodes.get(id) else { return None };
        let owner = self.last_seen.owner(id, self.lifetimes_undisturbed(id).attributes)?;
        Some(Attr::of_mapped(id, &picture, owner))
    }

    /// What is under the name, as [`View::lookup`] tells it.
    ///
    /// # Errors
    /// `EIO` when only the source knows.
    pub fn lookup_known(&self, parent: NodeId, name: &OsStr) -> Result<Option<Entry>> {
        let above = self.last_seen.attr(parent).ok_or(Errno::IO)?;
        let name = Self::parse_name(name)?;
        let path = self.path_known(parent);
        let key = path.as_ref().and_then(|path| self.index.key(path));
        if let Some(folder) = key.and_then(|key| self.folder(&key)) {
            match folder.at(&name) {
                Seen::Picture(picture) => return Ok(Some(self.picture_entry(picture, above.owner()))),
                Seen::Hidden | Seen::Removed(_) => return Ok(None),
                Seen::Source | Seen::Written(_) | Seen::SourceOrFolder(_) => {}
            }
        }
        let entry = self.last_seen.entry(parent, &name).ok_or(Errno::IO)?;
        let node = self.nodes.get(entry.attr.ino).ok_or(Errno::IO)?;
        self.nodes.remember(entry.attr.ino, node);
        if let Some(path) = path {
            self.nodes.set_path(entry.attr.ino, self.nodes.paths_epoch(), &Arc::new(path.join(&name)));
        }
        Ok(Some(entry))
    }

    /// The attributes of a node, as [`View::getattr`] tells them.
    ///
    /// # Errors
    /// `EIO` when only the source knows.
    pub fn getattr_known(&self, id: NodeId) -> Result<Attr> {
        if self.nodes.get(id).is_none() && super::virtual_row(id).is_none() {
            return Err(Errno::IO.into());
        }
        match self.target(id)? {
            Target::Picture(picture) => Ok(Attr::of_mapped(id, &picture, self.owner_known(&picture)?)),
            Target::Source(_) | Target::Folder(_) => Ok(self.last_seen.attr(id).ok_or(Errno::IO)?),
        }
    }

    /// A name that the source lists but cannot look at still is a name: the next call on it tells why. Where something is
    /// mounted that does not answer, it is what was there last.
    pub(super) fn unseen_entry(&self, parent: NodeId, name: &Name) -> Entry {
        let door = self.door_at(parent, name.as_os_str());
        if door.is_some_and(|door| self.gate.is_silent(door))
            && let Ok(Some(entry)) = self.lookup_known(parent, name.as_os_str())
        {
            return entry;
        }
        let kind = if door.is_some() { FileType::Directory } else { FileType::RegularFile };
        let attr = Attr { ino: unseen_node_id(parent, name.as_bytes()), ..Attr::unknown(kind) };
        Entry { attr, generation: 0, is_for_one: true }
    }

    /// The owner of the nearest folder above a picture that has been seen.
    fn owner_known(&self, picture: &MappedPicture) -> Result<Owner> {
        let mapping = self.index.mapping(picture.id)?.ok_or(Errno::STALE)?;
        let key = FolderKey { library: mapping.library, folder: mapping.folder };
        let path = self.index.path_in_view(&key).ok_or(Errno::STALE)?;
        let mut folder = ROOT;
        for name in path.components() {
            let Some(below) = self.last_seen.entry(folder, &name) else { break };
            folder = below.attr.ino;
        }
        Ok(self.last_seen.attr(folder).ok_or(Errno::IO)?.owner())
    }

    /// The path of a folder of the view, as it was last worked out.
    fn path_known(&self, id: NodeId) -> Option<RelPath> {
        match super::virtual_row(id) {
            Some(super::VirtualRow::Folder(folder)) => {
                let (key, _) = self.index.synthetic_folder(folder).ok()??;
                self.index.path_in_view(&key)
            }
            Some(super::VirtualRow::Picture(_)) => None,
            None if id == ROOT => Some(RelPath::root()),
            None => self.nodes.path(id).1.map(|path| RelPath::clone(&path)),
        }
    }
}
