//! Where an inode of the source is, without a path and without an open descriptor.
//!
//! A place is the file handle that the file system itself gave us (`name_to_handle_at`): it names the *inode*, so hard
//! links are one, renames do not matter, and it is still good in a restarted process. The whole handle is kept: on ext4
//! a handle with generation 0 would open whatever file has that number now.
//!
//! Handles need `CAP_DAC_READ_SEARCH`, and some file systems have none. There a place holds a descriptor instead
//! (`O_PATH`, one per inode the kernel remembers), which serves the same calls.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::Arc;

use parking_lot::RwLock;
use rustix::fs::{CWD, FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::{Errno, Result};

/// Longest handle a file system may give (`MAX_HANDLE_SZ`).
const HANDLE_BYTES_MAX: usize = 128;
/// `FILEID_INO32_GEN`: inode number and generation as two 32-bit numbers, the form of ext2, ext3, ext4 and others.
const HANDLE_INO32_GEN: i32 = 1;

/// An inode of the source.
#[derive(Debug, Clone)]
pub enum Place {
    /// By file handle on one of the source's devices.
    Handle {
        /// Index into [`Devices`].
        device: u32,
        /// The kind of the handle in four bytes, then its bytes.
        handle: Arc<[u8]>,
    },
    /// By a descriptor that stays open as long as the place is known.
    Held {
        /// The descriptor (`O_PATH`).
        fd: Arc<OwnedFd>,
        /// 0 on the source's own device; elsewhere what tells its inode numbers from the source's.
        salt: u64,
    },
}

/// An `O_PATH` descriptor of a place: opened for one request, or the held one.
#[derive(Debug)]
pub enum PathFd {
    /// Opened for this request.
    Opened(OwnedFd),
    /// Held by the place.
    Held(Arc<OwnedFd>),
}

impl AsFd for PathFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Opened(fd) => fd.as_fd(),
            Self::Held(fd) => fd.as_fd(),
        }
    }
}

impl PathFd {
    /// The path under which `/proc` leads to this very inode, for the calls that take no descriptor.
    #[must_use]
    pub fn proc_path(&self) -> String {
        proc_path(self.as_fd())
    }
}

/// See [`PathFd::proc_path`].
#[must_use]
pub fn proc_path(fd: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

/// The mounts that lie in the source tree: the source's own and those mounted below it. Handles are opened through
/// a descriptor of the mount they came from. Each has its own range of inode numbers.
#[derive(Debug)]
pub struct Devices {
    /// Only ever grows; taken for reading by every request, for writing when a new mount is met. Nothing else is
    /// locked while it is held.
    mounts: RwLock<Vec<DeviceMount>>,
    has_handles: bool,
    source_device: u64,
}

#[derive(Debug)]
struct DeviceMount {
    mount_id: i32,
    fd: Arc<OwnedFd>,
}

/// A file handle with the mount it is good for.
struct RawHandle {
    mount_id: i32,
    bytes: Vec<u8>,
}

#[repr(C, align(8))]
struct HandleBuffer {
    handle_bytes: u32,
    handle_type: i32,
    data: [u8; HANDLE_BYTES_MAX],
}

impl Devices {
    /// Begins with the source itself, an open folder. `allow_handles` false makes every place hold a descriptor.
    ///
    /// # Errors
    /// When the descriptor cannot be duplicated.
    pub fn new(source: BorrowedFd<'_>, allow_handles: bool) -> Result<Self> {
        let fd =
            Arc::new(source.try_clone_to_owned().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?);
        let handle = handle_of(fd.as_fd());
        let has_handles =
            allow_handles && handle.as_ref().is_ok_and(|raw| open_handle(fd.as_fd(), &raw.bytes, OFlags::PATH).is_ok());
        let mount_id = handle.map_or(-1, |raw| raw.mount_id);
        let source_device = fstat(&fd)?.st_dev;
        Ok(Self { mounts: RwLock::new(vec![DeviceMount { mount_id, fd }]), has_handles, source_device })
    }

    /// Whether inodes are reached by handle (and not by descriptors held open).
    #[must_use]
    pub fn has_handles(&self) -> bool {
        self.has_handles
    }

    /// The source itself: an open folder.
    #[must_use]
    pub fn source(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.mounts.read()[0].fd)
    }

    /// The place of an inode that is open as `O_PATH`, with its attributes.
    #[must_use]
    pub fn place_of(&self, fd: OwnedFd, stat: &Stat) -> Place {
        self.handle_place_of(fd.as_fd(), stat).unwrap_or_else(|| self.held_place_of(fd, stat))
    }

    /// The same by handle; `None` where it takes a descriptor.
    #[must_use]
    pub fn handle_place_of(&self, fd: BorrowedFd<'_>, stat: &Stat) -> Option<Place> {
        let raw = handle_of(fd).ok().filter(|_| self.has_handles)?;
        let device = self.device(raw.mount_id, fd, FileType::from_raw_mode(stat.st_mode))?;
        Some(Place::Handle { device, handle: raw.bytes.into() })
    }

    /// The same by descriptor: good as long as it is kept, also when the inode has no name left.
    #[must_use]
    pub fn held_place_of(&self, fd: OwnedFd, stat: &Stat) -> Place {
        let salt = if stat.st_dev == self.source_device { 0 } else { stat.st_dev };
        Place::Held { fd: Arc::new(fd), salt }
    }

    /// Opens the place as `O_PATH`.
    ///
    /// # Errors
    /// `ESTALE` when the inode is gone.
    pub fn path_fd(&self, place: &Place) -> Result<PathFd> {
        match place {
            Place::Handle { device, handle } => {
                Ok(PathFd::Opened(self.open_by_handle(*device, handle, OFlags::PATH)?))
            }
            Place::Held { fd, .. } => Ok(PathFd::Held(Arc::clone(fd))),
        }
    }

    /// Opens the place for reading or writing.
    ///
    /// # Errors
    /// Those of `open`; `ESTALE` when the inode is gone.
    pub fn open(&self, place: &Place, flags: OFlags) -> Result<OwnedFd> {
        match place {
            Place::Handle { device, handle } => self.open_by_handle(*device, handle, flags),
            Place::Held { fd, .. } => openat(CWD, proc_path(fd.as_fd()), flags | OFlags::CLOEXEC, Mode::empty()),
        }
    }

    /// The place of an inode of the source's own device known by number only, for file handles (NFS) that outlive what
    /// we remember. Works where handles are made of inode number and generation; the caller compares generations.
    ///
    /// # Errors
    /// `ESTALE` when there is no such inode or no such way.
    pub fn open_by_number(&self, inode: u64) -> Result<OwnedFd> {
        let number = u32::try_from(inode).map_err(|_| Errno::STALE)?;
        let any_generation = [HANDLE_INO32_GEN.to_ne_bytes(), number.to_ne_bytes(), [0; 4]].concat();
        if !self.has_handles || !self.uses_ino32_handles() {
            return Err(Errno::STALE);
        }
        self.open_by_handle(0, &any_generation, OFlags::PATH)
    }

    fn uses_ino32_handles(&self) -> bool {
        handle_of(self.source().as_fd())
            .is_ok_and(|raw| raw.bytes[..4] == HANDLE_INO32_GEN.to_ne_bytes() && raw.bytes.len() == 12)
    }

    /// The inode that a file system made this handle for, if it lies on the source's own device: its number, and the
    /// place by which it is reached.
    #[must_use]
    pub fn inode_of(&self, kind: i32, bytes: &[u8]) -> Option<(u64, Place)> {
        let handle: Arc<[u8]> = [&kind.to_ne_bytes()[..], bytes].concat().into();
        let inode = match (kind, bytes.first_chunk::<4>()) {
            (HANDLE_INO32_GEN, Some(number)) => u64::from(u32::from_ne_bytes(*number)),
            _ => fstat(self.open_by_handle(0, &handle, OFlags::PATH).ok()?).ok()?.st_ino,
        };
        Some((inode, Place::Handle { device: 0, handle }))
    }

    fn open_by_handle(&self, device: u32, handle: &[u8], flags: OFlags) -> Result<OwnedFd> {
        let mounts = self.mounts.read();
        let mount = mounts.get(device as usize).ok_or(Errno::STALE)?;
        open_handle(mount.fd.as_fd(), handle, flags)
    }

    /// The index of the mount with that id. A mount met for the first time is entered at one of its folders.
    fn device(&self, mount_id: i32, fd: BorrowedFd<'_>, kind: FileType) -> Option<u32> {
        let index = |mounts: &[DeviceMount]| mounts.iter().position(|mount| mount.mount_id == mount_id);
        if let Some(known) = index(&self.mounts.read()) {
            return u32::try_from(known).ok();
        }
        if kind != FileType::Directory {
            return None;
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(CWD, proc_path(fd), flags, Mode::empty()).ok()?;
        let mut mounts = self.mounts.write();
        let position = index(&mounts).unwrap_or_else(|| {
            mounts.push(DeviceMount { mount_id, fd: Arc::new(folder) });
            mounts.len() - 1
        });
        u32::try_from(position).ok()
    }
}

impl Place {
    /// A number that differs when an inode number is used anew: made of the whole handle.
    #[must_use]
    pub fn generation(&self) -> u64 {
        match self {
            Self::Handle { handle, .. } => {
                let mut hasher = DefaultHasher::new();
                handle.hash(&mut hasher);
                hasher.finish()
            }
            Self::Held { salt, .. } => *salt,
        }
    }

    /// The index of its device: 0 is the source's own.
    #[must_use]
    pub fn device(&self) -> Option<u32> {
        match self {
            Self::Handle { device, .. } => Some(*device),
            Self::Held { salt, .. } => (*salt == 0).then_some(0),
        }
    }

    /// Whether both are the same inode, as far as handles tell.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Handle { device: a, handle: x }, Self::Handle { device: b, handle: y }) => a == b && x == y,
            _ => false,
        }
    }
}

fn handle_of(fd: BorrowedFd<'_>) -> Result<RawHandle> {
    let mut buffer =
        HandleBuffer { handle_bytes: HANDLE_BYTES_MAX as u32, handle_type: 0, data: [0; HANDLE_BYTES_MAX] };
    let mut mount_id = 0;
    // SAFETY: the buffer has the layout of `struct file_handle` with room for the number of bytes it announces, the
    // name is the empty string of `AT_EMPTY_PATH`, and both outlive the call.
    let outcome = unsafe {
        libc::name_to_handle_at(
            fd.as_raw_fd(),
            c"".as_ptr(),
            (&raw mut buffer).cast(),
            &raw mut mount_id,
            libc::AT_EMPTY_PATH,
        )
    };
    if outcome != 0 {
        return Err(last_error());
    }
    let length = (buffer.handle_bytes as usize).min(HANDLE_BYTES_MAX);
    let bytes = [&buffer.handle_type.to_ne_bytes()[..], &buffer.data[..length]].concat();
    Ok(RawHandle { mount_id, bytes })
}

fn open_handle(mount: BorrowedFd<'_>, handle: &[u8], flags: OFlags) -> Result<OwnedFd> {
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

#[cfg(test)]
mod tests {
    use rustix::fs::open;

    use super::*;

    fn folder_fd(path: &std::path::Path) -> OwnedFd {
        open(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap()
    }

    #[test]
    fn a_place_follows_the_inode_not_the_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::File::create(folder.path().join("a")).unwrap();
        for allow_handles in [true, false] {
            let root = folder_fd(folder.path());
            let devices = Devices::new(root.as_fd(), allow_handles).unwrap();
            let fd = openat(&root, "a", OFlags::PATH, Mode::empty()).unwrap();
            let stat = fstat(&fd).unwrap();
            let inode = stat.st_ino;
            let place = devices.place_of(fd, &stat);
            std::fs::rename(folder.path().join("a"), folder.path().join("b")).unwrap();
            assert_eq!(fstat(devices.path_fd(&place).unwrap()).unwrap().st_ino, inode);
            assert_eq!(fstat(devices.open(&place, OFlags::RDWR).unwrap()).unwrap().st_ino, inode);
            std::fs::rename(folder.path().join("b"), folder.path().join("a")).unwrap();
        }
    }

    #[test]
    fn a_file_that_is_gone_is_stale_and_its_number_used_anew_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder_fd(folder.path());
        let devices = Devices::new(root.as_fd(), true).unwrap();
        if !devices.has_handles() {
            eprintln!("skipped: no file handles here (not root, or the file system has none)");
            return;
        }
        std::fs::File::create(folder.path().join("a")).unwrap();
        let fd = openat(&root, "a", OFlags::PATH, Mode::empty()).unwrap();
        let stat = fstat(&fd).unwrap();
        let place = devices.place_of(fd, &stat);
        std::fs::remove_file(folder.path().join("a")).unwrap();
        assert_eq!(devices.path_fd(&place).unwrap_err(), Errno::STALE);
    }
}
