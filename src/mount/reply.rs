//! Between the FUSE library's types and our own.

use std::time::{Duration, UNIX_EPOCH};

use fuser::{
    BackingId, Errno, FileAttr, FileHandle, FileType, FopenFlags, Generation, INodeNo, ReplyCreate, ReplyDirectoryPlus,
    ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite, ReplyXattr, Request, TimeOrNow,
};
use rustix::fs::OFlags;

use super::attr::Attr;
use super::caller::Caller;
use super::errno::RequestError;
use super::files::Mode;
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
    let lifetime = view.lifetimes(parent.0).attributes;
    match created {
        Err(errno) => reply.error(errno),
        Ok(created) => {
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

/// The kernel's buffer for a listing.
pub struct Sink<'a> {
    /// Where the items go.
    pub reply: &'a mut ReplyDirectoryPlus,
    /// Whose lifetimes hold.
    pub view: &'a View<BackingId>,
    /// The folder that is listed.
    pub folder: INodeNo,
}

impl DirectorySink for Sink<'_> {
    fn add(&mut self, item: &Item<'_>) -> bool {
        let (attr, generation) = (file_attr(&item.entry.attr), Generation(item.entry.generation));
        let (name, own) = (self.view.lifetimes(self.folder.0).entries, self.view.lifetimes(attr.ino.0).attributes);
        !self.reply.add(attr.ino, item.offset, item.name, &name.min(own), &attr, generation)
    }
}
