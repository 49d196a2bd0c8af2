//! Copies of pictures in the source, for programs that write over them.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, CWD, Gid, Mode, OFlags, RawMode, Stat, Uid, fchmod, fchown, linkat, openat, statat, unlinkat,
};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use crate::cache::StoredFormat;
use crate::catalog::MappedPicture;
use crate::model::{ContentHash, Name};

use super::super::changes::Changes;
use super::super::errno::Result;
use super::super::index::FolderKey;
use super::super::nodes::NodeId;
use super::super::place::proc_path;
use super::View;
use super::dir::Dir;

/// A file of the source of that size or less may be one that is in the cache too, and is looked at.
const COMPARED_BYTES_MAX: i64 = 64 << 20;

/// A copy of a picture on its way into the source.
pub(super) struct Copy {
    fd: OwnedFd,
    /// Its temporary name, where it needs one.
    name: Option<Name>,
}

impl Copy {
    fn remove(&self, folder: BorrowedFd<'_>) {
        if let Some(name) = &self.name {
            let _ = unlinkat(folder, name.as_os_str(), AtFlags::empty());
        }
    }
}

impl<B> View<B> {
    /// A file with the bytes of a picture, which has no name yet where the source can do that.
    pub(super) fn copy_up(&self, dir: &Dir, picture: &MappedPicture, changes: &Changes) -> Result<Copy> {
        let format: StoredFormat = picture.extension.parse().map_err(|_| Errno::IO)?;
        let mut bytes = self.cache.open_file(&picture.hash, format)?;
        let folder = dir.fd()?;
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let nameless = openat(folder, ".", flags | OFlags::TMPFILE, Mode::from_raw_mode(0o600));
        let copy = match nameless {
            Ok(fd) => Copy { fd, name: None },
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => {
                let name = Name::parse(format!(".posterfs-{}-{}", std::process::id(), changes.now()).as_bytes());
                let name = name.map_err(|_| Errno::IO)?;
                let flags = flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
                Copy { fd: openat(folder, name.as_os_str(), flags, Mode::from_raw_mode(0o600))?, name: Some(name) }
            }
            Err(error) => return Err(error.into()),
        };
        let filled = self.fill(&copy, &mut bytes, folder, picture);
        if filled.is_err() {
            copy.remove(folder);
        }
        filled.map(|()| copy)
    }

    /// The bytes of the picture, with the mode and owner that it is shown with.
    fn fill(&self, copy: &Copy, bytes: &mut File, folder: BorrowedFd<'_>, picture: &MappedPicture) -> Result<()> {
        let mut file = File::from(copy.fd.try_clone().map_err(|error| errno_of(&error))?);
        std::io::copy(bytes, &mut file).map_err(|error| errno_of(&error))?;
        let above = rustix::fs::fstat(folder)?;
        let set = picture.set.unwrap_or_default();
        let (uid, gid) = (set.uid.unwrap_or(above.st_uid), set.gid.unwrap_or(above.st_gid));
        match fchown(&copy.fd, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))) {
            // Who is not root can only make files of its own.
            Ok(()) | Err(Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(fchmod(&copy.fd, Mode::from_raw_mode(set.mode.unwrap_or(0o644) as RawMode & 0o777))?)
    }

    /// Gives a copy its name.
    pub(super) fn name_copy(&self, dir: &Dir, name: &Name, copy: &Copy) -> Result<NodeId> {
        let folder = dir.fd()?;
        let named = match &copy.name {
            Some(temporary) => rustix::fs::renameat(folder, temporary.as_os_str(), folder, name.as_os_str()),
            None => linkat(CWD, proc_path(copy.fd.as_fd()), folder, name.as_os_str(), AtFlags::SYMLINK_FOLLOW),
        };
        if let Err(error) = named {
            copy.remove(folder);
            return Err(error.into());
        }
        self.node_at(folder, name.as_os_str())?.ok_or_else(|| Errno::STALE.into())
    }

    /// The copy of a picture, made for a program that then wrote nothing else, goes again: the cache has its bytes.
    pub fn remove_copy(&self, key: &FolderKey, name: &Name, node: NodeId) {
        let folder = self.index.path_in_view(key).and_then(|path| self.open_in_source(&path).ok());
        let Some(folder) = folder else { return };
        if self.node_at(folder.as_fd(), name.as_os_str()).ok().flatten() != Some(node) {
            return;
        }
        if let Err(error) = self.unlink_in_source(folder.as_fd(), name) {
            tracing::warn!(folder = %key.folder, %name, %error, "the copy of a picture stays in the source");
        }
    }

    /// Whether a file holds bytes that are in the cache as well: what an export or an earlier write left there.
    pub(super) fn is_in_cache(&self, folder: BorrowedFd<'_>, name: &Name, stat: &Stat) -> bool {
        if stat.st_size > COMPARED_BYTES_MAX || stat.st_size == 0 {
            return false;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = openat(folder, name.as_os_str(), flags, Mode::empty()) else { return false };
        let Some(hash) = hash_of(File::from(file)) else { return false };
        StoredFormat::ALL.iter().any(|format| {
            let is_whole =
                |file: File| file.metadata().is_ok_and(|found| i64::try_from(found.len()) == Ok(stat.st_size));
            self.cache.open_file(&hash, *format).is_ok_and(is_whole)
        })
    }
}

/// The SHA-256 of a file; `None` when it cannot be read.
#[must_use]
pub fn hash_of(mut file: File) -> Option<ContentHash> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 128 << 10];
    loop {
        match std::io::Read::read(&mut file, &mut chunk) {
            Ok(0) => return Some(ContentHash::new(hasher.finalize().into())),
            Ok(length) => hasher.update(&chunk[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// Whether the source has a file, and no link or folder, under that name.
pub(super) fn is_plain_file(folder: BorrowedFd<'_>, name: &Name) -> bool {
    statat(folder, name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile)
}

fn errno_of(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
