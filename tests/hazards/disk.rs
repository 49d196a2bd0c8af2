//! A disk that remembers what was asked of it, so that it can tell what would be left had the power gone at any moment.
//!
//! What a program sees is what it wrote. What a cut of power leaves is less: bytes and modes of a file last from its `fsync` on
//! (`fdatasync`: the bytes), names in a folder from the `fsync` of that folder on, and what was not synced may be there or
//! not, each change for itself. This is as hostile as POSIX lets a disk be, but for what every file system keeps: a rename
//! within a folder happens or does not, and one between folders never loses its file, so the old name does not go for good
//! before the new one is there for good.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::hash::{Hash, Hasher};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::support::write;

/// The number of a file or folder.
pub type Node = u64;

pub const ROOT: Node = 1;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Body {
    Folder(BTreeMap<OsString, Node>),
    File(Vec<u8>),
    Link(OsString),
}

#[derive(Debug, Clone, Hash)]
pub struct Thing {
    pub body: Body,
    pub mode: u32,
}

/// Files and folders at one moment; those that no name leads to count for nothing.
#[derive(Debug, Clone, Default)]
pub struct Tree(BTreeMap<Node, Thing>);

/// What changes at once.
#[derive(Debug)]
enum Change {
    /// A name in a folder leads there now, or is gone. `ends_rename` is the old name of what the change before has named.
    Name {
        folder: Node,
        name: OsString,
        node: Option<Node>,
        ends_rename: bool,
    },
    /// Within one folder.
    Rename {
        folder: Node,
        name: OsString,
        new_name: OsString,
        node: Node,
    },
    Write {
        file: Node,
        at: usize,
        bytes: Vec<u8>,
    },
    Resize {
        file: Node,
        length: usize,
    },
    Mode {
        node: Node,
        mode: u32,
    },
}

#[derive(Debug)]
enum Event {
    Change(Change),
    Sync { node: Node, is_data_only: bool },
}

/// See the module.
#[derive(Debug)]
pub struct Disk {
    before: Tree,
    now: Tree,
    events: Vec<Event>,
}

/// Whether what was not synced is there after all.
pub enum Luck {
    /// Nothing of it.
    None,
    /// As it happens; the same for the same number.
    Chance(u64),
}

impl Luck {
    /// A number below that; 0 without luck.
    fn below(&mut self, end: usize) -> usize {
        match self {
            Self::None => 0,
            Self::Chance(state) => {
                *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (*state >> 33) as usize % end
            }
        }
    }
}

impl Change {
    /// Whose sync makes it last.
    fn node(&self) -> Node {
        match *self {
            Self::Name { folder, .. } | Self::Rename { folder, .. } => folder,
            Self::Write { file, .. } | Self::Resize { file, .. } => file,
            Self::Mode { node, .. } => node,
        }
    }
}

impl Tree {
    /// What is in a real folder.
    pub fn of(folder: &Path) -> Self {
        let mut tree = Self::default();
        tree.take_in(folder);
        tree
    }

    fn take_in(&mut self, path: &Path) -> Node {
        let node = self.0.len() as Node + ROOT;
        let found = fs::symlink_metadata(path).unwrap();
        let mode = found.permissions().mode() & 0o7777;
        // Takes its number; what it holds follows.
        self.0.insert(node, Thing { body: Body::Link(OsString::new()), mode });
        let body = if found.is_dir() {
            let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
            Body::Folder(entries.map(|entry| (entry.file_name(), self.take_in(&entry.path()))).collect())
        } else if found.is_symlink() {
            Body::Link(fs::read_link(path).unwrap().into_os_string())
        } else {
            Body::File(fs::read(path).unwrap())
        };
        self.0.insert(node, Thing { body, mode });
        node
    }

    pub fn thing(&self, node: Node) -> Option<&Thing> {
        self.0.get(&node)
    }

    pub fn names(&self, folder: Node) -> Option<&BTreeMap<OsString, Node>> {
        match &self.0.get(&folder)?.body {
            Body::Folder(names) => Some(names),
            _ => None,
        }
    }

    /// By how many names it is known.
    pub fn name_count(&self, node: Node) -> usize {
        let folders = self.0.keys().filter_map(|folder| self.names(*folder));
        folders.flat_map(BTreeMap::values).filter(|named| **named == node).count()
    }

    fn names_mut(&mut self, folder: Node) -> &mut BTreeMap<OsString, Node> {
        match self.0.get_mut(&folder).map(|thing| &mut thing.body) {
            Some(Body::Folder(names)) => names,
            other => panic!("{folder} is no folder but {other:?}"),
        }
    }

    fn bytes_mut(&mut self, file: Node) -> &mut Vec<u8> {
        match self.0.get_mut(&file).map(|thing| &mut thing.body) {
            Some(Body::File(bytes)) => bytes,
            other => panic!("{file} is no file but {other:?}"),
        }
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Name { folder, name, node, .. } => {
                let names = self.names_mut(*folder);
                match node {
                    Some(node) => names.insert(name.clone(), *node),
                    None => names.remove(name),
                };
            }
            Change::Rename { folder, name, new_name, node } => {
                self.names_mut(*folder).remove(name);
                self.names_mut(*folder).insert(new_name.clone(), *node);
            }
            Change::Write { file, at, bytes } => self.write(*file, *at, bytes),
            Change::Resize { file, length } => self.bytes_mut(*file).resize(*length, 0),
            Change::Mode { node, mode } => self.0.get_mut(node).unwrap().mode = *mode,
        }
    }

    fn write(&mut self, file: Node, at: usize, bytes: &[u8]) {
        let whole = self.bytes_mut(file);
        whole.resize(whole.len().max(at + bytes.len()), 0);
        whole[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// A change that was not synced: lost, there, or, of bytes, begun only, or only the room for them.
    fn apply_by_chance(&mut self, change: &Change, luck: &mut Luck) -> bool {
        match (change, luck.below(4)) {
            (_, 0) | (Change::Name { .. } | Change::Rename { .. }, 1) => return false,
            (Change::Write { file, at, bytes }, 1) => {
                self.write(*file, *at, &bytes[..luck.below(bytes.len() / SECTOR + 1) * SECTOR]);
            }
            (Change::Write { file, at, bytes }, 2) => self.write(*file, *at, &vec![0; bytes.len()]),
            _ => self.apply(change),
        }
        true
    }

    /// Tells trees apart by what they look like. What SQLite shares between processes (`-shm`) means nothing after a cut.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash_below(ROOT, &mut hasher);
        hasher.finish()
    }

    fn hash_below(&self, node: Node, hasher: &mut DefaultHasher) {
        let Thing { body, mode } = &self.0[&node];
        mode.hash(hasher);
        match body {
            Body::Folder(names) => {
                for (name, node) in names.iter().filter(|(name, _)| !name.as_encoded_bytes().ends_with(b"-shm")) {
                    name.hash(hasher);
                    self.hash_below(*node, hasher);
                }
            }
            other => other.hash(hasher),
        }
    }

    /// Puts it into a real folder that is there and empty.
    pub fn write_to(&self, folder: &Path) {
        self.write_below(ROOT, folder);
    }

    fn write_below(&self, node: Node, path: &Path) {
        let Thing { body, mode } = &self.0[&node];
        match body {
            Body::Folder(names) => {
                for (name, node) in names {
                    let below = path.join(name);
                    if self.names(*node).is_some() {
                        fs::create_dir(&below).unwrap();
                    }
                    self.write_below(*node, &below);
                }
            }
            Body::File(bytes) => write(path, bytes),
            Body::Link(target) => return symlink(target, path).unwrap(),
        }
        fs::set_permissions(path, Permissions::from_mode(*mode)).unwrap();
    }
}

impl Disk {
    /// A disk on which all of that is durable.
    pub fn with(tree: Tree) -> Self {
        Self { before: tree.clone(), now: tree, events: Vec::new() }
    }

    /// What programs see.
    pub fn now(&self) -> &Tree {
        &self.now
    }

    fn change(&mut self, change: Change) {
        self.now.apply(&change);
        self.events.push(Event::Change(change));
    }

    /// Makes something new under a name.
    pub fn make(&mut self, folder: Node, name: &OsStr, body: Body, mode: u32) -> Node {
        let node = self.now.0.last_key_value().map_or(ROOT, |(last, _)| last + 1);
        // It is nothing to anybody before it has a name.
        for tree in [&mut self.before, &mut self.now] {
            tree.0.insert(node, Thing { body: body.clone(), mode });
        }
        self.name(folder, name, Some(node));
        node
    }

    pub fn name(&mut self, folder: Node, name: &OsStr, node: Option<Node>) {
        self.change(Change::Name { folder, name: name.to_owned(), node, ends_rename: false });
    }

    pub fn rename(&mut self, node: Node, from: (Node, &OsStr), to: (Node, &OsStr)) {
        if from.0 == to.0 {
            let (name, new_name) = (from.1.to_owned(), to.1.to_owned());
            return self.change(Change::Rename { folder: from.0, name, new_name, node });
        }
        self.name(to.0, to.1, Some(node));
        self.change(Change::Name { folder: from.0, name: from.1.to_owned(), node: None, ends_rename: true });
    }

    pub fn write(&mut self, file: Node, at: usize, bytes: &[u8]) {
        self.change(Change::Write { file, at, bytes: bytes.to_vec() });
    }

    pub fn resize(&mut self, file: Node, length: usize) {
        self.change(Change::Resize { file, length });
    }

    pub fn set_mode(&mut self, node: Node, mode: u32) {
        self.change(Change::Mode { node, mode });
    }

    pub fn sync(&mut self, node: Node, is_data_only: bool) {
        self.events.push(Event::Sync { node, is_data_only });
    }

    /// How often something was asked of it.
    pub fn event_count(&self) -> usize {
        self.events.len()
    }

    /// What is left when the power went after so many events.
    pub fn after_cut(&self, count: usize, mut luck: Luck) -> Tree {
        let durable = self.durable(count);
        let mut left = self.before.clone();
        let mut was_kept = true;
        for (event, is_durable) in self.events[..count].iter().zip(durable) {
            let Event::Change(change) = event else { continue };
            let may_be_kept = was_kept || !matches!(change, Change::Name { ends_rename: true, .. });
            was_kept = if is_durable {
                left.apply(change);
                true
            } else {
                may_be_kept && left.apply_by_chance(change, &mut luck)
            };
        }
        left
    }

    /// Which of the first events last whatever happens.
    fn durable(&self, count: usize) -> Vec<bool> {
        let (mut data, mut all) = (BTreeSet::new(), BTreeSet::new());
        let mut durable = vec![false; count];
        for (at, event) in self.events[..count].iter().enumerate().rev() {
            match event {
                Event::Sync { node, is_data_only } => {
                    data.insert(*node);
                    if !is_data_only {
                        all.insert(*node);
                    }
                }
                Event::Change(change @ Change::Mode { .. }) => durable[at] = all.contains(&change.node()),
                Event::Change(change) => {
                    durable[at] |= data.contains(&change.node());
                    if durable[at] && matches!(change, Change::Name { ends_rename: true, .. }) {
                        durable[at - 1] = true;
                    }
                }
            }
        }
        durable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> (Disk, Node) {
        let empty = Thing { body: Body::Folder(BTreeMap::new()), mode: 0o755 };
        let mut disk = Disk::with(Tree(BTreeMap::from([(ROOT, empty)])));
        let node = disk.make(ROOT, OsStr::new(name), Body::File(Vec::new()), 0o600);
        (disk, node)
    }

    /// Name and bytes of the one file that is left when the power goes now.
    fn left(disk: &Disk) -> Option<(String, Vec<u8>)> {
        let left = disk.after_cut(disk.event_count(), Luck::None);
        let (name, node) = left.names(ROOT)?.first_key_value()?;
        match &left.thing(*node)?.body {
            Body::File(bytes) => Some((name.to_str()?.to_owned(), bytes.clone())),
            other => panic!("{other:?}"),
        }
    }

    fn is(name: &str, bytes: &[u8]) -> Option<(String, Vec<u8>)> {
        Some((name.to_owned(), bytes.to_vec()))
    }

    #[test]
    fn bytes_last_when_the_file_is_synced_and_names_when_the_folder_is() {
        let (mut disk, node) = file("a");
        disk.write(node, 0, b"bytes");
        assert_eq!(left(&disk), None);
        disk.sync(node, false);
        assert_eq!(left(&disk), None, "nobody has made its name last");
        disk.sync(ROOT, false);
        assert_eq!(left(&disk), is("a", b"bytes"));
        disk.write(node, 5, b" more");
        assert_eq!(left(&disk), is("a", b"bytes"));
        disk.sync(node, true);
        assert_eq!(left(&disk), is("a", b"bytes more"));
        disk.name(ROOT, OsStr::new("a"), None);
        assert_eq!(left(&disk), is("a", b"bytes more"));
        disk.sync(ROOT, false);
        assert_eq!(left(&disk), None);
    }

    #[test]
    fn a_name_without_bytes_is_an_empty_file() {
        let (mut disk, node) = file("a");
        disk.write(node, 0, b"bytes");
        disk.sync(ROOT, false);
        assert_eq!(left(&disk), is("a", b""));
    }

    #[test]
    fn a_rename_never_loses_its_file() {
        for seed in 0..100 {
            let (mut disk, node) = file("a");
            let folder = disk.make(ROOT, OsStr::new("folder"), Body::Folder(BTreeMap::new()), 0o755);
            disk.sync(ROOT, false);
            disk.rename(node, (ROOT, OsStr::new("a")), (folder, OsStr::new("b")));
            let names_of_it = |disk: &Disk, luck| {
                let left = disk.after_cut(disk.event_count(), luck);
                (left.names(ROOT).unwrap().contains_key(OsStr::new("a")), !left.names(folder).unwrap().is_empty())
            };
            assert_ne!(names_of_it(&disk, Luck::Chance(seed)), (false, false), "{seed}");
            assert_eq!(names_of_it(&disk, Luck::None), (true, false));
            disk.sync(folder, false);
            assert_eq!(names_of_it(&disk, Luck::None), (true, true));
            disk.sync(ROOT, false);
            assert_eq!(names_of_it(&disk, Luck::None), (false, true));
        }
    }

    #[test]
    fn a_rename_within_a_folder_happens_or_does_not() {
        for seed in 0..100 {
            let (mut disk, node) = file("a");
            disk.sync(ROOT, false);
            disk.rename(node, (ROOT, OsStr::new("a")), (ROOT, OsStr::new("b")));
            let chance = disk.after_cut(disk.event_count(), Luck::Chance(seed));
            assert_eq!(chance.names(ROOT).unwrap().len(), 1, "{seed}");
            assert_eq!(left(&disk), is("a", b""));
            disk.sync(ROOT, false);
            assert_eq!(left(&disk), is("b", b""));
        }
    }

    #[test]
    fn chance_leaves_anything_between_nothing_and_all() {
        let (mut disk, node) = file("a");
        disk.sync(ROOT, false);
        disk.write(node, 0, &[7; 2000]);
        let lengths: BTreeSet<(usize, usize)> = (0..200)
            .map(|seed| match &disk.after_cut(disk.event_count(), Luck::Chance(seed)).thing(node).unwrap().body {
                Body::File(bytes) => (bytes.len(), bytes.iter().filter(|byte| **byte == 7).count()),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [(0, 0), (512, 512), (1024, 1024), (1536, 1536), (2000, 0), (2000, 2000)];
        assert_eq!(lengths, BTreeSet::from(expected));
    }
}
