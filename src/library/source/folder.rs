//! A folder of a tree, held open. Whoever wants to know several things of it has its path resolved once.

use std::io;
use std::mem::MaybeUninit;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir};

use crate::library::LibraryError;
use crate::model::{Name, RelPath};

use super::{DirEntry, EntryKind, FileStat, Source, WANTED, file_stat, statx_of};

/// Room for a part of a listing, in bytes: all of it, for most folders of a library.
const LISTING_BYTES: usize = 16 << 10;

/// A folder of a [`Source`], open as long as this is held.
#[derive(Debug)]
pub struct OpenFolder<'a> {
    source: &'a Source,
    path: &'a RelPath,
    fd: OwnedFd,
}

impl<'a> OpenFolder<'a> {
    pub(super) fn new(source: &'a Source, path: &'a RelPath, fd: OwnedFd) -> Self {
        Self { source, path, fd }
    }

    /// The tree that it is of.
    #[must_use]
    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// Where it was when it was opened.
    #[must_use]
    pub fn path(&self) -> &'a RelPath {
        self.path
    }

    /// Looks at the folder itself.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn stat(&self) -> Result<FileStat, LibraryError> {
        let stat = statx_of(self.fd.as_fd()).map_err(|source| self.source.error("look at", self.path, source))?;
        Ok(file_stat(&stat))
    }

    /// Looks at any entry of the tree, as [`Source::stat`] does; at those of this folder without resolving it again.
    ///
    /// # Errors
    /// As [`Source::stat`].
    pub fn stat_of(&self, path: &RelPath) -> Result<FileStat, LibraryError> {
        let Some(name) = self.entry_name(path) else { return self.source.stat(path) };
        let stat = rustix::fs::statx(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW, WANTED)
            .map_err(|errno| self.source.error("look at", path, errno.into()))?;
        // Where a link leads is found out from the root, beyond which it must not go.
        match FileType::from_raw_mode(stat.stx_mode.into()) {
            FileType::Symlink => self.source.stat(path),
            _ => Ok(file_stat(&stat)),
        }
    }

    /// The name of a path that lies directly in this folder.
    fn entry_name<'p>(&self, path: &'p RelPath) -> Option<&'p [u8]> {
        let below = path.as_bytes().strip_prefix(self.path.as_bytes())?;
        let name = if self.path.is_root() { below } else { below.strip_prefix(b"/")? };
        (!name.is_empty() && !name.contains(&b'/')).then_some(name)
    }

    /// Its entries in the order of their bytes, without `.` and `..`.
    ///
    /// # Errors
    /// When it may not be read.
    pub fn list(&self) -> Result<Vec<DirEntry>, LibraryError> {
        self.entries().map_err(|source| self.source.error("list", self.path, source))
    }

    /// Whether it has an entry of which that is so.
    ///
    /// # Errors
    /// When it may not be read.
    pub fn has_any(&self, is_so: impl Fn(&Name) -> bool) -> Result<bool, LibraryError> {
        let mut has_any = false;
        let looked = self.each_entry(|name, _| {
            has_any = is_so(&name);
            if has_any { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        looked.map_err(|source| self.source.error("list", self.path, source))?;
        Ok(has_any)
    }

    fn entries(&self) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        self.each_entry(|name, listed_as| {
            let kind = self.kind_of(&name, listed_as);
            entries.push(DirEntry { name, kind });
            ControlFlow::Continue(())
        })?;
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn each_entry(&self, mut tell: impl FnMut(Name, FileType) -> ControlFlow<()>) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(&self.fd, c".", flags, Mode::empty())?;
        let mut buffer = [MaybeUninit::<u8>::uninit(); LISTING_BYTES];
        let mut entries = RawDir::new(folder, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let bytes = entry.file_name().to_bytes();
            if bytes == b"." || bytes == b".." {
                continue;
            }
            let Ok(name) = Name::parse(bytes) else { continue };
            if tell(name, entry.file_type()).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// What an entry is. An entry that vanished meanwhile is nothing we read, so it counts as `Other`.
    fn kind_of(&self, name: &Name, listed_as: FileType) -> EntryKind {
        let file_type = match listed_as {
            FileType::Unknown => rustix::fs::statat(&self.fd, name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
            known => known,
        };
        match file_type {
            FileType::RegularFile => EntryKind::File,
            FileType::Directory => EntryKind::Folder,
            FileType::Symlink => match self.source.stat(&self.path.join(name)).map(|stat| stat.kind) {
                Ok(EntryKind::File) => EntryKind::File,
                Ok(EntryKind::Folder) => EntryKind::LinkedFolder,
                _ => EntryKind::Other,
            },
            _ => EntryKind::Other,
        }
    }
}
