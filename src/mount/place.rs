//! Where an inode of the source is, without a path and without an open descriptor.
//!
//! A place is the file handle that the file system itself gave us (`name_to_handle_at`): it names the *inode*, so hard
//! links are one, renames do not matter, and it is still good in a restarted process. The whole handle is kept: on ext4
//! a handle with generation 0 would open whatever file has that number now.
//!
//! Handles need `CAP_DAC_READ_SEARCH`, and some file systems have none. There a place holds a descriptor instead
//! (`O_PATH`, one per inode the kernel remembers), which serves the same calls.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};
use rustix::io::{Errno, Result};

use super::gate::Scope;
use super::handle::{FileHandle, MountId, handle_at, handle_of, open_handle};
use super::submounts::{mount_points_below, open_below};

/// An inode of the source.
#[derive(Debug, Clone)]
pub enum Place {
    /// By file handle on one of the source's devices.
    Handle {
        /// Index into [`Devices`].
        device: u32,
        /// What that device calls it.
        handle: FileHandle,
    },
    /// By a descriptor that stays open as long as the place is known.
    Held {
        /// The descriptor (`O_PATH`).
        fd: Arc<OwnedFd>,
        /// 0 on the source's own device; elsewhere what tells its inode numbers from the source's.
        salt: u64,
        /// That of the same inode by its handle, where it has been one (see [`Place::generation`]).
        generation: Option<u64>,
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
    source: Arc<OwnedFd>,
    /// The first is the source's own. Only ever grows; taken for reading by every request, for writing when a new mount
    /// is met or one has moved. Nothing else is locked and no system call made while it is held.
    mounts: RwLock<Vec<DeviceMount>>,
    has_handles: bool,
    source_device: u64,
}

/// A mount below the source is opened anew for each use: a descriptor that stayed open would keep it from being
/// unmounted.
#[derive(Debug)]
struct DeviceMount {
    id: MountId,
    /// Where it was last found beneath the source.
    path: Arc<Path>,
}

impl Devices {
    /// Begins with the source itself, an open folder. `allow_handles` false makes every place hold a descriptor.
    ///
    /// # Errors
    /// When the descriptor cannot be duplicated.
    pub fn new(source: BorrowedFd<'_>, allow_handles: bool) -> Result<Self> {
        let source =
            Arc::new(source.try_clone_to_owned().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?);
        let handle = handle_of(source.as_fd());
        let has_handles = allow_handles
            && handle.as_ref().is_ok_and(|(_, own)| open_handle(source.as_fd(), own, OFlags::PATH).is_ok());
        let own = DeviceMount { id: handle.map_or(0, |(mount, _)| mount), path: Path::new("").into() };
        let source_device = fstat(&source)?.st_dev;
        Ok(Self { source, mounts: RwLock::new(vec![own]), has_handles, source_device })
    }

    /// Whether inodes are reached by handle (and not by descriptors held open).
    #[must_use]
    pub fn has_handles(&self) -> bool {
        self.has_handles
    }

    /// Where that mount was last found beneath the source; `None` for a number that is none of a mount.
    #[must_use]
    pub fn path_of_mount(&self, device: u64) -> Option<Arc<Path>> {
        let mounts = self.mounts.read();
        Some(Arc::clone(&mounts.get(usize::try_from(device).ok()?)?.path))
    }

    /// The mount that was last found at a path beneath the source.
    #[must_use]
    pub fn mount_at(&self, path: &Path) -> Option<u64> {
        self.mounts.read().iter().rposition(|mount| &*mount.path == path).and_then(|index| u64::try_from(index).ok())
    }

    /// The source itself: an open folder.
    #[must_use]
    pub fn source(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.source)
    }

    /// What the folder has under that name: its place and attributes. Links are not followed.
    ///
    /// # Errors
    /// Those of `stat`; `ENOENT` when there is nothing.
    pub fn look(&self, folder: BorrowedFd<'_>, name: &OsStr) -> Result<(Place, Stat)> {
        if self.has_handles
            && let Some(found) = self.look_without_opening(folder, name)?
        {
            return Ok(found);
        }
        let fd = openat(folder, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        let stat = fstat(&fd)?;
        Ok((self.place_of(fd, &stat), stat))
    }

    /// Half the system calls of the sure way. `None` when handle and attributes may be those of two inodes, because the
    /// name passed from one to the other meanwhile, or when that cannot be told.
    fn look_without_opening(&self, folder: BorrowedFd<'_>, name: &OsStr) -> Result<Option<(Place, Stat)>> {
        let (mount, handle) = match handle_at(folder, name) {
            Err(Errno::NOENT) => return Err(Errno::NOENT),
            Err(_) => return Ok(None),
            Ok(found) => found,
        };
        let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        // Another file system may be mounted there meanwhile, whose numbers say nothing: only the source's own counts.
        let is_one = handle.inode() == Some(stat.st_ino) && stat.st_dev == self.source_device;
        let is_own = is_one && self.known_device(mount) == Some(0);
        Ok(is_own.then_some((Place::Handle { device: 0, handle }, stat)))
    }

    /// The place of an inode that is open as `O_PATH`, with its attributes.
    #[must_use]
    pub fn place_of(&self, fd: OwnedFd, stat: &Stat) -> Place {
        self.handle_place_of(fd.as_fd()).unwrap_or_else(|| self.held_place_of(fd, stat))
    }

    /// The same by handle; `None` where it takes a descriptor.
    #[must_use]
    pub fn handle_place_of(&self, fd: BorrowedFd<'_>) -> Option<Place> {
        let (mount, handle) = handle_of(fd).ok().filter(|_| self.has_handles)?;
        Some(Place::Handle { device: self.device(mount)?, handle })
    }

    /// The same by descriptor: good as long as it is kept, also when the inode has no name left.
    #[must_use]
    pub fn held_place_of(&self, fd: OwnedFd, stat: &Stat) -> Place {
        let salt = if stat.st_dev == self.source_device { 0 } else { stat.st_dev };
        Place::Held { fd: Arc::new(fd), salt, generation: None }
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
        let (_, own) = handle_of(self.source.as_fd())?;
        let any = own.of_any_generation(inode).filter(|_| self.has_handles).ok_or(Errno::STALE)?;
        self.open_by_handle(0, &any, OFlags::PATH)
    }

    /// The inode that a file system made this handle for, if it lies on the source's own device: its number, and the
    /// place by which it is reached.
    #[must_use]
    pub fn inode_of(&self, handle: FileHandle) -> Option<(u64, Place)> {
        let inode = match handle.inode() {
            Some(inode) => inode,
            None => fstat(self.open_by_handle(0, &handle, OFlags::PATH).ok()?).ok()?.st_ino,
        };
        Some((inode, Place::Handle { device: 0, handle }))
    }

    fn open_by_handle(&self, device: u32, handle: &FileHandle, flags: OFlags) -> Result<OwnedFd> {
        match device {
            0 => open_handle(self.source.as_fd(), handle, flags),
            _ => open_handle(self.open_mount(device)?.as_fd(), handle, flags),
        }
    }

    /// Some folder of a mount below the source, open.
    fn open_mount(&self, device: u32) -> Result<OwnedFd> {
        let known = self.mounts.read().get(device as usize).map(|mount| (mount.id, Arc::clone(&mount.path)));
        let (id, path) = known.ok_or(Errno::STALE)?;
        if let Some(folder) = self.folder_on(id, &path) {
            return Ok(folder);
        }
        let (path, folder) = self.find_mount(id).ok_or(Errno::STALE)?;
        self.mounts.write()[device as usize].path = path.into();
        Ok(folder)
    }

    /// Opens a folder beneath the source, if it is on that mount.
    fn folder_on(&self, mount: MountId, path: &Path) -> Option<OwnedFd> {
        let folder = open_below(self.source.as_fd(), path, OFlags::RDONLY | OFlags::DIRECTORY).ok()?;
        handle_of(folder.as_fd()).is_ok_and(|(its_mount, _)| its_mount == mount).then_some(folder)
    }

    fn find_mount(&self, mount: MountId) -> Option<(PathBuf, OwnedFd)> {
        let mut points = mount_points_below(self.source.as_fd()).into_iter();
        points.find_map(|path| self.folder_on(mount, &path).map(|folder| (path, folder)))
    }

    /// The index of the mount with that id. A mount met for the first time is entered.
    fn device(&self, mount: MountId) -> Option<u32> {
        if let Some(known) = self.known_device(mount) {
            return Some(known);
        }
        let (path, _) = self.find_mount(mount)?;
        let mut mounts = self.mounts.write();
        let position = mounts.iter().position(|known| known.id == mount).unwrap_or_else(|| {
            mounts.push(DeviceMount { id: mount, path: path.into() });
            mounts.len() - 1
        });
        u32::try_from(position).ok()
    }

    fn known_device(&self, mount: MountId) -> Option<u32> {
        let position = self.mounts.read().iter().position(|known| known.id == mount);
        position.and_then(|position| u32::try_from(position).ok())
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
            Self::Held { salt, generation, .. } => generation.unwrap_or(*salt),
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

    /// The file system it is on: what hangs there does not concern the others.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self {
            Self::Handle { device, .. } => Scope(u64::from(*device)),
            Self::Held { salt, .. } => Scope(*salt),
        }
    }

    /// The same inode, reached by a descriptor from now on.
    #[must_use]
    pub fn held_by(&self, fd: OwnedFd, stat: &Stat) -> Self {
        let salt = self.device().map_or(stat.st_dev, |device| if device == 0 { 0 } else { stat.st_dev });
        Self::Held { fd: Arc::new(fd), salt, generation: Some(self.generation()) }
    }

    /// Whether both are the same inode, if both have the same number.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Handle { device: a, handle: x }, Self::Handle { device: b, handle: y }) => a == b && x == y,
            // A descriptor keeps the number from being used anew.
            (Self::Held { generation: None, salt: a, .. }, Self::Held { generation: None, salt: b, .. }) => a == b,
            (Self::Held { generation: None, .. }, _) | (_, Self::Held { generation: None, .. }) => false,
            _ => self.generation() == other.generation(),
        }
    }
}

/// The path of an open file as the kernel knows it.
#[must_use]
pub fn link_of(fd: BorrowedFd<'_>) -> Option<PathBuf> {
    let target = readlinkat(CWD, proc_path(fd), Vec::new()).ok()?;
    Some(Path::new(OsStr::from_bytes(target.as_bytes())).to_owned())
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
