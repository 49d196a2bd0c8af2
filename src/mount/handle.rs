//! File handles: the names that file systems themselves give to inodes (`name_to_handle_at`, `open_by_handle_at`).

use std::ffi::{CStr, CString, OsStr};
use std::fmt;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::OFlags;
use rustix::io::{Errno, Result};

/// Longest handle a file system may give (`MAX_HANDLE_SZ`).
const HANDLE_BYTES_MAX: usize = 128;
/// `AT_HANDLE_MNT_ID_UNIQUE` (Linux 6.12): the id of the mount in 64 bits, never used anew.
const UNIQUE_MOUNT_ID: libc::c_int = 1;
/// Handles up to this length need no memory of their own: those of ext4 have 8 bytes, of xfs 12, of btrfs 20.
const SHORT_BYTES: usize = 20;

/// `FILEID_INO32_GEN`: inode number and generation as two 32-bit numbers (ext4 and others). tmpfs uses the number of
/// this kind for a form of its own, told by its length.
const INO32_GEN: i32 = 1;
/// xfs: 64-bit inode number, 32-bit generation.
const XFS_INO64_GEN: i32 = 0x81;
/// `FILEID_BTRFS_WITHOUT_PARENT`: 64-bit inode number, 64-bit subvolume, 32-bit generation.
const BTRFS: i32 = 0x4d;

/// Which mount. On an old kernel the number may be used anew after an unmount.
pub type MountId = u64;

/// A file handle, without the mount it is good for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FileHandle {
    kind: i32,
    bytes: Bytes,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Bytes {
    /// The rest behind the length is 0.
    Short(u8, [u8; SHORT_BYTES]),
    Long(Arc<[u8]>),
}

/// `struct file_handle` with room for the longest.
#[repr(C, align(8))]
struct Buffer {
    handle_bytes: u32,
    handle_type: i32,
    data: [u8; HANDLE_BYTES_MAX],
}

impl FileHandle {
    /// A handle of that kind and with these bytes.
    #[must_use]
    pub fn new(kind: i32, bytes: &[u8]) -> Self {
        let mut short = [0; SHORT_BYTES];
        let bytes = match (short.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(room), Ok(length)) => {
                room.copy_from_slice(bytes);
                Bytes::Short(length, short)
            }
            _ => Bytes::Long(bytes.into()),
        };
        Self { kind, bytes }
    }

    /// That of the inode of this device whose number is `inode`, whatever its generation. `None` where handles have
    /// another form than this one.
    #[must_use]
    pub fn of_any_generation(&self, inode: u64) -> Option<Self> {
        let number = u32::try_from(inode).ok()?;
        let is_known_form = self.kind == INO32_GEN && self.bytes().len() == 8;
        is_known_form.then(|| Self::new(INO32_GEN, &[number.to_ne_bytes(), [0; 4]].concat()))
    }

    /// The inode number, where the form of the handle is one that tells it.
    #[must_use]
    pub fn inode(&self) -> Option<u64> {
        let bytes = self.bytes();
        let half = |at: usize| Some(u64::from(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?)));
        match (self.kind, bytes.len()) {
            (INO32_GEN, 8) => half(0),
            (INO32_GEN, 12) => Some(half(4)? | half(8)? << 32),
            (XFS_INO64_GEN, 12) | (BTRFS, 20) => Some(u64::from_ne_bytes(*bytes.first_chunk()?)),
            _ => None,
        }
    }

    fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Short(length, short) => &short[..usize::from(*length)],
            Bytes::Long(bytes) => bytes,
        }
    }
}

impl fmt::Debug for FileHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:02x?}", self.kind, self.bytes())
    }
}

/// The handle of what is open, with its mount.
///
/// # Errors
/// `EOPNOTSUPP` on a file system without handles.
pub fn handle_of(fd: BorrowedFd<'_>) -> Result<(MountId, FileHandle)> {
    name_to_handle(fd, c"", libc::AT_EMPTY_PATH)
}

/// The handle of what is under that name in a folder, with its mount. Links are not followed.
///
/// # Errors
/// `ENOENT` when there is nothing; `EOPNOTSUPP` on a file system without handles.
pub fn handle_at(folder: BorrowedFd<'_>, name: &OsStr) -> Result<(MountId, FileHandle)> {
    let name = CString::new(name.as_bytes()).map_err(|_| Errno::INVAL)?;
    name_to_handle(folder, &name, 0)
}

fn name_to_handle(folder: BorrowedFd<'_>, name: &CStr, flags: libc::c_int) -> Result<(MountId, FileHandle)> {
    static HAS_UNIQUE_IDS: AtomicBool = AtomicBool::new(true);
    if HAS_UNIQUE_IDS.load(Ordering::Relaxed) {
        match ask_for_handle(folder, name, flags | UNIQUE_MOUNT_ID) {
            Err(Errno::INVAL) => HAS_UNIQUE_IDS.store(false, Ordering::Relaxed),
            answer => return answer,
        }
    }
    ask_for_handle(folder, name, flags)
}

fn ask_for_handle(folder: BorrowedFd<'_>, name: &CStr, flags: libc::c_int) -> Result<(MountId, FileHandle)> {
    let mut buffer = Buffer { handle_bytes: HANDLE_BYTES_MAX as u32, handle_type: 0, data: [0; HANDLE_BYTES_MAX] };
    // The kernel writes four bytes of it, or eight when it is to be unique.
    let mut mount_id = 0_u64;
    let (handle, mount) = ((&raw mut buffer).cast(), (&raw mut mount_id).cast());
    // SAFETY: the buffer has the layout of `struct file_handle` with room for the number of bytes it announces, the id
    // has room for either form, and all outlive the call, as does the name.
    let outcome = unsafe { libc::name_to_handle_at(folder.as_raw_fd(), name.as_ptr(), handle, mount, flags) };
    if outcome != 0 {
        return Err(last_error());
    }
    let length = (buffer.handle_bytes as usize).min(HANDLE_BYTES_MAX);
    Ok((mount_id, FileHandle::new(buffer.handle_type, &buffer.data[..length])))
}

/// Opens an inode; `mount` is any open file or folder of the mount that the handle is good for.
///
/// # Errors
/// Those of `open`; `ESTALE` when the inode is gone.
pub fn open_handle(mount: BorrowedFd<'_>, handle: &FileHandle, flags: OFlags) -> Result<OwnedFd> {
    let bytes = handle.bytes();
    let mut buffer = Buffer {
        handle_bytes: u32::try_from(bytes.len()).map_err(|_| Errno::STALE)?,
        handle_type: handle.kind,
        data: [0; HANDLE_BYTES_MAX],
    };
    buffer.data.get_mut(..bytes.len()).ok_or(Errno::STALE)?.copy_from_slice(bytes);
    let flags = (flags | OFlags::CLOEXEC).bits().cast_signed();
    // SAFETY: the buffer has the layout of `struct file_handle`, holds as many bytes as it announces and outlives the
    // call; a descriptor that comes back is ours alone.
    unsafe {
        let fd = libc::open_by_handle_at(mount.as_raw_fd(), (&raw mut buffer).cast(), flags);
        if fd < 0 { Err(last_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn handles_are_equal_when_kind_and_bytes_are() {
        let long = [7; HANDLE_BYTES_MAX];
        for length in [0, 1, 8, SHORT_BYTES, SHORT_BYTES + 1, HANDLE_BYTES_MAX] {
            let handle = FileHandle::new(1, &long[..length]);
            assert_eq!(handle.bytes(), &long[..length]);
            assert_eq!(handle, FileHandle::new(1, &long[..length]));
            assert_ne!(handle, FileHandle::new(2, &long[..length]));
        }
        assert_ne!(FileHandle::new(1, &[0; 8]), FileHandle::new(1, &[0; 9]));
    }

    #[test]
    fn known_forms_tell_the_inode_number() {
        let number = 0x1_0000_0002_u64;
        let halves = [2_u32.to_ne_bytes(), 1_u32.to_ne_bytes()].concat();
        let forms = [
            (INO32_GEN, [&2_u32.to_ne_bytes()[..], &[9; 4]].concat(), Some(2)),
            (INO32_GEN, [&[9; 4][..], &halves].concat(), Some(number)),
            (XFS_INO64_GEN, [&number.to_ne_bytes()[..], &[9; 4]].concat(), Some(number)),
            (BTRFS, [&number.to_ne_bytes()[..], &[9; 12]].concat(), Some(number)),
            (BTRFS, vec![9; 12], None),
            (0x7f, vec![9; 8], None),
            (INO32_GEN, vec![], None),
        ];
        for (kind, bytes, inode) in forms {
            assert_eq!(FileHandle::new(kind, &bytes).inode(), inode, "{kind:#x} {bytes:?}");
        }
    }

    #[test]
    fn a_name_and_what_is_open_have_one_handle() {
        let folder = tempfile::tempdir().unwrap();
        let (root, file) = (std::fs::File::open(folder.path()).unwrap(), folder.path().join("a"));
        let file = std::fs::File::create(file).unwrap();
        let Ok(of_open) = handle_of(file.as_fd()) else {
            eprintln!("skipped: this file system has no handles");
            return;
        };
        assert_eq!(handle_at(root.as_fd(), "a".as_ref()).unwrap(), of_open);
        assert_eq!(handle_at(root.as_fd(), "b".as_ref()).unwrap_err(), Errno::NOENT);
        let told = of_open.1.inode();
        assert!(told.is_none_or(|inode| inode == file.metadata().unwrap().ino()), "{of_open:?}");
    }
}
