//! System calls as values, and doing them.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{
    Access, AtFlags, Dev, FallocateFlags, FileType, Gid, Mode, OFlags, RawDir, RenameFlags, SeekFrom, Timespec,
    Timestamps, Uid, XattrFlags, accessat, chmodat, chownat, copy_file_range, fallocate, fchmod, fstat, fsync,
    ftruncate, lgetxattr, linkat, lremovexattr, lsetxattr, mkdirat, mknodat, openat, readlinkat, renameat_with, seek,
    statat, symlinkat, unlinkat, utimensat,
};
use rustix::io::{Errno, pread, pwrite, write};

/// Open files that a user can have at once.
pub const SLOTS: usize = 3;

/// A path, from the root of the side or from an open folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At(pub Option<usize>, pub &'static str);

/// A system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Open { slot: usize, at: At, flags: OFlags, mode: u32 },
    Close { slot: usize },
    Read { slot: usize, from: u64, length: usize },
    Write { slot: usize, to: u64, length: usize },
    Append { slot: usize, length: usize },
    Truncate { slot: usize, length: u64 },
    Allocate { slot: usize, flags: FallocateFlags, from: u64, length: u64 },
    Seek { slot: usize, to: SeekFrom },
    Copy { from: usize, to: usize, length: usize },
    Sync { slot: usize },
    StatFile { slot: usize },
    ChmodFile { slot: usize, mode: u32 },
    Stat { at: At },
    Access { at: At, access: Access },
    List { at: At },
    Mkdir { at: At, mode: u32 },
    Mknod { at: At, kind: FileType, mode: u32 },
    Symlink { at: At, target: &'static str },
    Readlink { at: At },
    Link { from: At, to: At, flags: AtFlags },
    Unlink { at: At },
    Rmdir { at: At },
    Rename { from: At, to: At, flags: RenameFlags },
    Chmod { at: At, mode: u32 },
    Chown { at: At, uid: Option<u32>, gid: Option<u32>, flags: AtFlags },
    Touch { at: At, seconds: Option<i64> },
    SetXattr { path: &'static str, name: &'static str, value: &'static [u8], flags: XattrFlags },
    GetXattr { path: &'static str, name: &'static str },
    RemoveXattr { path: &'static str, name: &'static str },
    Umask { mask: u32 },
}

/// What a call returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Nothing,
    Number(u64),
    Bytes(Vec<u8>),
    Names(Vec<Vec<u8>>),
    /// Mode, owner, group, links, size (of what is no folder).
    Stat([u64; 5]),
}

/// What a call came to.
pub type Outcome = Result<Value, Errno>;

/// Where one side begins.
#[derive(Debug)]
pub struct Side {
    pub path: PathBuf,
    pub folder: OwnedFd,
}

/// The open files of a user on one side.
#[derive(Debug, Default)]
pub struct Hands {
    slots: [Option<OwnedFd>; SLOTS],
}

impl Hands {
    /// Does it.
    pub fn run(&mut self, side: &Side, op: Op) -> Outcome {
        match op {
            Op::Open { slot, at, flags, mode } => {
                let opened = self.on(side, at, |folder, path| openat(folder, path, flags, Mode::from(mode)))?;
                self.slots[slot] = Some(opened);
                Ok(Value::Nothing)
            }
            Op::Close { slot } => self.slots[slot].take().map(|_| Value::Nothing).ok_or(Errno::BADF),
            Op::Umask { mask } => {
                rustix::process::umask(Mode::from(mask));
                Ok(Value::Nothing)
            }
            Op::SetXattr { path, name, value, flags } => {
                lsetxattr(side.path.join(path), name, value, flags).map(|()| Value::Nothing)
            }
            Op::GetXattr { path, name } => {
                let mut value = vec![0; 200];
                let length = lgetxattr(side.path.join(path), name, &mut value[..])?;
                value.truncate(length);
                Ok(Value::Bytes(value))
            }
            Op::RemoveXattr { path, name } => lremovexattr(side.path.join(path), name).map(|()| Value::Nothing),
            Op::Link { from, to, flags } => {
                let (new_folder, new_path) = (self.folder(side, to)?, to.1);
                self.on(side, from, |folder, path| linkat(folder, path, new_folder, new_path, flags)).map(nothing)
            }
            Op::Rename { from, to, flags } => {
                let (new_folder, new_path) = (self.folder(side, to)?, to.1);
                let rename = |folder, path: &'static str| renameat_with(folder, path, new_folder, new_path, flags);
                self.on(side, from, rename).map(nothing)
            }
            _ => self.run_on_file(op).or_else(|| self.run_on_path(side, op)).unwrap_or(Err(Errno::NOSYS)),
        }
    }

    /// Those on open files; `None` for others.
    fn run_on_file(&self, op: Op) -> Option<Outcome> {
        let number = |count: usize| Value::Number(count as u64);
        Some(match op {
            Op::Read { slot, from, length } => self.file(slot).and_then(|file| {
                let mut bytes = vec![0; length];
                let count = pread(file, &mut bytes[..], from)?;
                bytes.truncate(count);
                Ok(Value::Bytes(bytes))
            }),
            Op::Write { slot, to, length } => {
                self.file(slot).and_then(|file| pwrite(file, &pattern(length), to)).map(number)
            }
            Op::Append { slot, length } => self.file(slot).and_then(|file| write(file, &pattern(length))).map(number),
            Op::Truncate { slot, length } => self.file(slot).and_then(|file| ftruncate(file, length)).map(nothing),
            Op::Allocate { slot, flags, from, length } => {
                self.file(slot).and_then(|file| fallocate(file, flags, from, length)).map(nothing)
            }
            // What positions in a folder mean is the file system's own business.
            Op::Seek { slot, to } => {
                self.file(slot).and_then(|file| match FileType::from_raw_mode(fstat(file)?.st_mode) {
                    FileType::Directory => Ok(Value::Nothing),
                    _ => seek(file, to).map(Value::Number),
                })
            }
            Op::Copy { from, to, length } => self.file(from).and_then(|from| {
                copy_file_range(from, Some(&mut 1), self.file(to)?, Some(&mut 70), length).map(number)
            }),
            Op::Sync { slot } => self.file(slot).and_then(fsync).map(nothing),
            Op::StatFile { slot } => self.file(slot).and_then(fstat).map(shown),
            Op::ChmodFile { slot, mode } => {
                self.file(slot).and_then(|file| fchmod(file, Mode::from(mode))).map(nothing)
            }
            _ => return None,
        })
    }

    /// Those on one path; `None` for others.
    fn run_on_path(&self, side: &Side, op: Op) -> Option<Outcome> {
        let nofollow = AtFlags::SYMLINK_NOFOLLOW;
        Some(match op {
            Op::Stat { at } => self.on(side, at, |folder, path| statat(folder, path, nofollow)).map(shown),
            Op::Access { at, access } => {
                self.on(side, at, |folder, path| accessat(folder, path, access, AtFlags::EACCESS)).map(nothing)
            }
            Op::List { at } => self.on(side, at, |folder, path| {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY;
                names_in(&openat(folder, path, flags, Mode::empty())?).map(Value::Names)
            }),
            Op::Mkdir { at, mode } => {
                self.on(side, at, |folder, path| mkdirat(folder, path, Mode::from(mode))).map(nothing)
            }
            Op::Mknod { at, kind, mode } => {
                let device = Dev::from(if kind == FileType::CharacterDevice { 0x103_u32 } else { 0 });
                self.on(side, at, |folder, path| mknodat(folder, path, kind, Mode::from(mode), device)).map(nothing)
            }
            Op::Symlink { at, target } => {
                self.on(side, at, |folder, path| symlinkat(target, folder, path)).map(nothing)
            }
            Op::Readlink { at } => self
                .on(side, at, |folder, path| readlinkat(folder, path, Vec::new()))
                .map(|target| Value::Bytes(target.into_bytes())),
            Op::Unlink { at } => {
                self.on(side, at, |folder, path| unlinkat(folder, path, AtFlags::empty())).map(nothing)
            }
            Op::Rmdir { at } => {
                self.on(side, at, |folder, path| unlinkat(folder, path, AtFlags::REMOVEDIR)).map(nothing)
            }
            Op::Chmod { at, mode } => {
                let chmod = |folder, path: &'static str| chmodat(folder, path, Mode::from(mode), AtFlags::empty());
                self.on(side, at, chmod).map(nothing)
            }
            Op::Chown { at, uid, gid, flags } => {
                let (uid, gid) = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
                self.on(side, at, |folder, path| chownat(folder, path, uid, gid, flags)).map(nothing)
            }
            Op::Touch { at, seconds } => {
                let time = |now| match seconds {
                    Some(tv_sec) => Timespec { tv_sec, tv_nsec: 123_456_789 },
                    None => Timespec { tv_sec: 0, tv_nsec: now },
                };
                let (last_access, last_modification) = (time(rustix::fs::UTIME_NOW), time(rustix::fs::UTIME_NOW));
                let times = Timestamps { last_access, last_modification };
                self.on(side, at, |folder, path| utimensat(folder, path, &times, nofollow)).map(nothing)
            }
            _ => return None,
        })
    }

    fn file(&self, slot: usize) -> Result<BorrowedFd<'_>, Errno> {
        self.slots[slot].as_ref().map(AsFd::as_fd).ok_or(Errno::BADF)
    }

    fn folder<'a>(&'a self, side: &'a Side, at: At) -> Result<BorrowedFd<'a>, Errno> {
        let Some(slot) = at.0 else { return Ok(side.folder.as_fd()) };
        let folder = self.file(slot)?;
        // Nobody leaves the side: others are at work there.
        let leaves = at.1.starts_with("..") && fstat(folder)?.st_ino == fstat(&side.folder)?.st_ino;
        if leaves { Err(Errno::XDEV) } else { Ok(folder) }
    }

    fn on<'a, T>(
        &'a self,
        side: &'a Side,
        at: At,
        call: impl FnOnce(BorrowedFd<'a>, &'static str) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        call(self.folder(side, at)?, at.1)
    }
}

fn nothing((): ()) -> Value {
    Value::Nothing
}

fn shown(stat: rustix::fs::Stat) -> Value {
    let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    let size = if is_folder { 0 } else { stat.st_size as u64 };
    Value::Stat([stat.st_mode.into(), stat.st_uid.into(), stat.st_gid.into(), stat.st_nlink, size])
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 7 + length) as u8).collect()
}

/// All names of a folder, in order, each as often as it is listed.
pub fn names_in(folder: &OwnedFd) -> Result<Vec<Vec<u8>>, Errno> {
    let mut buffer = [MaybeUninit::uninit(); 1024];
    let mut entries = RawDir::new(folder, &mut buffer);
    let mut names = Vec::new();
    while let Some(entry) = entries.next() {
        names.push(entry?.file_name().to_bytes().to_vec());
    }
    names.sort();
    Ok(names)
}

/// The path that leads to a side for other processes and threads.
pub fn side_at(path: &Path) -> Side {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = openat(rustix::fs::CWD, path, flags, Mode::empty()).unwrap();
    Side { path: path.to_owned(), folder }
}
