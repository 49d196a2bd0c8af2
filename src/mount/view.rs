//! The operations of the view: what each request does, without the FUSE library's types.
//!
//! A [`View`] reaches the source by places, asks the index what the mappings make of a folder, lets the overlay decide,
//! and does on the source what is left to do. Every method is one request; [`super::fs`] is the shell that unpacks
//! requests and packs replies. `B` is the kernel's registration of a backing file.

mod attributes;
mod copy;
mod dir;
mod ioctl;
mod known;
mod list;
mod lookup;
mod make;
mod open;
mod poked;
mod remove;
mod rename;
mod scope;
mod write;
mod xattr;

use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;
use rustix::io::Errno;

use crate::cache::Cache;
use crate::catalog::{MappedPicture, Mapping, Mask};
use crate::model::{FolderId, Name, RelPath};
use crate::overlay::{Folder, Listing, Refusal};

use super::attr::Attr;
use super::changes::{ChangeQueue, Turn};
use super::errno::Result;
use super::fan::Handle;
use super::files::OpenFiles;
use super::gate::Gate;
use super::handle::FileHandle;
use super::index::{FolderIndex, FolderKey};
use super::last_seen::LastSeen;
use super::moments::Moments;
use super::nodes::{Node, NodeId, NodeTable, ROOT, VirtualRow, is_moved, source_inode, virtual_row};
use super::notify::{Notices, Stale};
use super::place::{Devices, Place, link_of};
use super::poke::PokeGate;
use super::program::KnownRules;
use super::stats::Stats;
use super::ticker::Ticker;
use super::written::Written;

pub use attributes::{NewAttributes, NewTime};
pub use copy::hash_of;
pub use list::{DirectorySink, Item};
pub use lookup::Entry;
pub use make::NewNode;
pub use open::{Created, Opened};
pub use scope::Doors;

/// How many listings are kept for readers that are in the middle of one.
const LISTINGS_MAX: NonZeroUsize = NonZeroUsize::new(32).unwrap();

/// How long the kernel may rely on what only this mount changes, or what is watched: as good as for ever.
const LIFETIME_WATCHED: Duration = Duration::from_secs(86_400);
/// How long it may while the catalog cannot be read: it may come back with other names.
const LIFETIME_DEGRADED: Duration = Duration::from_secs(1);

/// How long the kernel may rely on what it was told of the source, where changes behind the mount go unnoticed.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// Of attributes.
    pub attributes: Duration,
    /// Of names, also of names that do not exist.
    pub entries: Duration,
}

/// See the module.
#[derive(Debug)]
pub struct View<B> {
    devices: Devices,
    root: Place,
    nodes: NodeTable,
    files: OpenFiles<B>,
    index: FolderIndex,
    cache: Cache,
    /// Listings of which a part was read. Locked for a moment, never while a folder is read.
    listings: Mutex<LruCache<NodeId, Arc<Listing>>>,
    notices: Notices,
    lifetimes: Lifetimes,
    /// Whether changes behind the mount are noticed.
    is_watched: AtomicBool,
    stats: Arc<Stats>,
    rules: KnownRules,
    moments: Moments,
    written: Written,
    ticker: Ticker,
    turn: Arc<Turn>,
    /// Where the source is, as users know it.
    shown_as: PathBuf,
    /// Where changes are handed in that no request asks for; nowhere until there is somebody to make them.
    changes: OnceLock<ChangeQueue>,
    poke_gate: PokeGate,
    gate: Arc<Gate>,
    last_seen: LastSeen,
    doors: Doors,
}

/// What a node is, once everything about it is at hand.
#[derive(Debug)]
enum Target {
    Source(Place),
    Picture(Arc<MappedPicture>),
    Folder(FolderId),
}

/// What a view is made of.
#[derive(Debug)]
pub struct ViewParts {
    /// The source, opened before anything is mounted over it.
    pub source: OwnedFd,
    /// What the mappings make of its folders.
    pub index: FolderIndex,
    /// Where the pictures are.
    pub cache: Cache,
    /// Where stale things are reported.
    pub notices: Notices,
    /// What the kernel may rely on where changes go unnoticed.
    pub lifetimes: Lifetimes,
    /// Whether changes on the source's own device are noticed.
    pub is_watched: bool,
    /// Where it is counted.
    pub stats: Arc<Stats>,
    /// What becomes of writes and deletions.
    pub rules: KnownRules,
    /// Where what programs wrote is taken in.
    pub written: Written,
    /// What wakes the thread that brings back what was removed.
    pub ticker: Ticker,
    /// Where the source is, as users know it.
    pub shown_as: PathBuf,
    /// Where requests wait for the source.
    pub gate: Gate,
}

impl<B> View<B> {
    /// A view of the source.
    ///
    /// # Errors
    /// When the source cannot be looked at.
    pub fn new(parts: ViewParts) -> Result<Self> {
        let devices = Devices::new(parts.source.as_fd(), true)?;
        let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
        let root_fd = rustix::fs::openat(&parts.source, ".", flags, rustix::fs::Mode::empty())?;
        let root = devices.place_of(root_fd, &rustix::fs::fstat(&parts.source)?);
        Ok(Self {
            nodes: NodeTable::new(root.clone()),
            root,
            devices,
            files: OpenFiles::default(),
            index: parts.index,
            cache: parts.cache,
            listings: Mutex::new(LruCache::new(LISTINGS_MAX)),
            notices: parts.notices,
            lifetimes: parts.lifetimes,
            is_watched: AtomicBool::new(parts.is_watched),
            stats: parts.stats,
            rules: parts.rules,
            moments: Moments::default(),
            written: parts.written,
            ticker: parts.ticker,
            turn: Arc::default(),
            shown_as: parts.shown_as,
            changes: OnceLock::new(),
            poke_gate: PokeGate::default(),
            gate: Arc::new(parts.gate),
            last_seen: LastSeen::default(),
            doors: Doors::default(),
        })
    }

    /// What holds for a while only.
    #[must_use]
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// Whose turn it is to change what is under names.
    #[must_use]
    pub fn turn(&self) -> Arc<Turn> {
        Arc::clone(&self.turn)
    }

    /// What programs write in the place of mapped pictures.
    #[must_use]
    pub fn written(&self) -> &Written {
        &self.written
    }

    /// The pictures.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// What the mappings make of the folders.
    #[must_use]
    pub fn index(&self) -> &FolderIndex {
        &self.index
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// A program has opened or truncated what it wanted to write to: from now on it sees what all others see.
    pub fn end_seeing(&self, pid: u32) {
        self.written.end_seeing(pid);
    }

    /// The queue of stale things.
    #[must_use]
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// The nodes that the kernel remembers.
    #[must_use]
    pub fn nodes(&self) -> &NodeTable {
        &self.nodes
    }

    /// The source itself: an open folder.
    #[must_use]
    pub fn source(&self) -> Arc<OwnedFd> {
        self.devices.source()
    }

    /// Where an open inode of the source is; `None` when it cannot be told.
    #[must_use]
    pub fn place_of(&self, fd: &OwnedFd, stat: &rustix::fs::Stat) -> Option<Place> {
        Some(self.devices.place_of(fd.try_clone().ok()?, stat))
    }

    /// Whether somebody has the file open for writing.
    #[must_use]
    pub fn has_writer(&self, id: NodeId) -> bool {
        self.files.has_writer(id)
    }

    /// Changes that no request asks for are handed in there.
    pub fn hand_changes_to(&self, queue: ChangeQueue) {
        let _ = self.changes.set(queue);
    }

    /// Tells the threads that serve changes to end.
    pub fn end_writers(&self) {
        self.written.end();
        self.ticker.end();
    }

    /// How many files are open, and on how many inodes of them the kernel works by itself.
    #[must_use]
    pub fn open_counts(&self) -> (usize, usize) {
        self.files.counts()
    }

    /// Whether inodes are reached by handle; else each one costs a descriptor.
    #[must_use]
    pub fn has_handles(&self) -> bool {
        self.devices.has_handles()
    }

    /// What the kernel may rely on now, of this node and of the names in it.
    #[must_use]
    pub fn lifetimes(&self, id: NodeId) -> Lifetimes {
        let lifetimes = self.lifetimes_undisturbed(id);
        // The number that an entry tells is not the one to show (see `View::number_shown`).
        if is_moved(id) || self.files.may_be_mapped(id) {
            Lifetimes { attributes: Duration::ZERO, ..lifetimes }
        } else {
            lifetimes
        }
    }

    fn lifetimes_undisturbed(&self, id: NodeId) -> Lifetimes {
        if self.stats.is_degraded() {
            return Lifetimes { attributes: LIFETIME_DEGRADED, entries: LIFETIME_DEGRADED };
        }
        // The mark covers the source's own device, not what is mounted below it.
        let is_own = id == ROOT || source_inode(id).is_some() || virtual_row(id).is_some();
        if is_own && self.is_watched.load(Ordering::Relaxed) {
            return Lifetimes { attributes: LIFETIME_WATCHED, entries: LIFETIME_WATCHED };
        }
        self.lifetimes
    }

    /// Changes behind the mount are no longer noticed.
    pub fn watch_lost(&self) {
        self.is_watched.store(false, Ordering::Relaxed);
        self.everything_changed();
    }

    /// Whether changes behind the mount are noticed.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.is_watched.load(Ordering::Relaxed)
    }

    /// What the kernel holds may be wrong in every point.
    pub fn everything_changed(&self) {
        self.nodes.void_paths();
        self.nodes.ids().into_iter().for_each(|id| self.notices.push(Stale::Inode(id)));
        self.notices.push(Stale::Everything);
    }

    /// Something was mounted or unmounted at that path of the view.
    pub fn mount_changed(&self, path: &[u8]) {
        let Ok(path) = RelPath::parse(path) else { return };
        let Some((parent, name)) = path.split_last() else { return };
        if let Some(folder) = self.source_node_at(&parent).filter(|folder| self.nodes.contains(*folder)) {
            self.notices.push(Stale::Entry(folder, name));
            self.notices.push(Stale::Inode(folder));
        }
    }

    /// The node of that file handle, if the kernel may hold anything of it.
    #[must_use]
    pub fn known_node(&self, handle: Handle<'_>) -> Option<NodeId> {
        let (inode, place) = self.devices.inode_of(FileHandle::new(handle.kind, handle.bytes))?;
        let id = if place.is_same(&self.root) { ROOT } else { self.nodes.number_of(inode, &place) };
        self.nodes.contains(id).then_some(id)
    }

    /// Whether the kernel reads and writes this inode by itself at present.
    #[must_use]
    pub fn is_passed_through(&self, id: NodeId) -> bool {
        self.files.is_passed_through(id)
    }

    /// The kernel has forgotten the node that many times. What is returned holds a descriptor: letting go of it may take
    /// as long as anything on the source.
    pub fn forget(&self, id: NodeId, count: u64) -> Option<Place> {
        let forgotten = self.nodes.forget(id, count);
        self.written.forgotten_by_kernel(id, || self.nodes.contains(id));
        match forgotten {
            Some(Node::Source(place @ Place::Held { .. })) => Some(place),
            _ => None,
        }
    }

    fn target(&self, id: NodeId) -> Result<Target> {
        match self.nodes.get(id) {
            Some(Node::Source(place)) => return Ok(Target::Source(place)),
            Some(Node::Picture(picture)) => return Ok(Target::Picture(picture)),
            Some(Node::Folder(folder)) => return Ok(Target::Folder(folder)),
            None => {}
        }
        // Not told in this run: a file handle (NFS) from before the kernel forgot, or from before a restart.
        match virtual_row(id) {
            Some(VirtualRow::Folder(folder)) => Ok(Target::Folder(folder)),
            Some(VirtualRow::Picture(mapping)) => {
                let mapping = self.index.mapping(mapping)?.ok_or(Errno::STALE)?;
                let key = FolderKey { library: mapping.library, folder: mapping.folder.clone() };
                let folder = self.folder(&key);
                let shown = folder.as_ref().and_then(|folder| folder.mapped(&mapping.name));
                let shown = shown.filter(|shown| shown.id == mapping.id).cloned();
                Ok(Target::Picture(Arc::new(shown.unwrap_or_else(|| picture_of(mapping)))))
            }
            None => {
                let fd = self.devices.open_by_number(source_inode(id).ok_or(Errno::STALE)?)?;
                let stat = rustix::fs::fstat(&fd)?;
                Ok(Target::Source(self.devices.place_of(fd, &stat)))
            }
        }
    }

    /// The place of a node of the source; what the mappings show is read-only.
    fn source_place(&self, id: NodeId) -> Result<Place> {
        match self.target(id)? {
            Target::Source(place) => Ok(place),
            Target::Picture(_) | Target::Folder(_) => Err(Refusal::ReadOnly.into()),
        }
    }

    /// What the mappings make of a folder of the source.
    fn folder_at(&self, id: NodeId, fd: BorrowedFd<'_>) -> Option<Arc<Folder>> {
        if !self.index.has_libraries() {
            return None;
        }
        let path = self.path_in_view(id, fd)?;
        self.folder_by_path(&path)
    }

    fn folder_by_path(&self, path: &RelPath) -> Option<Arc<Folder>> {
        self.folder(&self.index.key(path)?)
    }

    /// The path of a folder beneath the view's root, as the source has it now. `None` when it has none: it was removed,
    /// or lies outside (a bind mount).
    fn path_in_view(&self, id: NodeId, fd: BorrowedFd<'_>) -> Option<Arc<RelPath>> {
        let (epoch, known) = self.nodes.path(id);
        if known.is_some() {
            return known;
        }
        let root = link_of(self.devices.source().as_fd())?;
        let full = link_of(fd)?;
        let below = full.strip_prefix(&root).ok()?;
        let path = Arc::new(RelPath::parse(below.as_os_str().as_bytes()).ok()?);
        self.nodes.set_path(id, epoch, &path);
        Some(path)
    }

    fn parse_name(name: &std::ffi::OsStr) -> Result<Name> {
        Name::parse(name.as_bytes()).map_err(|_| Errno::INVAL.into())
    }

    /// Shows a folder as changed when its mappings were.
    fn adorn_folder(attr: &mut Attr, folder: Option<&Folder>) {
        let Some(folder) = folder else { return };
        attr.raise_change(folder.changed_at());
    }
}

fn picture_of(mapping: Mapping) -> MappedPicture {
    MappedPicture {
        id: mapping.id,
        name: mapping.name,
        hash: mapping.hash,
        extension: mapping.extension,
        byte_count: mapping.byte_count,
        published_at: mapping.published_at,
        entity: mapping.entity,
        image_type: mapping.image_type,
        mask: Mask::Shown,
        set: None,
    }
}
