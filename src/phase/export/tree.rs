//! Folders of the target, entered one after the other, beneath its root only (`phase::beneath`).

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::lasting;
use crate::model::RelPath;
use crate::phase::PhaseError;
use crate::phase::beneath::{self, Entered, OPEN};
use crate::steps;

use super::{ExportError, ExportTarget, absolute};

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
                Ok(()) | Err(Errno::INVAL | Errno::NOTSUP) => steps::reached("export.folder_synced"),
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
        let (folder, missing) = match beneath::enter(root, path).map_err(Failure::Io)? {
            Entered::Whole(folder) => return Ok(Folder::Open(Rc::new(folder))),
            Entered::Part(folder, missing) => (folder, missing),
        };
        let is_last = missing.len() == 1;
        let may_make = self.makes_folders || (is_last && may_make_last().map_err(Failure::Phase)?);
        if !may_make {
            return Ok(Folder::Lacking);
        }
        if self.is_dry_run {
            return Ok(Folder::ToBeMade);
        }
        Ok(Folder::Open(Rc::new(beneath::make(folder, missing).map_err(Failure::Io)?)))
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
    lasting::make_folder(path, 0o755)?;
    Ok(Some(rustix::fs::open(path, flags, Mode::empty())?))
}
