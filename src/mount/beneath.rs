//! Reaching folders beneath whatever posterfs has mounted over them.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::control::{mounts, source_of};

use super::options::MountError;
use super::unmount::is_dead;

/// Opens the folder at that absolute path as if no view covered it: through the process that serves the view, which
/// opened the source before it mounted. `run` is where the mounts of this state folder are entered.
///
/// # Errors
/// When it cannot be opened; when a dead mount is in the way.
pub fn open_beneath(run: &Path, path: &Path) -> Result<OwnedFd, MountError> {
    for mount in &mounts(run) {
        let Ok(below) = path.strip_prefix(&mount.mountpoint) else { continue };
        if mount.source != mount.mountpoint && !path.starts_with(&mount.source) {
            continue;
        }
        let failed =
            |source| MountError::Beneath { path: path.to_owned(), mountpoint: mount.mountpoint.clone(), source };
        let root = source_of(run, &mount.mountpoint).map_err(failed)?;
        return open_folder(&root, below).map_err(|error| failed(error.into()));
    }
    if let Some(dead) = path.ancestors().find(|above| is_dead(above)) {
        return Err(MountError::Dead { path: dead.to_owned() });
    }
    let unopened = |error: rustix::io::Errno| MountError::Unopened { path: path.to_owned(), source: error.into() };
    open_folder(CWD, path).map_err(unopened)
}

/// Opens a folder beneath another one; without a path, that one.
///
/// # Errors
/// When it is missing, no folder, or may not be read.
pub fn open_folder(root: impl std::os::fd::AsFd, path: &Path) -> rustix::io::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    openat(root, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}
