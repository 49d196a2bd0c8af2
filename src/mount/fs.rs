//! The FUSE shell: unpacks a request, calls one method of the [`View`], packs the reply.
//!
//! Nothing is decided here. What is not implemented is so on purpose: locks are the kernel's own business among the
//! users of the mount (it would not tell us `flock` from POSIX locks anyway), `access` is answered by the kernel from
//! modes and access lists, `opendir` is refused once so that the kernel caches every listing, `flush` likewise because
//! nothing is held back until `close`.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use fuser::{
    BackingId, BsdFileFlags, Errno, FileHandle, Filesystem, Generation, INodeNo, InitFlags, IoctlFlags, KernelConfig,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectoryPlus, ReplyEmpty, ReplyEntry,
    ReplyIoctl, ReplyLseek, ReplyOpen, ReplyStatfs, ReplyWrite, ReplyXattr, Request, TimeOrNow, WriteFlags,
};

use super::changes::Changes;
use super::poke::Poked;
use super::reply::{
    Sink, caller, file_attr, new_time, open_flags, reply_empty, reply_entry, reply_written, reply_xattr,
};
use super::requests::Fs;
use super::view::{NewAttributes, NewNode, View};

/// Largest single request for reading, writing or listing.
const REQUEST_BYTES_MAX: u32 = 1 << 20;
/// Background requests (read-ahead) that the kernel may have under way.
const BACKGROUND_MAX: u16 = 64;

impl Filesystem for Fs {
    fn init(&mut self, _request: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        let wanted = [
            InitFlags::FUSE_POSIX_ACL,
            InitFlags::FUSE_DONT_MASK,
            InitFlags::FUSE_EXPORT_SUPPORT,
            InitFlags::FUSE_DO_READDIRPLUS,
            InitFlags::FUSE_PARALLEL_DIROPS,
            InitFlags::FUSE_CACHE_SYMLINKS,
            InitFlags::FUSE_NO_OPENDIR_SUPPORT,
            InitFlags::FUSE_AUTO_INVAL_DATA,
            InitFlags::FUSE_ASYNC_DIO,
            InitFlags::FUSE_HANDLE_KILLPRIV_V2,
            InitFlags::FUSE_ALLOW_IDMAP,
            InitFlags::FUSE_PASSTHROUGH,
            InitFlags::FUSE_DIRECT_IO_ALLOW_MMAP,
        ];
        for flag in wanted {
            if config.add_capabilities(flag).is_err() {
                tracing::info!(?flag, "this kernel lacks a capability; going on without it");
            }
        }
        // One level of stacking: file systems such as ext4, xfs and tmpfs can be passed through, and overlayfs
        // (containers) can still be stacked on the mount.
        let _ = config.set_max_stack_depth(1);
        let _ = config.set_max_write(REQUEST_BYTES_MAX);
        let _ = config.set_max_background(BACKGROUND_MAX);
        Ok(())
    }

    fn lookup(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.poked(request, parent, name) {
            // Neither answer may be remembered: it is true for the poking thread alone.
            Some(Poked::Appears { .. }) => return reply.error(Errno::ENOENT),
            Some(Poked::Goes) => {
                let ghost = file_attr(&View::<BackingId>::ghost());
                return reply.entry_with_ttls(&Duration::ZERO, &Duration::ZERO, &ghost, Generation(0));
            }
            Some(Poked::Changes) | None => {}
        }
        let found = self.run("lookup", |view| view.lookup(parent.0, name, caller(request)));
        reply_entry(&self.view, reply, parent, found);
    }

    fn forget(&self, _request: &Request, node: INodeNo, count: u64) {
        self.view.forget(node.0, count);
    }

    fn getattr(&self, _request: &Request, node: INodeNo, file: Option<FileHandle>, reply: ReplyAttr) {
        let lifetime = self.view.lifetimes(node.0).attributes;
        match self.run("getattr", |view| view.getattr(node.0, file.map(|file| file.0))) {
            Ok(attr) => reply.attr(&lifetime, &file_attr(&attr)),
            Err(errno) => reply.error(errno),
        }
    }

    fn setattr(
        &self,
        request: &Request,
        node: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        file: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        if self.view.poke_gate().is_poker(request.pid()) {
            let attr = self.run("setattr", |view| view.getattr(node.0, None));
            return match attr {
                Ok(attr) => reply.attr(&Duration::ZERO, &file_attr(&attr)),
                Err(errno) => reply.error(errno),
            };
        }
        let new = NewAttributes { mode, uid, gid, size, atime: atime.map(new_time), mtime: mtime.map(new_time) };
        let (lifetime, caller) = (self.view.lifetimes(node.0).attributes, caller(request));
        let work = move |view: &View<BackingId>, changes: Option<&mut Changes>| {
            view.setattr(node.0, file.map(|file| file.0), new, caller, changes)
        };
        self.change("setattr", work, move |view, outcome| match outcome {
            Ok(attr) => {
                if size.is_some() {
                    view.end_seeing(caller.pid);
                }
                reply.attr(&lifetime, &file_attr(&attr));
            }
            Err(errno) => reply.error(errno),
        });
    }

    fn readlink(&self, _request: &Request, node: INodeNo, reply: ReplyData) {
        match self.run("readlink", |view| view.readlink(node.0)) {
            Ok(target) => reply.data(&target),
            Err(errno) => reply.error(errno),
        }
    }

    fn mknod(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        device: u32,
        reply: ReplyEntry,
    ) {
        self.make("mknod", request, (parent, name), NewNode::Special { mode, device }, umask, reply);
    }

    fn mkdir(&self, request: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        self.make("mkdir", request, (parent, name), NewNode::Folder { mode }, umask, reply);
    }

    fn unlink(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        if self.view.poke_gate().is_poker(request.pid()) {
            return match self.poked(request, parent, name) {
                Some(Poked::Goes) => reply.ok(),
                _ => reply.error(Errno::EBUSY),
            };
        }
        let (name, caller) = (name.to_owned(), caller(request));
        let work =
            move |view: &View<BackingId>, changes: Option<&mut Changes>| view.unlink(parent.0, &name, caller, changes);
        self.change("unlink", work, move |_, outcome| reply_empty(reply, outcome));
    }

    fn rmdir(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let (name, caller) = (name.to_owned(), caller(request));
        let work =
            move |view: &View<BackingId>, changes: Option<&mut Changes>| view.rmdir(parent.0, &name, caller, changes);
        self.change("rmdir", work, move |_, outcome| reply_empty(reply, outcome));
    }

    fn symlink(&self, request: &Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        self.make("symlink", request, (parent, name), NewNode::Link { target: target.to_owned() }, 0, reply);
    }

    fn rename(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let flags = rustix::fs::RenameFlags::from_bits_retain(flags.bits());
        let (name, new_name, caller) = (name.to_owned(), new_name.to_owned(), caller(request));
        let work = move |view: &View<BackingId>, changes: Option<&mut Changes>| {
            view.rename((parent.0, &name), (new_parent.0, &new_name), flags, caller, changes)
        };
        self.change("rename", work, move |_, outcome| reply_empty(reply, outcome));
    }

    fn link(&self, request: &Request, node: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let (name, caller) = (name.to_owned(), caller(request));
        let work = move |view: &View<BackingId>, changes: Option<&mut Changes>| {
            view.link(node.0, (parent.0, &name), caller, changes).map(Some)
        };
        self.change("link", work, move |view, made| reply_entry(view, reply, parent, made));
    }

    fn open(&self, request: &Request, node: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        self.open_node(request, node, open_flags(flags.0), reply);
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        self.create_file(request, (parent, name), open_flags(flags), (mode, umask), reply);
    }

    fn read(
        &self,
        _request: &Request,
        _node: INodeNo,
        file: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.run("read", |view| view.read(file.0, offset, size)) {
            Ok(data) => reply.data(&data),
            Err(errno) => reply.error(errno),
        }
    }

    fn write(
        &self,
        request: &Request,
        _node: INodeNo,
        file: FileHandle,
        offset: u64,
        data: &[u8],
        write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let clears_for = write_flags.contains(WriteFlags::FUSE_WRITE_KILL_SUIDGID).then(|| caller(request));
        let written = self.run("write", |view| view.write(file.0, offset, data, clears_for));
        reply_written(reply, written);
    }

    fn flush(&self, _request: &Request, _node: INodeNo, _file: FileHandle, _owner: LockOwner, reply: ReplyEmpty) {
        reply.error(Errno::ENOSYS);
    }

    fn release(
        &self,
        _request: &Request,
        _node: INodeNo,
        file: FileHandle,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        let released = self.run("release", |view| {
            view.release(file.0);
            Ok(())
        });
        reply_empty(reply, released);
    }

    fn fsync(&self, _request: &Request, _node: INodeNo, file: FileHandle, data_only: bool, reply: ReplyEmpty) {
        reply_empty(reply, self.run("fsync", |view| view.fsync(file.0, data_only)));
    }

    fn opendir(&self, _request: &Request, _node: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        reply.error(Errno::ENOSYS);
    }

    fn readdirplus(
        &self,
        _request: &Request,
        node: INodeNo,
        _file: FileHandle,
        offset: u64,
        mut reply: ReplyDirectoryPlus,
    ) {
        let listed = self
            .run("readdirplus", |view| view.list(node.0, offset, &mut Sink { reply: &mut reply, view, folder: node }));
        match listed {
            Ok(()) => reply.ok(),
            Err(errno) => reply.error(errno),
        }
    }

    fn fsyncdir(&self, _request: &Request, node: INodeNo, _file: FileHandle, _data_only: bool, reply: ReplyEmpty) {
        reply_empty(reply, self.run("fsyncdir", |view| view.sync_folder(node.0)));
    }

    fn statfs(&self, _request: &Request, node: INodeNo, reply: ReplyStatfs) {
        let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        match self.run("statfs", |view| view.statfs(node.0)) {
            Err(errno) => reply.error(errno),
            Ok(fs) => reply.statfs(
                fs.f_blocks,
                fs.f_bfree,
                fs.f_bavail,
                fs.f_files,
                fs.f_ffree,
                narrow(fs.f_bsize),
                narrow(fs.f_namemax),
                narrow(fs.f_frsize),
            ),
        }
    }

    fn setxattr(
        &self,
        request: &Request,
        node: INodeNo,
        name: &OsStr,
        value: &[u8],
        flags: i32,
        _position: u32,
        reply: ReplyEmpty,
    ) {
        let set = self.run("setxattr", |view| view.setxattr(node.0, name, value, flags, caller(request)));
        reply_empty(reply, set);
    }

    fn getxattr(&self, _request: &Request, node: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        reply_xattr(reply, size, self.run("getxattr", |view| view.getxattr(node.0, name)));
    }

    fn listxattr(&self, request: &Request, node: INodeNo, size: u32, reply: ReplyXattr) {
        reply_xattr(reply, size, self.run("listxattr", |view| view.listxattr(node.0, caller(request))));
    }

    fn removexattr(&self, _request: &Request, node: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        reply_empty(reply, self.run("removexattr", |view| view.removexattr(node.0, name)));
    }

    fn ioctl(
        &self,
        _request: &Request,
        node: INodeNo,
        _file: FileHandle,
        _flags: IoctlFlags,
        command: u32,
        input: &[u8],
        output_size: u32,
        reply: ReplyIoctl,
    ) {
        match self.run("ioctl", |view| view.ioctl(node.0, command, input, output_size)) {
            Ok(output) => reply.ioctl(0, &output),
            Err(errno) => reply.error(errno),
        }
    }

    fn fallocate(
        &self,
        request: &Request,
        _node: INodeNo,
        file: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let outcome = self.run("fallocate", |view| view.fallocate(file.0, offset, length, mode, caller(request)));
        reply_empty(reply, outcome);
    }

    fn lseek(&self, _request: &Request, _node: INodeNo, file: FileHandle, offset: i64, whence: i32, reply: ReplyLseek) {
        match self.run("lseek", |view| view.lseek(file.0, offset, whence)) {
            Ok(position) => reply.offset(position.cast_signed()),
            Err(errno) => reply.error(errno),
        }
    }

    fn copy_file_range(
        &self,
        request: &Request,
        _node_in: INodeNo,
        file_in: FileHandle,
        offset_in: u64,
        _node_out: INodeNo,
        file_out: FileHandle,
        offset_out: u64,
        length: u64,
        _flags: fuser::CopyFileRangeFlags,
        reply: ReplyWrite,
    ) {
        let copied = self.run("copy_file_range", |view| {
            view.copy_range((file_in.0, offset_in), (file_out.0, offset_out), length, caller(request))
        });
        reply_written(reply, copied);
    }
}
