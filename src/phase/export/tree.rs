//! Folders of the target, each reached from an open one above it, never through a link: nothing that a path in the
//! database says, or that somebody plants in the tree, leads a write out of it.

use std::fs::DirBuilder;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::{FlockOperation, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use crate::model::{Name, RelPath};
use crate::phase::PhaseError;

use super::{ExportError, ExportTarget, absolute};

const OPEN: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The target of an export, locked for as long as it is held.
pub(super) struct Tree {
    /// `None` for a dry run into a folder that does not exist.
    root: Option<OwnedFd>,
    shown_as: PathBuf,
    makes_folders: bool,
    is_dry_run: bool,
    /// The folder entered last: mappings come folder by folder.
    current: Option<(RelPath, Folder)>,
    is_written: bool,
}

/// A folder of the target.
#[derive(Clone)]
pub(super) enum Folder {
    /// It is there.
    Open(Rc<OwnedFd>),
    /// It is not there, and a dry run does not make it.
    ToBeMade,
    /// It is not there and is not ours to make.
    Lacking,
}

/// Why a folder cannot be entered.
pub(super) enum Failure {
    Io(io::Error),
    Phase(PhaseError),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Io(errno.into())
    }
}

impl Tree {
    pub(super) fn open(target: &ExportTarget<'_>, is_dry_run: bool) -> Result<Self, PhaseError> {
        let (shown_as, makes_folders) = match target {
            ExportTarget::Library(source) => (source.display_path(&RelPath::root()), false),
            ExportTarget::Folder(path) => (absolute(path), true),
        };
        let failed = |source: io::Error| ExportError::Target { path: shown_as.clone(), source };
        let root = match target {
            ExportTarget::Library(source) => Some(reopened(source).map_err(failed)?),
            ExportTarget::Folder(path) => open_folder(path, is_dry_run).map_err(failed)?,
        };
        if let Some(root) = root.as_ref().filter(|_| !is_dry_run)
            && rustix::fs::flock(root, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK)
        {
            return Err(ExportError::Busy { path: shown_as }.into());
        }
        Ok(Self { root, shown_as, makes_folders, is_dry_run, current: None, is_written: false })
    }

    /// The full path of something in it, for messages and records.
    pub(super) fn display(&self, path: &RelPath) -> PathBuf {
        if path.is_root() { self.shown_as.clone() } else { self.shown_as.join(path.as_path()) }
    }

    /// Enters a folder. `may_make_last` tells whether its last component may be made where folders in general are not.
    pub(super) fn enter(
        &mut self,
        path: &RelPath,
        may_make_last: impl FnOnce() -> Result<bool, PhaseError>,
    ) -> Result<Folder, Failure> {
        if let Some((_, folder)) = self.current.as_ref().filter(|(entered, _)| entered == path) {
            return Ok(folder.clone());
        }
        self.leave().map_err(Failure::Phase)?;
        let folder = self.walk(path, may_make_last)?;
        self.current = Some((path.clone(), folder.clone()));
        Ok(folder)
    }

    /// Notes that something was written in the folder entered last.
    pub(super) fn has_written(&mut self) {
        self.is_written = true;
    }

    /// Makes durable what was written in the folder entered last.
    pub(super) fn leave(&mut self) -> Result<(), PhaseError> {
        let left = self.current.take();
        if let (true, Some((path, Folder::Open(folder)))) = (std::mem::take(&mut self.is_written), left) {
            match rustix::fs::fsync(&*folder) {
                // Some file systems cannot sync folders; what more could be done?
                Ok(()) | Err(Errno::INVAL | Errno::NOTSUP) => {}
                Err(errno) => {
                    return Err(ExportError::Sync { path: self.display(&path), source: errno.into() }.into());
                }
            }
        }
        Ok(())
    }

    fn walk(
        &self,
        path: &RelPath,
        may_make_last: impl FnOnce() -> Result<bool, PhaseError>,
    ) -> Result<Folder, Failure> {
        let Some(root) = &self.root else { return Ok(Folder::ToBeMade) };
        let mut folder = rustix::fs::openat(root, ".", OPEN, Mode::empty())?;
        let mut components = path.components().peekable();
        while let Some(component) = components.next() {
            let is_last = components.peek().is_none();
            folder = match rustix::fs::openat(&folder, component.as_os_str(), OPEN, Mode::empty()) {
                Ok(entered) => entered,
                Err(Errno::NOENT) => {
                    let may_make = self.makes_folders || (is_last && may_make_last().map_err(Failure::Phase)?);
                    return self.make(folder, std::iter::once(component).chain(components), may_make);
                }
                Err(Errno::LOOP | Errno::NOTDIR) => {
                    let message = format!("`{component}` on the way there is a link or file, and is not followed");
                    return Err(Failure::Io(io::Error::new(io::ErrorKind::NotADirectory, message)));
                }
                Err(errno) => return Err(errno.into()),
            };
        }
        Ok(Folder::Open(Rc::new(folder)))
    }

    /// Makes folders one in the other, each durable in the one above it.
    fn make(
        &self,
        mut folder: OwnedFd,
        components: impl Iterator<Item = Name>,
        may_make: bool,
    ) -> Result<Folder, Failure> {
        if !may_make {
            return Ok(Folder::Lacking);
        }
        if self.is_dry_run {
            return Ok(Folder::ToBeMade);
        }
        for component in components {
            match rustix::fs::mkdirat(&folder, component.as_os_str(), Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno.into()),
            }
            let made = rustix::fs::openat(&folder, component.as_os_str(), OPEN, Mode::empty())?;
            give_to_owner_of(&folder, &made);
            let _ = rustix::fs::fsync(&folder);
            folder = made;
        }
        Ok(Folder::Open(Rc::new(folder)))
    }
}

/// Gives what root made to whom the folder belongs to, as it would if the owner had made it. Where that cannot be, the
/// file is still there.
pub(super) fn give_to_owner_of(folder: impl AsFd, made: impl AsFd) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    if let Ok(stat) = rustix::fs::fstat(folder) {
        let owner = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
        if let Err(error) = rustix::fs::fchown(made, Some(owner.0), Some(owner.1)) {
            tracing::debug!(%error, "an exported file stays with root");
        }
    }
}

/// The root of a source once more: a lock belongs to an open file, and the source's own may be anybody's.
fn reopened(source: &crate::library::Source) -> io::Result<OwnedFd> {
    Ok(rustix::fs::openat(source.as_fd(), ".", OPEN, Mode::empty())?)
}

/// Opens a folder, made with those above it where it does not exist.
fn open_folder(path: &Path, is_dry_run: bool) -> io::Result<Option<OwnedFd>> {
    // The user named it, so links on the way to it are meant.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(root) => return Ok(Some(root)),
        Err(Errno::NOENT) if is_dry_run => return Ok(None),
        Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno.into()),
    }
    DirBuilder::new().recursive(true).create(path)?;
    Ok(Some(rustix::fs::open(path, flags, Mode::empty())?))
}
