//! The disk of `disk`, mounted.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BackgroundSession, BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyStatfs, ReplyWrite, Request, Session, TimeOrNow, WriteFlags,
};
use rustix::fs::{minor, stat};
use rustix::mount::{UnmountFlags, unmount};

use crate::disk::{Body, Disk, Node, Tree};
use crate::support::Watchdog;

/// The kernel keeps nothing, so that all that is asked comes here, in its order.
const TTL: Duration = Duration::ZERO;
/// After this long it is cut off, whatever the test is at.
const DEADLINE: Duration = Duration::from_secs(120);

/// A mounted disk; unmounted when dropped.
pub struct Forgetful {
    disk: Arc<Mutex<Disk>>,
    mounted: PathBuf,
    session: Option<BackgroundSession>,
    watchdog: Option<Watchdog>,
}

impl Forgetful {
    /// Mounts a disk over a folder, with all that is in it. `None`, and a line that says why, where that is not possible.
    pub fn over(folder: &Path) -> Option<Self> {
        if !Path::new("/dev/fuse").exists() || !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can mount a disk here, and needs /dev/fuse");
            return None;
        }
        let disk = Arc::new(Mutex::new(Disk::with(Tree::of(folder))));
        let shell = Shell { disk: Arc::clone(&disk), moments: AtomicU64::new(0) };
        let session = Session::new(shell, folder, &fuser::Config::default()).unwrap().spawn().unwrap();
        let watchdog = Watchdog::new(minor(stat(folder).unwrap().st_dev), DEADLINE);
        Some(Self { disk, mounted: folder.to_owned(), session: Some(session), watchdog: Some(watchdog) })
    }

    /// Unmounts it, and tells what was asked of it.
    pub fn taken_out(mut self) -> Disk {
        self.unmount();
        let empty = Disk::with(Tree::default());
        std::mem::replace(&mut *self.disk.lock().unwrap(), empty)
    }

    fn unmount(&mut self) {
        if let Some(session) = self.session.take() {
            let _ = unmount(&self.mounted, UnmountFlags::DETACH);
            drop(session);
            drop(self.watchdog.take());
        }
    }
}

impl Drop for Forgetful {
    fn drop(&mut self) {
        self.unmount();
    }
}

struct Shell {
    disk: Arc<Mutex<Disk>>,
    /// Each look at a file finds that it has changed, so that nothing of it is kept.
    moments: AtomicU64,
}

impl Shell {
    fn attr(&self, tree: &Tree, node: Node) -> Option<FileAttr> {
        let thing = tree.thing(node)?;
        let (kind, size) = match &thing.body {
            Body::Folder(_) => (FileType::Directory, 0),
            Body::File(bytes) => (FileType::RegularFile, bytes.len()),
            Body::Link(target) => (FileType::Symlink, target.len()),
        };
        let changed = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        Some(FileAttr {
            ino: INodeNo(node),
            size: size as u64,
            blocks: size.div_ceil(512) as u64,
            atime: changed,
            mtime: changed,
            ctime: changed + Duration::from_nanos(self.moments.fetch_add(1, Ordering::Relaxed)),
            crtime: changed,
            kind,
            perm: thing.mode as u16,
            nlink: if kind == FileType::Directory { 2 } else { tree.name_count(node) as u32 },
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        })
    }

    fn reply_entry(&self, disk: &Disk, node: Option<Node>, reply: ReplyEntry) {
        match node.and_then(|node| self.attr(disk.now(), node)) {
            Some(attr) => reply.entry(&TTL, &attr, Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn make(&self, folder: INodeNo, name: &OsStr, body: Body, mode: u32, reply: ReplyEntry) {
        let mut disk = self.disk.lock().unwrap();
        let node = disk.make(folder.0, name, body, mode);
        self.reply_entry(&disk, Some(node), reply);
    }

    fn remove(&self, folder: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let mut disk = self.disk.lock().unwrap();
        let Some(node) = named(&disk, folder, name) else { return reply.error(Errno::ENOENT) };
        if disk.now().names(node).is_some_and(|names| !names.is_empty()) {
            return reply.error(Errno::ENOTEMPTY);
        }
        disk.name(folder.0, name, None);
        reply.ok();
    }

    fn sync(&self, node: INodeNo, is_data_only: bool, reply: ReplyEmpty) {
        self.disk.lock().unwrap().sync(node.0, is_data_only);
        reply.ok();
    }
}

fn named(disk: &Disk, folder: INodeNo, name: &OsStr) -> Option<Node> {
    disk.now().names(folder.0)?.get(name).copied()
}

impl Filesystem for Shell {
    fn lookup(&self, _request: &Request, folder: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let disk = self.disk.lock().unwrap();
        let node = named(&disk, folder, name);
        self.reply_entry(&disk, node, reply);
    }

    fn getattr(&self, _request: &Request, node: INodeNo, _file: Option<FileHandle>, reply: ReplyAttr) {
        match self.attr(self.disk.lock().unwrap().now(), node.0) {
            Some(attr) => reply.attr(&TTL, &attr),
            None => reply.error(Errno::ESTALE),
        }
    }

    fn setattr(
        &self,
        request: &Request,
        node: INodeNo,
        mode: Option<u32>,
        _owner: Option<u32>,
        _group: Option<u32>,
        size: Option<u64>,
        _accessed: Option<TimeOrNow>,
        _modified: Option<TimeOrNow>,
        _changed: Option<SystemTime>,
        file: Option<FileHandle>,
        _created: Option<SystemTime>,
        _flagged: Option<SystemTime>,
        _saved: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut disk = self.disk.lock().unwrap();
        if let Some(mode) = mode {
            disk.set_mode(node.0, mode & 0o7777);
        }
        if let Some(size) = size {
            disk.resize(node.0, size as usize);
        }
        drop(disk);
        self.getattr(request, node, file, reply);
    }

    fn readlink(&self, _request: &Request, node: INodeNo, reply: ReplyData) {
        match self.disk.lock().unwrap().now().thing(node.0).map(|thing| &thing.body) {
            Some(Body::Link(target)) => reply.data(target.as_bytes()),
            _ => reply.error(Errno::EINVAL),
        }
    }

    fn mkdir(&self, _request: &Request, folder: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        self.make(folder, name, Body::Folder(BTreeMap::new()), mode & !umask & 0o7777, reply);
    }

    fn symlink(&self, _request: &Request, folder: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        self.make(folder, name, Body::Link(target.as_os_str().to_owned()), 0o777, reply);
    }

    fn create(
        &self,
        _request: &Request,
        folder: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let mut disk = self.disk.lock().unwrap();
        let node = disk.make(folder.0, name, Body::File(Vec::new()), mode & !umask & 0o7777);
        let attr = self.attr(disk.now(), node).unwrap();
        reply.created(&TTL, &attr, Generation(0), FileHandle(0), FopenFlags::empty());
    }

    fn unlink(&self, _request: &Request, folder: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.remove(folder, name, reply);
    }

    fn rmdir(&self, _request: &Request, folder: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.remove(folder, name, reply);
    }

    fn rename(
        &self,
        _request: &Request,
        folder: INodeNo,
        name: &OsStr,
        new_folder: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let mut disk = self.disk.lock().unwrap();
        let Some(node) = named(&disk, folder, name) else { return reply.error(Errno::ENOENT) };
        let is_taken = named(&disk, new_folder, new_name).is_some();
        match flags {
            flags if flags.contains(RenameFlags::RENAME_EXCHANGE) => return reply.error(Errno::EINVAL),
            flags if flags.contains(RenameFlags::RENAME_NOREPLACE) && is_taken => return reply.error(Errno::EEXIST),
            _ => disk.rename(node, (folder.0, name), (new_folder.0, new_name)),
        }
        reply.ok();
    }

    fn link(&self, _request: &Request, node: INodeNo, folder: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let mut disk = self.disk.lock().unwrap();
        disk.name(folder.0, name, Some(node.0));
        self.reply_entry(&disk, Some(node.0), reply);
    }

    fn read(
        &self,
        _request: &Request,
        node: INodeNo,
        _file: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.disk.lock().unwrap().now().thing(node.0).map(|thing| &thing.body) {
            Some(Body::File(bytes)) => {
                let begin = bytes.len().min(offset as usize);
                reply.data(&bytes[begin..bytes.len().min(begin + size as usize)]);
            }
            _ => reply.error(Errno::ESTALE),
        }
    }

    fn write(
        &self,
        _request: &Request,
        node: INodeNo,
        _file: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        self.disk.lock().unwrap().write(node.0, offset as usize, data);
        reply.written(data.len() as u32);
    }

    fn fsync(&self, _request: &Request, node: INodeNo, _file: FileHandle, datasync: bool, reply: ReplyEmpty) {
        self.sync(node, datasync, reply);
    }

    fn fsyncdir(&self, _request: &Request, node: INodeNo, _file: FileHandle, datasync: bool, reply: ReplyEmpty) {
        self.sync(node, datasync, reply);
    }

    fn readdir(&self, _request: &Request, folder: INodeNo, _file: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let disk = self.disk.lock().unwrap();
        let Some(names) = disk.now().names(folder.0) else { return reply.error(Errno::ENOTDIR) };
        // Nobody here asks where `..` leads.
        let dots = [(OsStr::new("."), folder.0), (OsStr::new(".."), folder.0)];
        let names = names.iter().map(|(name, node)| (name.as_os_str(), *node));
        for (position, (name, node)) in dots.into_iter().chain(names).enumerate().skip(offset as usize) {
            let kind = match disk.now().thing(node).map(|thing| &thing.body) {
                Some(Body::Folder(_)) => FileType::Directory,
                Some(Body::Link(_)) => FileType::Symlink,
                _ => FileType::RegularFile,
            };
            if reply.add(INodeNo(node), position as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _request: &Request, _node: INodeNo, reply: ReplyStatfs) {
        let plenty = 1 << 20;
        reply.statfs(plenty, plenty, plenty, plenty, plenty, 4096, 255, 4096);
    }
}
