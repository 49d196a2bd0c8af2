//! The nodes that the kernel remembers, by the number it knows them under.
//!
//! A node of the source has the inode number of the source, so that `stat` shows what it shows below. Numbers that
//! cannot be passed on (other devices below the source, numbers that collide with ours) move to ranges of their own:
//!
//! | bits | what |
//! | --- | --- |
//! | 1 | the root of the view |
//! | 63 set, 62 clear | a mapped picture: row of `library_image_files` |
//! | 63 and 62 set | a folder that exists only as mappings: row of `mapping_folders` |
//! | 61 set | another device below the source: its index in bits 40 to 60, the inode number below |
//! | 60 set | what fits nowhere else: a hash of the file handle |
//! | 59 set | an inode whose number is still known as that of another: a hash of the file handle |
//! | the rest | the inode number of the source |
//!
//! **A number stands for one inode as long as the kernel may know it.** File systems use inode numbers anew at once, and of what was
//! removed behind the mount the kernel hears later, or has an answer on its way that tells of it. Told of two inodes under one
//! number, it would fail everything on the one that it heard of first, even though that may be the newer (`EIO` in the hands
//! of the program that has just made it). So the newer goes by another number until the kernel has forgotten it.
//!
//! An entry costs about 150 bytes (number, place, counts and the table's own share; the handle of ext4 is 12 bytes)
//! and no descriptor (but for an inode that has lost its last name), and goes when the kernel forgets it. Everything a restarted process would need of a node is its
//! [`Place`] or its row: nothing here is a pointer into something that dies with the process.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::catalog::MappedPicture;
use crate::model::{FolderId, MappingId, RelPath};

use super::gate::Scope;
use super::place::Place;

/// The number the kernel knows a node under.
pub type NodeId = u64;

/// The root of the view.
pub const ROOT: NodeId = 1;

const PICTURE: u64 = 1 << 63;
const FOLDER: u64 = 1 << 63 | 1 << 62;
const OTHER_DEVICE: u64 = 1 << 61;
const HASHED: u64 = 1 << 60;
const MOVED: u64 = 1 << 59;
/// What a name is while it is removed for its watchers only: a row that no picture ever has.
pub const GHOST: NodeId = PICTURE | 1 << 61;
const DEVICE_INODE_BITS: u32 = 40;
/// Shards of the table, so that requests of several threads seldom meet.
const SHARDS: usize = 16;

/// What a node is.
#[derive(Debug, Clone)]
pub enum Node {
    /// An inode of the source.
    Source(Place),
    /// A mapped picture.
    Picture(Arc<MappedPicture>),
    /// A folder that exists only as mappings.
    Folder(FolderId),
}

#[derive(Debug)]
struct Entry {
    node: Node,
    lookups: u64,
    path: Option<(u64, Arc<RelPath>)>,
}

/// The table of nodes. Each shard's lock is taken alone and for a moment; no system call happens under it.
#[derive(Debug)]
pub struct NodeTable {
    shards: [Mutex<HashMap<NodeId, Entry>>; SHARDS],
    /// Rises when a folder may have got another path: what was remembered of paths before is void.
    paths_epoch: AtomicU64,
}

/// The usual number of an inode of the source: see [`NodeTable::number_of`].
#[must_use]
pub fn source_node_id(inode: u64, place: &Place) -> NodeId {
    let is_plain = inode > ROOT && inode < MOVED;
    match place.device() {
        Some(0) if is_plain => inode,
        Some(device @ 1..) if inode < 1 << DEVICE_INODE_BITS && device < 1 << 20 => {
            OTHER_DEVICE | u64::from(device) << DEVICE_INODE_BITS | inode
        }
        _ => HASHED | (place.generation() ^ inode) & (HASHED - 1),
    }
}

/// The number of a mapped picture.
#[must_use]
pub fn picture_node_id(mapping: MappingId) -> NodeId {
    PICTURE | mapping.get().cast_unsigned()
}

/// The number of a folder that exists only as mappings.
#[must_use]
pub fn folder_node_id(folder: FolderId) -> NodeId {
    FOLDER | folder.get().cast_unsigned()
}

/// A number for a name that cannot be looked at: programs pass over names in a listing that have none. The kernel drops it
/// before it uses it, and nothing is known under it.
#[must_use]
pub fn unseen_node_id(parent: NodeId, name: &[u8]) -> NodeId {
    let mut hasher = DefaultHasher::new();
    (parent, name).hash(&mut hasher);
    HASHED | hasher.finish() & (HASHED - 1)
}

/// The row a virtual number stands for, whether the kernel was told of it in this run or an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VirtualRow {
    /// A mapped picture.
    Picture(MappingId),
    /// A folder that exists only as mappings.
    Folder(FolderId),
}

/// See [`VirtualRow`]; `None` for a number of the source.
#[must_use]
pub fn virtual_row(id: NodeId) -> Option<VirtualRow> {
    let row = (id & !FOLDER).cast_signed();
    match id & FOLDER {
        PICTURE => Some(VirtualRow::Picture(MappingId::new(row))),
        FOLDER => Some(VirtualRow::Folder(FolderId::new(row))),
        _ => None,
    }
}

/// Whether the number is one that the source may have given: the root device, unchanged.
#[must_use]
pub fn source_inode(id: NodeId) -> Option<u64> {
    (id > ROOT && id < MOVED).then_some(id)
}

/// Whether the number was given because the usual one was known as that of another inode.
#[must_use]
pub fn is_moved(id: NodeId) -> bool {
    id & !(MOVED - 1) == MOVED
}

/// The number of an inode whose usual one is taken. It lies in the same shard, so that one lock decides between the two.
fn moved_node_id(usual: NodeId, inode: u64, place: &Place) -> NodeId {
    let hash = MOVED | (place.generation() ^ inode) & (MOVED - 1) & !(SHARDS as u64 - 1);
    hash | (shard_of(hash) ^ shard_of(usual)) as u64
}

fn shard_of(id: NodeId) -> usize {
    (id ^ (id >> 32)) as usize % SHARDS
}

impl NodeTable {
    /// A table that knows the root only.
    #[must_use]
    pub fn new(root: Place) -> Self {
        let table = Self { shards: std::array::from_fn(|_| Mutex::default()), paths_epoch: AtomicU64::new(0) };
        table.remember(ROOT, Node::Source(root));
        table
    }

    /// Counts one more look-up of a node that the kernel is about to be told of.
    pub fn remember(&self, id: NodeId, node: Node) {
        let mut shard = self.shard(id).lock();
        let former = count(&mut shard, id, node);
        // Closing a descriptor that it may hold is a system call on the source.
        drop(shard);
        drop(former);
    }

    /// The same of an inode of the source; its number.
    pub fn remember_source(&self, inode: u64, place: Place) -> NodeId {
        let mut shard = self.shard(source_node_id(inode, &place)).lock();
        let id = number_in(&shard, inode, &place);
        let former = count(&mut shard, id, Node::Source(place));
        drop(shard);
        drop(former);
        id
    }

    /// The number that the kernel knows an inode of the source under, or would be told of it.
    #[must_use]
    pub fn number_of(&self, inode: u64, place: &Place) -> NodeId {
        number_in(&self.shard(source_node_id(inode, place)).lock(), inode, place)
    }

    /// Keeps an inode by a descriptor, if the kernel knows it: its handle is void, as is its path.
    pub fn keep(&self, inode: u64, known_as: &Place, held: Place) {
        let mut shard = self.shard(source_node_id(inode, known_as)).lock();
        let id = number_in(&shard, inode, known_as);
        let former = shard.get_mut(&id).map(|entry| {
            entry.path = None;
            std::mem::replace(&mut entry.node, Node::Source(held))
        });
        drop(shard);
        drop(former);
    }

    /// What a picture looks like is no longer what it was.
    pub fn update_picture(&self, id: NodeId, picture: Arc<MappedPicture>) {
        if let Some(entry) = self.shard(id).lock().get_mut(&id) {
            entry.node = Node::Picture(picture);
        }
    }

    /// Takes `count` look-ups back; the node goes with the last, and is returned: a descriptor that it holds is closed by
    /// the caller. The root stays.
    pub fn forget(&self, id: NodeId, count: u64) -> Option<Node> {
        if id == ROOT {
            return None;
        }
        let mut shard = self.shard(id).lock();
        let entry = shard.get_mut(&id)?;
        entry.lookups = entry.lookups.saturating_sub(count);
        if entry.lookups > 0 {
            return None;
        }
        shard.remove(&id).map(|entry| entry.node)
    }

    /// Which file system the node is on, in which it hangs; `None` when that is not known.
    #[must_use]
    pub fn scope(&self, id: NodeId) -> Option<Scope> {
        match &self.shard(id).lock().get(&id)?.node {
            Node::Source(place) => Some(place.scope()),
            Node::Picture(_) | Node::Folder(_) => None,
        }
    }

    /// What the number stands for, `None` when the kernel was never told or has forgotten.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<Node> {
        self.shard(id).lock().get(&id).map(|entry| entry.node.clone())
    }

    /// Whether the kernel may hold anything of this node.
    #[must_use]
    pub fn contains(&self, id: NodeId) -> bool {
        self.shard(id).lock().contains_key(&id)
    }

    /// The numbers of all known nodes.
    #[must_use]
    pub fn ids(&self) -> Vec<NodeId> {
        self.shards.iter().flat_map(|shard| shard.lock().keys().copied().collect::<Vec<_>>()).collect()
    }

    /// How many nodes are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Which paths are valid: what is worked out from now on is to be handed to [`Self::set_path`] with this.
    #[must_use]
    pub fn paths_epoch(&self) -> u64 {
        self.paths_epoch.load(Ordering::Acquire)
    }

    /// The path of a folder if it was worked out since the last [`Self::void_paths`]; with it the epoch to hand to
    /// [`Self::set_path`].
    #[must_use]
    pub fn path(&self, id: NodeId) -> (u64, Option<Arc<RelPath>>) {
        let epoch = self.paths_epoch();
        let shard = self.shard(id).lock();
        let known = shard.get(&id).and_then(|entry| entry.path.as_ref()).filter(|(then, _)| *then == epoch);
        (epoch, known.map(|(_, path)| Arc::clone(path)))
    }

    /// Remembers the path of a folder as worked out in `epoch`.
    pub fn set_path(&self, id: NodeId, epoch: u64, path: &Arc<RelPath>) {
        if let Some(entry) = self.shard(id).lock().get_mut(&id) {
            entry.path = Some((epoch, Arc::clone(path)));
        }
    }

    /// Forgets all paths: a folder was renamed.
    pub fn void_paths(&self) {
        self.paths_epoch.fetch_add(1, Ordering::AcqRel);
    }

    fn shard(&self, id: NodeId) -> &Mutex<HashMap<NodeId, Entry>> {
        &self.shards[shard_of(id)]
    }
}

/// See [`NodeTable::number_of`]; of the two that an inode may have, both are in this shard.
fn number_in(shard: &HashMap<NodeId, Entry>, inode: u64, place: &Place) -> NodeId {
    let usual = source_node_id(inode, place);
    let moved = moved_node_id(usual, inode, place);
    let is_taken = shard.get(&usual).is_some_and(|known| !known.is_same(place));
    if is_taken || shard.contains_key(&moved) { moved } else { usual }
}

/// Counts a look-up; what was known under that number before, if it was something else.
fn count(shard: &mut HashMap<NodeId, Entry>, id: NodeId, node: Node) -> Option<Node> {
    match shard.entry(id) {
        std::collections::hash_map::Entry::Occupied(mut known) => {
            let entry = known.get_mut();
            entry.lookups += 1;
            let is_same = matches!(&node, Node::Source(place) if entry.is_same(place));
            (!is_same).then(|| {
                entry.path = None;
                std::mem::replace(&mut entry.node, node)
            })
        }
        std::collections::hash_map::Entry::Vacant(free) => {
            free.insert(Entry { node, lookups: 1, path: None });
            None
        }
    }
}

impl Entry {
    /// Whether it is of that inode, which has the same number.
    fn is_same(&self, place: &Place) -> bool {
        matches!(&self.node, Node::Source(known) if known.is_same(place))
    }
}

#[cfg(test)]
mod tests {
    use super::super::handle::FileHandle;
    use super::*;

    fn place(number: u8) -> Place {
        Place::Handle { device: 0, handle: FileHandle::new(1, &[number]) }
    }

    #[test]
    fn a_node_goes_with_its_last_look_up() {
        let table = NodeTable::new(place(0));
        for _ in 0..3 {
            table.remember(77, Node::Source(place(1)));
        }
        table.forget(77, 2);
        assert!(table.contains(77));
        table.forget(77, 1);
        assert!(!table.contains(77));
        table.forget(77, 5);
        table.forget(ROOT, 100);
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn an_inode_whose_number_is_taken_goes_by_another_until_the_kernel_forgets_it() {
        let table = NodeTable::new(place(0));
        assert_eq!(table.remember_source(77, place(1)), 77);
        let newer = table.remember_source(77, place(2));
        assert!(is_moved(newer) && source_inode(newer).is_none() && !is_moved(77));
        assert!(matches!(table.get(77), Some(Node::Source(older)) if older.is_same(&place(1))));
        assert!(matches!(table.get(newer), Some(Node::Source(now)) if now.is_same(&place(2))));
        // An answer that is late tells of the older one once more.
        assert_eq!(table.remember_source(77, place(1)), 77);
        table.forget(77, 2);
        assert_eq!(table.remember_source(77, place(2)), newer, "one inode has one number");
        table.forget(newer, 2);
        assert_eq!((table.number_of(77, &place(2)), table.remember_source(77, place(2))), (77, 77));
    }

    #[test]
    fn inodes_that_are_held_by_descriptors_are_one_while_they_have_one_number() {
        let table = NodeTable::new(place(0));
        let held = || {
            let file = std::fs::File::open("/dev/null").unwrap();
            Place::Held { fd: Arc::new(file.into()), salt: 0, generation: None }
        };
        assert_eq!((table.remember_source(77, held()), table.remember_source(77, held())), (77, 77));
    }

    #[test]
    fn what_is_kept_by_a_descriptor_stays_so_when_it_is_met_by_its_handle() {
        let table = NodeTable::new(place(0));
        table.remember_source(77, place(1));
        let held = || {
            let file = std::fs::File::open("/dev/null").unwrap();
            let stat = rustix::fs::fstat(&file).unwrap();
            place(1).held_by(file.into(), &stat)
        };
        table.keep(77, &place(1), held());
        // Somebody had looked the name up before it went.
        assert_eq!(table.remember_source(77, place(1)), 77);
        let is_kept = || matches!(table.get(77), Some(Node::Source(kept @ Place::Held { .. })) if kept.generation() == place(1).generation());
        assert!(is_kept());
        table.keep(77, &place(2), place(2));
        assert!(is_kept(), "what the kernel was not told of is not kept in the place of another");
    }

    #[test]
    fn paths_are_void_after_a_rename() {
        let table = NodeTable::new(place(0));
        let (epoch, none) = table.path(ROOT);
        assert!(none.is_none());
        table.set_path(ROOT, epoch, &Arc::new(RelPath::root()));
        assert!(table.path(ROOT).1.is_some());
        table.void_paths();
        assert!(table.path(ROOT).1.is_none());
    }

    #[test]
    fn ranges_do_not_meet() {
        let picture = picture_node_id(MappingId::new(7));
        let folder = folder_node_id(FolderId::new(7));
        let elsewhere = source_node_id(7, &Place::Handle { device: 3, handle: FileHandle::new(1, &[1]) });
        let huge = source_node_id(u64::MAX, &place(1));
        let root_number = source_node_id(ROOT, &place(1));
        let moved = moved_node_id(7, 7, &place(2));
        let all = [picture, folder, elsewhere, huge, root_number, moved, source_node_id(7, &place(1)), ROOT];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(virtual_row(picture), Some(VirtualRow::Picture(MappingId::new(7))));
        assert_eq!(virtual_row(folder), Some(VirtualRow::Folder(FolderId::new(7))));
        assert!([elsewhere, huge, root_number, moved, 7].into_iter().all(|id| virtual_row(id).is_none()));
        assert_eq!(all.map(is_moved), all.map(|id| id == moved));
        assert_eq!(shard_of(moved), shard_of(7));
        assert_eq!(source_inode(7), Some(7));
        assert_eq!(source_inode(elsewhere), None);
    }
}
