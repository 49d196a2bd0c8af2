//! What the kernel and a file system offer a view of it: asked without mounting anything, for `doctor`.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use super::place::Devices;
use super::submounts::mount_points_below;
use super::watch::Watch;

/// See the module.
#[derive(Debug)]
pub struct Abilities {
    /// Whether inodes are reached by file handle; a node costs a descriptor otherwise.
    pub has_handles: bool,
    /// Why changes behind the mount cannot be noticed, if they cannot.
    pub watch_refusal: Option<io::Error>,
    /// Where other file systems are mounted in it, relative to it.
    pub borders: Vec<PathBuf>,
}

impl Abilities {
    /// Those of a view of that folder, for this user.
    ///
    /// # Errors
    /// When the folder cannot be used at all.
    pub fn of(source: &OwnedFd) -> io::Result<Self> {
        let has_handles = Devices::new(source.as_fd(), true)?.has_handles();
        let borders = mount_points_below(source.as_fd());
        Ok(Self { has_handles, watch_refusal: Watch::mark(source).err(), borders })
    }
}
