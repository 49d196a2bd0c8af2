//! Between the FUSE library's types and our own.

use std::time::{Duration, UNIX_EPOCH};

use fuser::{
    BackingId, Errno, FileAttr, FileHandle, FileType, FopenFlags, Generation, INodeNo, ReplyAttr, ReplyCreate,
    ReplyData, ReplyDirectoryPlus, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, ReplyXattr, Request,
    TimeOrNow,
};
use rustix::fs::{OFlags, StatVfs};

use super::attr::Attr;
use super::caller::Caller;
use super::errno::{RequestError, Result};
use super::files::Mode;
use super::nodes::{NodeId, is_moved};
use super::requests::Told;
use super::view::{Created, DirectorySink, Entry, Item, NewTime, Opened, View};

/// The number for the program that asked; what is our own fault is logged.
pub fn errno_of(name: &'static str, error: &RequestError) -> Errno {
    if error.is_our_fault() {
        tracing::error!(request = name, %error, "a request failed");
    }
    Errno::from_i32(error.errno().raw_os_error())
}

/// Who sent the request.
pub fn caller(request: &Request) -> Caller {
    Caller { uid: request.uid(), gid: request.gid(), pid: request.pid() }
}

/// The flags of `open` as the kernel sends them.
pub fn open_flags(flags: i32) -> OFlags {
    OFlags::from_bits_retain(flags.cast_unsigned())
}

/// Attributes as the library wants them.
pub fn file_attr(attr: &Attr) -> FileAttr {
    use rustix::fs::FileType as Kind;
    FileAttr {
        ino: INodeNo(attr.ino),
        size: attr.size,
        blocks: attr.blocks,
        atime: attr.atime,
        mtime: attr.mtime,
        ctime: attr.ctime,
        crtime: UNIX_EPOCH,
        kind: match attr.kind {
            Kind::Directory => FileType::Directory,
            Kind::Symlink => FileType::Symlink,
            Kind::Fifo => FileType::NamedPipe,
            Kind::Socket => FileType::Socket,
            Kind::CharacterDevice => FileType::CharDevice,
            Kind::BlockDevice => FileType::BlockDevice,
            Kind::RegularFile | Kind::Unknown => FileType::RegularFile,
        },
        perm: attr.permissions,
        nlink: attr.nlink,
        uid: attr.uid,
        gid: attr.gid,
        rdev: attr.rdev,
        blksize: attr.blksize,
        flags: 0,
    }
}

/// The library counts times before 1970 wrongly on the way in (it subtracts the nanoseconds, which the kernel counts
/// upwards), so seconds and nanoseconds are taken from its result one by one.
pub fn new_time(time: TimeOrNow) -> NewTime {
    let TimeOrNow::SpecificTime(time) = time else { return NewTime::Now };
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => NewTime::At(after.as_secs().cast_signed(), after.subsec_nanos()),
        Err(before) => {
            let before = before.duration();
            NewTime::At(before.as_secs().cast_signed().wrapping_neg(), before.subsec_nanos())
        }
    }
}

/// Answers that it is done, or not.
pub fn reply_empty(reply: ReplyEmpty, outcome: std::result::Result<(), Errno>) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(errno) => reply.error(errno),
    }
}

/// Answers how much was written.
pub fn reply_written(reply: ReplyWrite, outcome: std::result::Result<usize, Errno>) {
    match outcome {
        Ok(count) => reply.written(u32::try_from(count).unwrap_or(u32::MAX)),
        Err(errno) => reply.error(errno),
    }
}

/// Answers with a value, or with its size where that was asked for.
pub fn reply_xattr(reply: ReplyXattr, size: u32, value: std::result::Result<Vec<u8>, Errno>) {
    match value {
        Ok(value) if size == 0 => reply.size(u32::try_from(value.len()).unwrap_or(u32::MAX)),
        Ok(value) if value.len() <= size as usize => reply.data(&value),
        Ok(_) => reply.error(Errno::ERANGE),
        Err(errno) => reply.error(errno),
    }
}

/// Answers with an entry, or that there is none.
pub fn reply_entry(
    view: &View<BackingId>,
    reply: ReplyEntry,
    parent: INodeNo,
    entry: std::result::Result<Option<Entry>, Errno>,
) {
    let unknown = Attr::unknown(rustix::fs::FileType::RegularFile);
    match entry {
        Err(errno) => reply.error(errno),
        Ok(found) => {
            let entry = found.unwrap_or(Entry { attr: unknown, generation: 0, is_for_one: false });
            let generation = Generation(entry.generation);
            let attributes = view.lifetimes(entry.attr.ino).attributes;
            let entries = if entry.is_for_one { Duration::ZERO } else { view.lifetimes(parent.0).entries };
            reply.entry_with_ttls(&attributes, &entries, &file_attr(&entry.attr), generation);
        }
    }
}

/// Answers an open.
pub fn answer_open(reply: ReplyOpen, opened: std::result::Result<Opened<BackingId>, Errno>) {
    match opened {
        Err(errno) => reply.error(errno),
        Ok(opened) => match &opened.mode {
            Mode::Passthrough(id) => reply.opened_passthrough(FileHandle(opened.file), FopenFlags::empty(), id),
            Mode::Cached => reply.opened(FileHandle(opened.file), fopen_flags(&opened)),
        },
    }
}

/// Answers with a file that was made and opened.
pub fn answer_create(
    view: &View<BackingId>,
    reply: ReplyCreate,
    parent: INodeNo,
    created: std::result::Result<Created<BackingId>, Errno>,
) {
    match created {
        Err(errno) => reply.error(errno),
        Ok(created) => {
            // One lifetime for the name and the attributes, which tell a number that is not the one to show.
            let is_short = is_moved(created.entry.attr.ino);
            let lifetime = if is_short { Duration::ZERO } else { view.lifetimes(parent.0).attributes };
            let (attr, generation) = (file_attr(&created.entry.attr), Generation(created.entry.generation));
            let file = FileHandle(created.opened.file);
            match &created.opened.mode {
                Mode::Passthrough(id) => {
                    reply.created_passthrough(&lifetime, &attr, generation, file, FopenFlags::empty(), id);
                }
                Mode::Cached => reply.created(&lifetime, &attr, generation, file, fopen_flags(&created.opened)),
            }
        }
    }
}

/// What the kernel may do with its pages of the file.
fn fopen_flags<B>(opened: &Opened<B>) -> FopenFlags {
    // Pages of a picture stay good from one open to the next; those of the source may change behind the mount.
    if opened.is_immutable { FopenFlags::FOPEN_KEEP_CACHE } else { FopenFlags::empty() }
}

/// Answers with attributes that the kernel may rely on for that long.
pub fn reply_attr(reply: ReplyAttr, lifetime: Duration, attr: std::result::Result<Attr, Errno>) {
    match attr {
        Ok(attr) => reply.attr(&lifetime, &file_attr(&attr)),
        Err(errno) => reply.error(errno),
    }
}

/// Answers with bytes.
pub fn reply_data(reply: ReplyData, data: std::result::Result<Vec<u8>, Errno>) {
    match data {
        Ok(data) => reply.data(&data),
        Err(errno) => reply.error(errno),
    }
}

/// Answers with the figures of a file system.
pub fn reply_statfs(reply: ReplyStatfs, figures: std::result::Result<StatVfs, Errno>) {
    let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    match figures {
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

/// A listing with the kernel's buffer, which is the answer.
pub struct Listed {
    reply: ReplyDirectoryPlus,
    outcome: Result<()>,
    /// The nodes that the kernel is told of.
    told: Vec<NodeId>,
}

impl Listed {
    /// Lists what is in a folder behind `offset`.
    pub fn read(view: &View<BackingId>, folder: NodeId, offset: u64, mut reply: ReplyDirectoryPlus) -> Self {
        let mut sink = Sink { reply: &mut reply, view, folder, told: Vec::new() };
        let outcome = view.list(folder, offset, &mut sink);
        let told = sink.told;
        Self { reply, outcome, told }
    }

    /// Answers with it.
    pub fn answer(self) {
        match self.outcome {
            Ok(()) => self.reply.ok(),
            Err(error) => self.reply.error(Errno::from_i32(error.errno().raw_os_error())),
        }
    }
}

impl Told for Listed {
    fn take_back(self, view: &View<BackingId>) {
        self.told.into_iter().for_each(|node| drop(view.forget(node, 1)));
    }

    fn failure(&self) -> Option<&RequestError> {
        self.outcome.as_ref().err()
    }
}

/// The kernel's buffer for a listing.
struct Sink<'a> {
    reply: &'a mut ReplyDirectoryPlus,
    /// Whose lifetimes hold.
    view: &'a View<BackingId>,
    /// The folder that is listed.
    folder: NodeId,
    told: Vec<NodeId>,
}

impl DirectorySink for Sink<'_> {
    fn add(&mut self, item: &Item<'_>) -> bool {
        let (attr, generation) = (file_attr(&item.entry.attr), Generation(item.entry.generation));
        let (name, own) = (self.view.lifetimes(self.folder).entries, self.view.lifetimes(attr.ino.0).attributes);
        let lifetime = if item.entry.is_for_one { Duration::ZERO } else { name.min(own) };
        let is_added = !self.reply.add(attr.ino, item.offset, item.name, &lifetime, &attr, generation);
        // The kernel counts no look-up of these two.
        if is_added && item.name != "." && item.name != ".." {
            self.told.push(attr.ino.0);
            self.view.note_folder_seen(self.folder, item.name, Some(&item.entry));
        }
        is_added
    }
}
