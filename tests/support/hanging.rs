//! A file system in memory that answers nobody while it is told to hang.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BackgroundSession, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, InitFlags,
    KernelConfig, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, Session, SessionACL, WriteFlags,
};
use rustix::fs::{minor, stat};

use super::watchdog::Watchdog;

/// The kernel keeps nothing: every call that touches the file system comes here.
const TTL: Duration = Duration::ZERO;
/// After this long it is cut off, whatever the test is at.
const DEADLINE: Duration = Duration::from_secs(150);
/// Requests that can be held up at once; the rest wait in the kernel.
const THREADS: usize = 6;

/// The file system, mounted; it answers again, and goes, when this is dropped.
pub struct Hanging {
    gate: Arc<Hold>,
    mounted: PathBuf,
    session: Option<BackgroundSession>,
    watchdog: Option<Watchdog>,
}

/// Whether it hangs, and how many requests it holds up.
#[derive(Default)]
struct Hold {
    is_closed: Mutex<bool>,
    changed: Condvar,
    held: AtomicUsize,
}

impl Hold {
    fn pass(&self) {
        let mut is_closed = self.is_closed.lock().unwrap();
        if *is_closed {
            self.held.fetch_add(1, Ordering::SeqCst);
            while *is_closed {
                is_closed = self.changed.wait(is_closed).unwrap();
            }
            self.held.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn set(&self, closed: bool) {
        *self.is_closed.lock().unwrap() = closed;
        self.changed.notify_all();
    }
}

impl Hanging {
    /// Mounts it over a folder. It holds these files, and the folders above them.
    pub fn mount_at(path: &Path, files: &[(&str, &[u8])]) -> Self {
        let gate = Arc::<Hold>::default();
        let mut tree = Tree::default();
        for (name, bytes) in files {
            tree.fill(Path::new(name), bytes);
        }
        let mut config = fuser::Config::default();
        config.acl = SessionACL::All;
        config.n_threads = Some(THREADS);
        let memory = Memory { gate: Arc::clone(&gate), tree: Mutex::new(tree) };
        let session = Session::new(memory, path, &config).unwrap().spawn().unwrap();
        let watchdog = Watchdog::new(minor(stat(path).unwrap().st_dev), DEADLINE);
        Self { gate, mounted: path.to_owned(), session: Some(session), watchdog: Some(watchdog) }
    }

    /// From now on it answers nobody.
    pub fn hang(&self) {
        self.gate.set(true);
    }

    /// It answers again, also what it has been asked meanwhile.
    pub fn go_on(&self) {
        self.gate.set(false);
    }

    /// How many requests it holds up.
    pub fn held(&self) -> usize {
        self.gate.held.load(Ordering::SeqCst)
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.go_on();
        let _ = rustix::mount::unmount(&self.mounted, rustix::mount::UnmountFlags::DETACH);
        drop(self.session.take());
        drop(self.watchdog.take());
    }
}

struct Inode {
    kind: FileType,
    bytes: Vec<u8>,
    names: BTreeMap<OsString, u64>,
    above: u64,
    changed: SystemTime,
}

struct Tree {
    inodes: BTreeMap<u64, Inode>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { inodes: BTreeMap::from([(1, Inode::new(FileType::Directory, 1))]) }
    }
}

impl Inode {
    fn new(kind: FileType, above: u64) -> Self {
        let changed = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        Self { kind, bytes: Vec::new(), names: BTreeMap::new(), above, changed }
    }
}

impl Tree {
    fn fill(&mut self, path: &Path, bytes: &[u8]) {
        let mut at = 1;
        let count = path.components().count();
        for (depth, name) in path.iter().enumerate() {
            let kind = if depth + 1 == count { FileType::RegularFile } else { FileType::Directory };
            at = match self.inodes[&at].names.get(name) {
                Some(known) => *known,
                None => self.make(at, name, kind),
            };
        }
        self.inodes.get_mut(&at).unwrap().bytes = bytes.to_vec();
    }

    fn make(&mut self, above: u64, name: &OsStr, kind: FileType) -> u64 {
        let number = self.inodes.last_key_value().map_or(2, |(last, _)| last.max(&1) + 1);
        self.inodes.insert(number, Inode::new(kind, above));
        let folder = self.inodes.get_mut(&above).unwrap();
        folder.names.insert(name.to_owned(), number);
        folder.changed += Duration::from_secs(1);
        number
    }

    fn attr(&self, number: u64) -> Option<FileAttr> {
        let inode = self.inodes.get(&number)?;
        let is_folder = inode.kind == FileType::Directory;
        Some(FileAttr {
            ino: INodeNo(number),
            size: inode.bytes.len() as u64,
            blocks: 1,
            atime: inode.changed,
            mtime: inode.changed,
            ctime: inode.changed,
            crtime: inode.changed,
            kind: inode.kind,
            perm: if is_folder { 0o755 } else { 0o644 },
            nlink: if is_folder { 2 } else { 1 },
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        })
    }
}

struct Memory {
    gate: Arc<Hold>,
    tree: Mutex<Tree>,
}

impl Memory {
    /// The tree, as soon as it answers.
    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.gate.pass();
        self.tree.lock().unwrap()
    }
}

fn reply_entry(tree: &Tree, reply: ReplyEntry, number: Option<u64>) {
    match number.and_then(|number| tree.attr(number)) {
        Some(attr) => reply.entry(&TTL, &attr, Generation(0)),
        None => reply.error(Errno::ENOENT),
    }
}

impl Filesystem for Memory {
    fn init(&mut self, _request: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        let _ = config.add_capabilities(InitFlags::FUSE_EXPORT_SUPPORT | InitFlags::FUSE_PARALLEL_DIROPS);
        Ok(())
    }

    fn lookup(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let tree = self.tree();
        let folder = tree.inodes.get(&parent.0);
        let found = match name.as_encoded_bytes() {
            b"." => Some(parent.0),
            b".." => folder.map(|folder| folder.above),
            _ => folder.and_then(|folder| folder.names.get(name).copied()),
        };
        reply_entry(&tree, reply, found);
    }

    fn getattr(&self, _request: &Request, number: INodeNo, _file: Option<FileHandle>, reply: ReplyAttr) {
        match self.tree().attr(number.0) {
            Some(attr) => reply.attr(&TTL, &attr),
            None => reply.error(Errno::ESTALE),
        }
    }

    fn statfs(&self, _request: &Request, _number: INodeNo, reply: ReplyStatfs) {
        drop(self.tree());
        reply.statfs(1, 1, 1, 1, 1, 4096, 255, 4096);
    }

    fn mkdir(&self, _request: &Request, parent: INodeNo, name: &OsStr, _mode: u32, _umask: u32, reply: ReplyEntry) {
        let mut tree = self.tree();
        let number = tree.make(parent.0, name, FileType::Directory);
        reply_entry(&tree, reply, Some(number));
    }

    fn create(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let mut tree = self.tree();
        let number = tree.make(parent.0, name, FileType::RegularFile);
        let attr = tree.attr(number).unwrap();
        reply.created(&TTL, &attr, Generation(0), FileHandle(0), FopenFlags::empty());
    }

    fn unlink(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let mut tree = self.tree();
        match tree.inodes.get_mut(&parent.0).and_then(|folder| folder.names.remove(name)) {
            Some(_) => reply.ok(),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn rename(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        _flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let mut tree = self.tree();
        let Some(number) = tree.inodes.get_mut(&parent.0).and_then(|folder| folder.names.remove(name)) else {
            return reply.error(Errno::ENOENT);
        };
        tree.inodes.get_mut(&new_parent.0).unwrap().names.insert(new_name.to_owned(), number);
        reply.ok();
    }

    fn open(&self, _request: &Request, _number: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        drop(self.tree());
        reply.opened(FileHandle(0), FopenFlags::empty());
    }

    fn read(
        &self,
        _request: &Request,
        number: INodeNo,
        _file: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let tree = self.tree();
        let bytes = &tree.inodes[&number.0].bytes;
        let begin = bytes.len().min(offset as usize);
        reply.data(&bytes[begin..bytes.len().min(begin + size as usize)]);
    }

    fn write(
        &self,
        _request: &Request,
        number: INodeNo,
        _file: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let mut tree = self.tree();
        let bytes = &mut tree.inodes.get_mut(&number.0).unwrap().bytes;
        let end = offset as usize + data.len();
        bytes.resize(bytes.len().max(end), 0);
        bytes[offset as usize..end].copy_from_slice(data);
        reply.written(data.len() as u32);
    }

    fn readdir(&self, _request: &Request, number: INodeNo, _file: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let tree = self.tree();
        let Some(folder) = tree.inodes.get(&number.0) else { return reply.error(Errno::ESTALE) };
        let dots = [(OsStr::new("."), number.0), (OsStr::new(".."), folder.above)];
        let names = folder.names.iter().map(|(name, number)| (name.as_os_str(), *number));
        for (position, (name, number)) in dots.into_iter().chain(names).enumerate().skip(offset as usize) {
            if reply.add(INodeNo(number), position as u64 + 1, tree.inodes[&number].kind, name) {
                break;
            }
        }
        reply.ok();
    }
}
