//! File handles as the kernel makes them (`name_to_handle_at`, `open_by_handle_at`).

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::OFlags;
use rustix::io::{Errno, Result};

/// Longest handle a file system may give (`MAX_HANDLE_SZ`).
const HANDLE_BYTES_MAX: usize = 128;
/// `AT_HANDLE_MNT_ID_UNIQUE` (Linux 6.12): the id of the mount in 64 bits, never used anew.
const UNIQUE_MOUNT_ID: libc::c_int = 1;

/// A file handle with the mount it is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawHandle {
    /// The mount. On an old kernel the number may be used anew after an unmount.
    pub mount_id: u64,
    /// The kind of the handle in four bytes, then its bytes.
    pub bytes: Vec<u8>,
}

#[repr(C, align(8))]
struct HandleBuffer {
    handle_bytes: u32,
    handle_type: i32,
    data: [u8; HANDLE_BYTES_MAX],
}

/// The handle of an open inode.
///
/// # Errors
/// `EOPNOTSUPP` where the file system has none.
pub fn handle_of(fd: BorrowedFd<'_>) -> Result<RawHandle> {
    static HAS_UNIQUE_IDS: AtomicBool = AtomicBool::new(true);
    if HAS_UNIQUE_IDS.load(Ordering::Relaxed) {
        match name_to_handle(fd, UNIQUE_MOUNT_ID) {
            Err(Errno::INVAL) => HAS_UNIQUE_IDS.store(false, Ordering::Relaxed),
            handle => return handle,
        }
    }
    name_to_handle(fd, 0)
}

fn name_to_handle(fd: BorrowedFd<'_>, flags: libc::c_int) -> Result<RawHandle> {
    let mut buffer =
        HandleBuffer { handle_bytes: HANDLE_BYTES_MAX as u32, handle_type: 0, data: [0; HANDLE_BYTES_MAX] };
    // The kernel writes four bytes of it, or with the flag all eight.
    let mut mount_id = 0_u64;
    // SAFETY: the buffer has the layout of `struct file_handle` with room for the number of bytes it announces, the
    // name is the empty string of `AT_EMPTY_PATH`, the id has room for either form, and all outlive the call.
    let outcome = unsafe {
        libc::name_to_handle_at(
            fd.as_raw_fd(),
            c"".as_ptr(),
            (&raw mut buffer).cast(),
            (&raw mut mount_id).cast(),
            libc::AT_EMPTY_PATH | flags,
        )
    };
    if outcome != 0 {
        return Err(last_error());
    }
    let length = (buffer.handle_bytes as usize).min(HANDLE_BYTES_MAX);
    let bytes = [&buffer.handle_type.to_ne_bytes()[..], &buffer.data[..length]].concat();
    Ok(RawHandle { mount_id, bytes })
}

/// Opens what a handle was made of, on a mount of which some folder is open.
///
/// # Errors
/// Those of `open`; `ESTALE` when the inode is gone.
pub fn open_handle(mount: BorrowedFd<'_>, handle: &[u8], flags: OFlags) -> Result<OwnedFd> {
    let (kind, bytes) = handle.split_first_chunk::<4>().ok_or(Errno::STALE)?;
    let mut buffer = HandleBuffer {
        handle_bytes: u32::try_from(bytes.len()).map_err(|_| Errno::STALE)?,
        handle_type: i32::from_ne_bytes(*kind),
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
