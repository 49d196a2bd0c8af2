//! Open files, and which of them the kernel reads and writes by itself.
//!
//! With kernel passthrough a file's reads and writes never reach us: the kernel does them on a *backing file* that we
//! register per inode. Its rules shape this table: one mode per inode at a time, the same backing id for all opens of
//! an inode, and the id lives until the last of them is released. So the mode is decided at an inode's first open and
//! kept while any open remains.
//!
//! Files whose file system cannot be a backing file go through us. Those that bear suid, sgid or capabilities need not:
//! before it writes to one, the kernel asks us to clear them (see `View::setattr`).

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rustix::fs::{OFlags, fcntl_getfl};

use super::nodes::NodeId;

/// The number of an open file, as the kernel hands it back.
pub type FileId = u64;

/// An open file.
#[derive(Debug)]
pub struct OpenFile {
    /// The inode it was opened on.
    pub node: NodeId,
    /// Our own descriptor, with the access mode of the caller's: for everything that passthrough does not cover.
    pub fd: OwnedFd,
    mode: OFlags,
}

impl OpenFile {
    /// A file that was opened on that inode.
    #[must_use]
    pub fn new(node: NodeId, fd: OwnedFd) -> Self {
        let mode = fcntl_getfl(&fd).unwrap_or(OFlags::RDWR) & OFlags::RWMODE;
        Self { node, fd, mode }
    }
}

/// How the kernel is to serve an open file. `B` is the backing id; it is closed when dropped.
#[derive(Debug)]
pub enum Mode<B> {
    /// By itself, on the backing file.
    Passthrough(Arc<B>),
    /// Through the page cache, asking us.
    Cached,
}

impl<B> Clone for Mode<B> {
    fn clone(&self) -> Self {
        match self {
            Self::Passthrough(backing) => Self::Passthrough(Arc::clone(backing)),
            Self::Cached => Self::Cached,
        }
    }
}

#[derive(Debug)]
struct Inode<B> {
    mode: Mode<B>,
    opens: u64,
    /// Opens for reading and writing: those can be mapped into memory and written there.
    mappable_opens: u64,
}

/// The table of open files. The two locks are never held together; registering a backing file (one `ioctl`) happens
/// under the lock of the inodes, because two first opens of one inode must not both do it.
#[derive(Debug)]
pub struct OpenFiles<B> {
    next: AtomicU64,
    files: Mutex<HashMap<FileId, Arc<OpenFile>>>,
    inodes: Mutex<HashMap<NodeId, Inode<B>>>,
}

impl<B> Default for OpenFiles<B> {
    fn default() -> Self {
        Self { next: AtomicU64::new(1), files: Mutex::default(), inodes: Mutex::default() }
    }
}

impl<B> OpenFiles<B> {
    /// Enters an open file. `register` makes the backing id; it is asked only for the first open of an inode, and
    /// `None` means that this inode goes through us.
    pub fn insert(&self, file: OpenFile, register: impl FnOnce(&OwnedFd) -> Option<B>) -> (FileId, Mode<B>) {
        let mode = {
            let mut inodes = self.inodes.lock();
            let inode = inodes.entry(file.node).or_insert_with(|| {
                let backing = register(&file.fd).map(Arc::new);
                let mode = backing.map_or(Mode::Cached, Mode::Passthrough);
                Inode { mode, opens: 0, mappable_opens: 0 }
            });
            inode.opens += 1;
            inode.mappable_opens += u64::from(file.mode == OFlags::RDWR);
            inode.mode.clone()
        };
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.files.lock().insert(id, Arc::new(file));
        (id, mode)
    }

    /// The open file of that number.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<Arc<OpenFile>> {
        self.files.lock().get(&id).cloned()
    }

    /// Any open file of that inode: reaches an inode whose last name is gone.
    #[must_use]
    pub fn any_of(&self, node: NodeId) -> Option<Arc<OpenFile>> {
        if !self.inodes.lock().contains_key(&node) {
            return None;
        }
        self.files.lock().values().find(|file| file.node == node).cloned()
    }

    /// Whether somebody has that inode open for writing.
    #[must_use]
    pub fn has_writer(&self, node: NodeId) -> bool {
        self.files.lock().values().any(|file| file.node == node && file.mode != OFlags::RDONLY)
    }

    /// Whether somebody may be writing to that inode through a memory map, of which neither we nor the kernel's side of
    /// the mount hear.
    #[must_use]
    pub fn may_be_mapped(&self, node: NodeId) -> bool {
        let inodes = self.inodes.lock();
        inodes.get(&node).is_some_and(|inode| inode.mappable_opens > 0 && matches!(inode.mode, Mode::Passthrough(_)))
    }

    /// Whether that open file is for writing.
    #[must_use]
    pub fn is_for_writing(&self, id: FileId) -> bool {
        self.get(id).is_some_and(|file| file.mode != OFlags::RDONLY)
    }

    /// Whether the kernel reads and writes this inode by itself at present.
    #[must_use]
    pub fn is_passed_through(&self, node: NodeId) -> bool {
        self.inodes.lock().get(&node).is_some_and(|inode| matches!(inode.mode, Mode::Passthrough(_)))
    }

    /// Takes an open file out; with the last of its inode the backing id goes.
    pub fn remove(&self, id: FileId) -> Option<Arc<OpenFile>> {
        let file = self.files.lock().remove(&id)?;
        let mut inodes = self.inodes.lock();
        if let Some(inode) = inodes.get_mut(&file.node) {
            inode.opens -= 1;
            inode.mappable_opens -= u64::from(file.mode == OFlags::RDWR);
            if inode.opens == 0 {
                let last = inodes.remove(&file.node);
                drop(inodes);
                drop(last);
            }
        }
        Some(file)
    }

    /// How many files are open, and on how many inodes of them the kernel works by itself.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let open = self.files.lock().len();
        let inodes = self.inodes.lock();
        (open, inodes.values().filter(|inode| matches!(inode.mode, Mode::Passthrough(_))).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(node: NodeId) -> OpenFile {
        OpenFile::new(node, std::fs::File::open("/dev/null").unwrap().into())
    }

    #[test]
    fn an_inode_keeps_its_mode_and_backing_until_the_last_release() {
        let files = OpenFiles::<u32>::default();
        let (first, mode) = files.insert(open(7), |_| Some(1));
        let Mode::Passthrough(backing) = mode else { panic!("was registered") };
        let (second, again) = files.insert(open(7), |_| unreachable!("registered twice"));
        assert!(matches!(again, Mode::Passthrough(same) if Arc::ptr_eq(&same, &backing)));
        files.remove(first);
        assert_eq!(files.counts(), (1, 1));
        files.remove(second);
        assert_eq!(Arc::strong_count(&backing), 1, "the table has dropped the backing id");
        assert_eq!(files.counts(), (0, 0));
        assert!(files.remove(second).is_none());
    }

    #[test]
    fn an_inode_that_was_refused_stays_with_us_while_it_is_open() {
        let files = OpenFiles::<u32>::default();
        let (first, mode) = files.insert(open(7), |_| None);
        assert!(matches!(mode, Mode::Cached));
        let (second, mode) = files.insert(open(7), |_| unreachable!("one mode per inode at a time"));
        assert!(matches!(mode, Mode::Cached));
        files.remove(first);
        files.remove(second);
        assert!(matches!(files.insert(open(7), |_| Some(1)).1, Mode::Passthrough(_)));
    }
}
