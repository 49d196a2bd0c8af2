//! What the source last showed of folders: all there is to go by while it does not answer.
//!
//! Where changes behind the mount go unnoticed (network shares, file systems in user space), the kernel relies on what it
//! was told for a second only, and then asks again. When the source does not answer, nobody would come by the folders
//! to the artwork in them, which is all there. So folders are remembered, bounded, the longest unused going first.
//! They are not asked for here while the source answers.
//!
//! Who owns a picture is the owner of its folder. The kernel asks for that after every read, as it does for all attributes
//! when one of them is void. It is told what it was told a while ago: no picture waits for the source because of it.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use lru::LruCache;
use parking_lot::Mutex;

use crate::model::Name;

use super::attr::{Attr, Owner};
use super::nodes::NodeId;
use super::view::Entry;

/// For how long the owner of a picture is told again, at most.
const OWNER_AGE_MAX: Duration = Duration::from_secs(600);

/// How many folders and pictures are remembered: about 300 bytes each, and 100.
const FOLDERS_MAX: NonZeroUsize = NonZeroUsize::new(20_000).unwrap();

/// See the module. The locks are leaves, taken for a moment, one at a time.
#[derive(Debug)]
pub struct LastSeen {
    names: Mutex<LruCache<(NodeId, Name), Entry>>,
    folders: Mutex<LruCache<NodeId, Attr>>,
    owners: Mutex<LruCache<NodeId, (Owner, Instant)>>,
}

impl Default for LastSeen {
    fn default() -> Self {
        Self {
            names: Mutex::new(LruCache::new(FOLDERS_MAX)),
            folders: Mutex::new(LruCache::new(FOLDERS_MAX)),
            owners: Mutex::new(LruCache::new(FOLDERS_MAX)),
        }
    }
}

impl LastSeen {
    /// A name that was looked up: remembered when it is a folder, forgotten when there is none any more.
    pub fn note_name(&self, parent: NodeId, name: &[u8], entry: Option<&Entry>) {
        let Ok(name) = Name::parse(name) else { return };
        let mut names = self.names.lock();
        match entry.filter(|entry| entry.attr.is_folder()) {
            None => drop(names.pop(&(parent, name))),
            Some(entry) => drop(names.put((parent, name), *entry)),
        }
    }

    /// The attributes of a folder.
    pub fn note_folder(&self, id: NodeId, attr: &Attr) {
        if attr.is_folder() {
            self.folders.lock().put(id, *attr);
        }
    }

    /// The folder of that name, with its attributes as they were seen last.
    pub fn entry(&self, parent: NodeId, name: &Name) -> Option<Entry> {
        let entry = *self.names.lock().get(&(parent, name.clone()))?;
        let ino = entry.attr.ino;
        Some(Entry { attr: Attr { ino, ..self.attr(ino).unwrap_or(entry.attr) }, ..entry })
    }

    /// The owner of a picture's folder was seen; `None`: it has another one now.
    pub fn note_owner(&self, picture: NodeId, owner: Option<Owner>) {
        let mut owners = self.owners.lock();
        match owner {
            None => drop(owners.pop(&picture)),
            Some(owner) => drop(owners.put(picture, (owner, Instant::now()))),
        }
    }

    /// The owner of a picture's folder, when it was seen within that time.
    pub fn owner(&self, picture: NodeId, within: Duration) -> Option<Owner> {
        let (owner, seen) = *self.owners.lock().get(&picture)?;
        (seen.elapsed() < within.min(OWNER_AGE_MAX)).then_some(owner)
    }

    /// The attributes of a folder.
    pub fn attr(&self, id: NodeId) -> Option<Attr> {
        self.folders.lock().get(&id).copied()
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::FileType;

    use super::*;

    fn entry(ino: NodeId, kind: FileType, uid: u32) -> Entry {
        Entry { attr: Attr { ino, uid, ..Attr::unknown(kind) }, generation: 3, is_for_one: false }
    }

    #[test]
    fn folders_are_remembered_as_they_were_seen_last_and_nothing_else_is() {
        let seen = LastSeen::default();
        let name = |text: &str| Name::parse(text.as_bytes()).unwrap();
        seen.note_name(1, b"film", Some(&entry(7, FileType::Directory, 10)));
        seen.note_name(1, b"film.mkv", Some(&entry(8, FileType::RegularFile, 10)));
        assert_eq!(seen.entry(1, &name("film")).unwrap().attr.uid, 10);
        seen.note_folder(7, &entry(7, FileType::Directory, 20).attr);
        let found = seen.entry(1, &name("film")).unwrap();
        assert_eq!((found.attr.ino, found.attr.uid, found.generation), (7, 20, 3));
        assert!(seen.entry(1, &name("film.mkv")).is_none() && seen.entry(2, &name("film")).is_none());
        seen.note_name(1, b"film", None);
        assert!(seen.entry(1, &name("film")).is_none());
    }

    #[test]
    fn an_owner_is_told_again_for_a_while() {
        let seen = LastSeen::default();
        assert!(seen.owner(9, Duration::MAX).is_none());
        seen.note_owner(9, Some(Owner { uid: 1, gid: 2 }));
        assert_eq!(seen.owner(9, Duration::MAX).map(|owner| (owner.uid, owner.gid)), Some((1, 2)));
        assert!(seen.owner(9, Duration::ZERO).is_none());
        seen.note_owner(9, None);
        assert!(seen.owner(9, Duration::MAX).is_none());
    }
}
