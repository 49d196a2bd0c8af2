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

use super::alive::is_process_asked;
use super::changes::Changes;
use super::nodes::virtual_row;
use super::operations::Operation;
use super::poke::Poked;
use super::reply::{
    Listed, caller, file_attr, new_time, open_flags, reply_attr, reply_data, reply_empty, reply_entry, reply_statfs,
    reply_written, reply_xattr,
};
use super::requests::{Fs, Reach};
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
            Some(Poked::Appears { .. }) => reply.error(Errno::ENOENT),
            Some(Poked::Goes) => {
                let ghost = file_attr(&View::<BackingId>::ghost());
                reply.entry_with_ttls(&Duration::ZERO, &Duration::ZERO, &ghost, Generation(0));
            }
            Some(Poked::Changes) | None => self.look_up(request, (parent, name), reply),
        }
    }

    fn forget(&self, _request: &Request, node: INodeNo, count: u64) {
        if let Some(place) = self.view.forget(node.0, count) {
            self.let_go(place);
        }
    }

    fn getattr(&self, request: &Request, node: INodeNo, file: Option<FileHandle>, reply: ReplyAttr) {
        let lifetime = self.view.lifetimes(node.0).attributes;
        let work = move |view: &View<BackingId>, reach| match reach {
            Reach::Known => view.getattr_known(node.0),
            Reach::Source => {
                let attr = view.getattr(node.0, file.map(|file| file.0))?;
                view.note_attr_seen(node.0, &attr);
                Ok(attr)
            }
        };
        let asked = self.asked(Operation::Getattr, request, node);
        if let Some(attr) = self.view.attr_at_hand(node.0) {
            return reply_attr(reply, lifetime, Ok(attr));
        }
        self.ask_or_recall(asked, work, move |_, attr| reply_attr(reply, lifetime, attr));
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
        let asked = self.asked(Operation::Setattr, request, node);
        if self.view.poke_gate().is_poker(request.pid()) {
            let work = move |view: &View<BackingId>| view.getattr(node.0, None);
            return self.ask(asked, work, move |_, attr| reply_attr(reply, Duration::ZERO, attr));
        }
        let new = NewAttributes { mode, uid, gid, size, atime: atime.map(new_time), mtime: mtime.map(new_time) };
        let (lifetime, caller) = (self.view.lifetimes(node.0).attributes, caller(request));
        let work = move |view: &View<BackingId>, changes: Option<&mut Changes>| {
            view.setattr(node.0, file.map(|file| file.0), new, caller, changes)
        };
        self.change(asked, work, move |view, attr| {
            if attr.is_ok() && size.is_some() {
                view.end_seeing(caller.pid);
            }
            reply_attr(reply, lifetime, attr);
        });
    }

    fn readlink(&self, request: &Request, node: INodeNo, reply: ReplyData) {
        let asked = self.asked(Operation::Readlink, request, node);
        self.ask(asked, move |view| view.readlink(node.0), move |_, target| reply_data(reply, target));
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
        self.make(Operation::Mknod, request, (parent, name), NewNode::Special { mode, device }, umask, reply);
    }

    fn mkdir(&self, request: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        self.make(Operation::Mkdir, request, (parent, name), NewNode::Folder { mode }, umask, reply);
    }

    fn unlink(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        if self.view.poke_gate().is_poker(request.pid()) {
            return match self.poked(request, parent, name) {
                Some(Poked::Goes) => reply.ok(),
                _ => reply.error(Errno::EBUSY),
            };
        }
        let (asked, name, caller) = (self.asked(Operation::Unlink, request, parent), name.to_owned(), caller(request));
        let work =
            move |view: &View<BackingId>, changes: Option<&mut Changes>| view.unlink(parent.0, &name, caller, changes);
        self.change(asked, work, move |_, outcome| reply_empty(reply, outcome));
    }

    fn rmdir(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let (asked, name, caller) = (self.asked(Operation::Rmdir, request, parent), name.to_owned(), caller(request));
        let work =
            move |view: &View<BackingId>, changes: Option<&mut Changes>| view.rmdir(parent.0, &name, caller, changes);
        self.change(asked, work, move |_, outcome| reply_empty(reply, outcome));
    }

    fn symlink(&self, request: &Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        self.make(Operation::Symlink, request, (parent, name), NewNode::Link { target: target.to_owned() }, 0, reply);
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
        let asked = self.asked(Operation::Rename, request, parent);
        let flags = rustix::fs::RenameFlags::from_bits_retain(flags.bits());
        let (name, new_name, caller) = (name.to_owned(), new_name.to_owned(), caller(request));
        let work = move |view: &View<BackingId>, changes: Option<&mut Changes>| {
            view.rename((parent.0, &name), (new_parent.0, &new_name), flags, caller, changes)
        };
        self.change(asked, work, move |_, outcome| reply_empty(reply, outcome));
    }

    fn link(&self, request: &Request, node: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let (asked, name, caller) = (self.asked(Operation::Link, request, parent), name.to_owned(), caller(request));
        let work = move |view: &View<BackingId>, changes: Option<&mut Changes>| {
            view.link(node.0, (parent.0, &name), caller, changes).map(Some)
        };
        self.change(asked, work, move |view, made| reply_entry(view, reply, parent, made));
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
        request: &Request,
        node: INodeNo,
        file: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let read = move |view: &View<BackingId>| view.read(file.0, offset, size);
        if virtual_row(node.0).is_some() {
            return reply_data(reply, self.run(Operation::Read, read));
        }
        self.ask(self.asked(Operation::Read, request, node), read, move |_, data| reply_data(reply, data));
    }

    fn write(
        &self,
        request: &Request,
        node: INodeNo,
        file: FileHandle,
        offset: u64,
        data: &[u8],
        write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let clears_for = write_flags.contains(WriteFlags::FUSE_WRITE_KILL_SUIDGID).then(|| caller(request));
        self.write_file(self.asked(Operation::Write, request, node), (file.0, offset), data, clears_for, reply);
    }

    fn flush(&self, _request: &Request, _node: INodeNo, _file: FileHandle, _owner: LockOwner, reply: ReplyEmpty) {
        reply.error(Errno::ENOSYS);
    }

    fn release(
        &self,
        _request: &Request,
        node: INodeNo,
        file: FileHandle,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        // Answered first: nobody waits for it, but unanswered it would keep the kernel from reading ahead.
        reply.ok();
        self.close_file(node.0, file.0);
    }

    fn fsync(&self, request: &Request, node: INodeNo, file: FileHandle, data_only: bool, reply: ReplyEmpty) {
        let asked = self.asked(Operation::Fsync, request, node).long();
        self.ask(asked, move |view| view.fsync(file.0, data_only), move |_, outcome| reply_empty(reply, outcome));
    }

    fn opendir(&self, _request: &Request, _node: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        reply.error(Errno::ENOSYS);
    }

    fn readdirplus(&self, request: &Request, node: INodeNo, _file: FileHandle, offset: u64, reply: ReplyDirectoryPlus) {
        let asked = self.asked(Operation::Readdirplus, request, node);
        // Where it cannot be read, dropping the buffer answers `EIO`.
        let work = move |view: &View<BackingId>| Ok(Listed::read(view, node.0, offset, reply));
        self.ask(asked, work, |_, listed| listed.into_iter().for_each(Listed::answer));
    }

    fn fsyncdir(&self, request: &Request, node: INodeNo, _file: FileHandle, _data_only: bool, reply: ReplyEmpty) {
        let asked = self.asked(Operation::Fsyncdir, request, node).long();
        self.ask(asked, move |view| view.sync_folder(node.0), move |_, outcome| reply_empty(reply, outcome));
    }

    fn statfs(&self, request: &Request, node: INodeNo, reply: ReplyStatfs) {
        let asked = self.asked(Operation::Statfs, request, node);
        self.ask(asked, move |view| view.statfs(node.0), move |_, figures| reply_statfs(reply, figures));
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
        let asked = self.asked(Operation::Setxattr, request, node);
        let (name, value, caller) = (name.to_owned(), value.to_owned(), caller(request));
        let work = move |view: &View<BackingId>| view.setxattr(node.0, &name, &value, flags, caller);
        self.ask(asked, work, move |_, outcome| reply_empty(reply, outcome));
    }

    fn getxattr(&self, request: &Request, node: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        let waits_for_source = virtual_row(node.0).is_none() && !is_process_asked(node.0, name.as_encoded_bytes());
        if !waits_for_source {
            return reply_xattr(reply, size, self.run(Operation::Getxattr, |view| view.getxattr(node.0, name)));
        }
        let (asked, name) = (self.asked(Operation::Getxattr, request, node), name.to_owned());
        let work = move |view: &View<BackingId>| view.getxattr(node.0, &name);
        self.ask(asked, work, move |_, value| reply_xattr(reply, size, value));
    }

    fn listxattr(&self, request: &Request, node: INodeNo, size: u32, reply: ReplyXattr) {
        let caller = caller(request);
        let work = move |view: &View<BackingId>| view.listxattr(node.0, caller);
        if virtual_row(node.0).is_some() {
            return reply_xattr(reply, size, self.run(Operation::Listxattr, work));
        }
        self.ask(self.asked(Operation::Listxattr, request, node), work, move |_, names| {
            reply_xattr(reply, size, names)
        });
    }

    fn removexattr(&self, request: &Request, node: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let (asked, name) = (self.asked(Operation::Removexattr, request, node), name.to_owned());
        let work = move |view: &View<BackingId>| view.removexattr(node.0, &name);
        self.ask(asked, work, move |_, outcome| reply_empty(reply, outcome));
    }

    fn ioctl(
        &self,
        request: &Request,
        node: INodeNo,
        _file: FileHandle,
        _flags: IoctlFlags,
        command: u32,
        input: &[u8],
        output_size: u32,
        reply: ReplyIoctl,
    ) {
        let (asked, input) = (self.asked(Operation::Ioctl, request, node), input.to_owned());
        let work = move |view: &View<BackingId>| view.ioctl(node.0, command, &input, output_size);
        self.ask(asked, work, move |_, output| match output {
            Ok(output) => reply.ioctl(0, &output),
            Err(errno) => reply.error(errno),
        });
    }

    fn fallocate(
        &self,
        request: &Request,
        node: INodeNo,
        file: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let (asked, caller) = (self.asked(Operation::Fallocate, request, node).long(), caller(request));
        let work = move |view: &View<BackingId>| view.fallocate(file.0, offset, length, mode, caller);
        self.ask(asked, work, move |_, outcome| reply_empty(reply, outcome));
    }

    fn lseek(&self, request: &Request, node: INodeNo, file: FileHandle, offset: i64, whence: i32, reply: ReplyLseek) {
        let asked = self.asked(Operation::Lseek, request, node);
        let work = move |view: &View<BackingId>| view.lseek(file.0, offset, whence);
        self.ask(asked, work, move |_, position| match position {
            Ok(position) => reply.offset(position.cast_signed()),
            Err(errno) => reply.error(errno),
        });
    }

    fn copy_file_range(
        &self,
        request: &Request,
        node_in: INodeNo,
        file_in: FileHandle,
        offset_in: u64,
        _node_out: INodeNo,
        file_out: FileHandle,
        offset_out: u64,
        length: u64,
        _flags: fuser::CopyFileRangeFlags,
        reply: ReplyWrite,
    ) {
        let (asked, caller) = (self.asked(Operation::CopyFileRange, request, node_in).long(), caller(request));
        let work = move |view: &View<BackingId>| {
            view.copy_range((file_in.0, offset_in), (file_out.0, offset_out), length, caller)
        };
        self.ask(asked, work, move |_, copied| reply_written(reply, copied));
    }
}
