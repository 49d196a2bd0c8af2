//! Writing over what the mappings show.
//!
//! What wants to write to a mapped picture ends on a new inode of the source: a copy of the picture is made there under
//! the same name, the catalog notes it, and the kernel is told to look again (`ESTALE`). It then finds the file of the
//! source (only the writer does, where the picture stays shown) and opens that. The cache file is never opened for
//! anything but reading.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, CWD, Gid, Mode, OFlags, RawMode, Stat, Uid, fchmod, fchown, linkat, mkdirat, openat, statat, unlinkat,
};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use crate::cache::PictureFormat;
use crate::catalog::{MappedPicture, WriteAction};
use crate::model::{ContentHash, Name, OnWrite, ProgramKind};
use crate::overlay::{Action, Operation, Passing, Refusal, Seen};

use super::super::caller::Caller;
use super::super::changes::{Changes, Step};
use super::super::errno::Result;
use super::super::index::FolderKey;
use super::super::nodes::{NodeId, source_node_id};
use super::super::place::proc_path;
use super::super::written::{Closed, Written};
use super::dir::{Dir, Given, is_dir, now_or_later, write_action};
use super::{Target, View};

/// A file of the source of that size or less may be one that is in the cache too, and is looked at.
const COMPARED_BYTES_MAX: i64 = 64 << 20;

impl<B> View<B> {
    /// A program wants to write to a mapped picture: makes a file of the source for it.
    ///
    /// # Errors
    /// `ESTALE` when all is well: the kernel looks again and finds the file. `EROFS` where the settings refuse it.
    pub fn write_over(&self, id: NodeId, caller: Caller, changes: Option<&mut Changes>) -> Result<()> {
        let Target::Picture(shown) = self.target(id)? else { return Err(Errno::STALE.into()) };
        let changes = now_or_later(changes)?;
        let mapping = self.index.mapping(shown.id)?.ok_or(Errno::STALE)?;
        let key = FolderKey { library: mapping.library, folder: mapping.folder };
        let dir = self.dir_in_source(&key, caller)?;
        let Seen::Picture(picture) = dir.seen(&mapping.name) else { return Err(Errno::STALE.into()) };
        let given = self.given(&key, caller)?;
        let action =
            self.decide(Operation::Write, (&key, &mapping.name), dir.seen(&mapping.name), &given, Some(changes))?;
        let action = write_action(action).ok_or(Refusal::ReadOnly)?;
        let _turn = self.copying.lock();
        let file = self.copy_up(&dir, picture, changes)?;
        self.make_room(&dir, &mapping.name, changes)?;
        self.note_write(&key, picture, action, &given, changes)?;
        let node = self.name_copy(&dir, &mapping.name, &file)?;
        changes.reached(Step::Done);
        self.written.begin(node, Closed { is_copy: true, ..closed(picture, action, &given) });
        if action == WriteAction::Capture {
            self.written.let_see(&key, &mapping.name, caller.pid);
        }
        self.folder_changed(&key, &[&mapping.name]);
        Err(Errno::STALE.into())
    }

    /// The folder of the source in which the mappings of a folder lie; one that exists only as mappings is made.
    pub(super) fn dir_in_source(&self, key: &FolderKey, caller: Caller) -> Result<Dir> {
        let path = self.index.path_in_view(key).ok_or(Errno::STALE)?;
        let fd = match self.open_in_source(&path) {
            Ok(fd) => fd,
            Err(error) if error.errno() == Errno::NOENT => {
                self.materialise(key, caller)?;
                self.open_in_source(&path)?
            }
            Err(error) => return Err(error),
        };
        let place = super::super::place::PathFd::Opened(fd);
        Ok(Dir { fd: Some(place), key: Some(key.clone()), folder: self.folder(key) })
    }

    /// Makes a folder that exists only as mappings in the source, as the caller.
    pub(super) fn materialise(&self, key: &FolderKey, caller: Caller) -> Result<()> {
        let (parent, name) = key.folder.split_last().ok_or(Errno::STALE)?;
        let parent = FolderKey { library: key.library, folder: parent };
        let above = self.open_in_source(&self.index.path_in_view(&parent).ok_or(Errno::STALE)?)?;
        let made = caller.create(0o022, false, || mkdirat(&above, name.as_os_str(), Mode::from_raw_mode(0o777)));
        match made {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        self.name_changed(&parent, &[&name]);
        Ok(())
    }

    /// A file with the bytes of a picture, which has no name yet where the source can do that.
    fn copy_up(&self, dir: &Dir, picture: &MappedPicture, changes: &Changes) -> Result<Copy> {
        let format: PictureFormat = picture.extension.parse().map_err(|_| Errno::IO)?;
        let mut bytes = self.cache.open_picture(&picture.hash, format)?;
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
    fn name_copy(&self, dir: &Dir, name: &Name, copy: &Copy) -> Result<NodeId> {
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

    /// The number of what the source has under a name.
    pub(super) fn node_at(&self, folder: BorrowedFd<'_>, name: &OsStr) -> Result<Option<NodeId>> {
        match self.devices.look(folder, name) {
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
            Ok((place, stat)) => Ok(Some(source_node_id(stat.st_ino, &place))),
        }
    }

    /// What the source has under a name that shows something else goes to the recycle bin, unless the cache has the same
    /// bytes.
    pub(super) fn make_room(&self, dir: &Dir, name: &Name, changes: &Changes) -> Result<()> {
        let (Some(stat), Ok(folder)) = (dir.stat(name)?, dir.fd()) else { return Ok(()) };
        if is_dir(&stat) {
            return Err(Errno::ISDIR.into());
        }
        if self.is_in_cache(folder, name, &stat) {
            unlinkat(folder, name.as_os_str(), AtFlags::empty())?;
        } else {
            let path = self.shown_entry(dir.key()?, name);
            changes.discard(folder, name, &path, "a program wrote something else under its name")?;
        }
        changes.reached(Step::RoomMade);
        Ok(())
    }

    /// Whether a file holds bytes that are in the cache as well: what an export or an earlier write left there.
    pub(super) fn is_in_cache(&self, folder: BorrowedFd<'_>, name: &Name, stat: &Stat) -> bool {
        if stat.st_size > COMPARED_BYTES_MAX || stat.st_size == 0 {
            return false;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = openat(folder, name.as_os_str(), flags, Mode::empty()) else { return false };
        let Some(hash) = hash_of(File::from(file)) else { return false };
        PictureFormat::ALL.iter().any(|format| {
            let is_whole =
                |file: File| file.metadata().is_ok_and(|found| i64::try_from(found.len()) == Ok(stat.st_size));
            self.cache.open_picture(&hash, *format).is_ok_and(is_whole)
        })
    }

    /// The catalog notes a write before the source changes.
    fn note_write(
        &self,
        key: &FolderKey,
        picture: &MappedPicture,
        action: WriteAction,
        given: &Given,
        changes: &mut Changes,
    ) -> Result<()> {
        changes.catalog.note_write(picture.id, action, &given.program, changes.now())?;
        changes.reached(Step::Noted);
        self.index.drop_folders(std::slice::from_ref(key));
        Ok(())
    }

    /// Whether the source may make something under the name. Where the mappings hold it, or hide what is there, room is
    /// made first; `Some` when what will be made is in the place of a mapped picture.
    ///
    /// # Errors
    /// `EEXIST` where something is seen; [`RequestError::Later`](super::super::errno::RequestError::Later) when room has
    /// to be made and `changes` is none; `ESTALE` when the kernel has to look again.
    pub(super) fn prepare_to_make(
        &self,
        dir: &Dir,
        name: &Name,
        caller: Caller,
        changes: Option<&mut Changes>,
    ) -> Result<Option<Closed>> {
        if dir.fd.is_none() {
            let key = dir.key()?;
            now_or_later(changes)?;
            self.materialise(key, caller)?;
            return Err(Errno::STALE.into());
        }
        match dir.seen(name) {
            Seen::Source => return Ok(None),
            Seen::Written(_) | Seen::SourceOrFolder(_) if dir.stat(name)?.is_some() => return Ok(None),
            Seen::SourceOrFolder(_) | Seen::Picture(_) => return Err(Refusal::Exists.into()),
            Seen::Written(_) | Seen::Removed(_) | Seen::Hidden => {}
        }
        let changes = now_or_later(changes)?;
        self.prepare_in_place(dir, name, Operation::Make, caller, changes)
    }

    /// Makes room under a name for what comes there.
    pub(super) fn prepare_in_place(
        &self,
        dir: &Dir,
        name: &Name,
        operation: Operation,
        caller: Caller,
        changes: &mut Changes,
    ) -> Result<Option<Closed>> {
        let key = dir.key()?;
        let given = self.given(key, caller)?;
        let seen = dir.seen(name);
        let action = match seen {
            // The file is gone, behind the mount perhaps: as if it had been removed.
            Seen::Written(picture) => {
                self.decide(operation, (key, name), Seen::Removed(Some(picture)), &given, Some(changes))?
            }
            Seen::Removed(None) => Action::PassOn,
            _ => self.decide(operation, (key, name), seen, &given, Some(changes))?,
        };
        match (action, seen) {
            (Action::Adopt | Action::Capture, Seen::Picture(p) | Seen::Removed(Some(p)) | Seen::Written(p)) => {
                let write = write_action(action).ok_or(Refusal::ReadOnly)?;
                self.make_room(dir, name, changes)?;
                self.note_write(key, p, write, &given, changes)?;
                if !matches!(seen, Seen::Picture(_)) {
                    match write {
                        WriteAction::Adopt => self.moments.clear(key, name),
                        // Who makes something sees it, until it has been taken in.
                        WriteAction::Capture => self.moments.set(key, name, Passing::Source(Some(p.id)), None),
                    }
                }
                Ok(Some(closed(p, write, &given)))
            }
            (Action::MakeRoom, _) => {
                self.make_room(dir, name, changes)?;
                changes.catalog.forget_original(key.library, &key.folder, name, changes.now())?;
                self.folder_changed(key, &[name]);
                Ok(None)
            }
            (Action::PassOn, _) => {
                self.moments.clear(key, name);
                Ok(None)
            }
            (Action::Exists, _) => Err(Refusal::Exists.into()),
            (Action::Absent, _) => Err(Refusal::Absent.into()),
            _ => Err(Refusal::ReadOnly.into()),
        }
    }

    /// Something was made in the place of a mapped picture. Files are taken in when they are closed, all else now, and
    /// found to be no picture.
    pub(super) fn made_in_place(&self, dir: &Dir, name: &Name, closed: Option<Closed>, is_open: bool) -> Result<()> {
        let Some(closed) = closed else { return Ok(()) };
        let node = self.node_at(dir.fd()?, name.as_os_str())?;
        match node {
            Some(node) if is_open || self.files.has_writer(node) => self.written.begin(node, closed),
            _ => self.written.arrive(closed),
        }
        self.folder_changed(dir.key()?, &[name]);
        Ok(())
    }

    /// The copy of a picture, made for a program that then wrote nothing else, goes again: the cache has its bytes. Not
    /// when something else has its name by now, or somebody writes to it; whether it is settled is the answer.
    pub fn remove_copy(&self, key: &FolderKey, name: &Name, (node, closing): (NodeId, u64)) -> bool {
        let _turn = self.copying.lock();
        let folder = self.index.path_in_view(key).and_then(|path| self.open_in_source(&path).ok());
        let Some(folder) = folder else { return true };
        if self.node_at(folder.as_fd(), name.as_os_str()).ok().flatten() != Some(node) {
            return true;
        }
        if self.files.has_writer(node) || !self.written.finish(node, closing) {
            return false;
        }
        if let Err(error) = unlinkat(&folder, name.as_os_str(), AtFlags::empty()) {
            tracing::warn!(folder = %key.folder, %name, %error, "the copy of a picture stays in the source");
        }
        true
    }

    /// Somebody opens a file of the source. One in the place of a picture does not go until that is done.
    pub(super) fn begin_to_write(&self, node: NodeId, flags: OFlags, caller: Caller) -> Result<Option<Opening<'_>>> {
        if !flags.intersects(OFlags::WRONLY | OFlags::RDWR) || !self.written.contains(node) {
            return Ok(None);
        }
        self.written.begin_to_open(node);
        let opening = Opening { written: &self.written, node };
        self.meet_writer(node, caller)?;
        Ok(Some(opening))
    }

    /// A program opens such a file to write to it: what it closes is taken in as its own.
    fn meet_writer(&self, node: NodeId, caller: Caller) -> Result<()> {
        let Some(mapping) = self.written.mapping(node) else { return Ok(()) };
        let Some(mapping) = self.index.mapping(mapping)? else { return Ok(()) };
        let given = self.given(&FolderKey { library: mapping.library, folder: mapping.folder }, caller)?;
        let policy = match given.kind {
            ProgramKind::Persons => given.settings.on_write,
            ProgramKind::Manager => given.settings.on_write_by_managers,
        };
        let action = if policy == OnWrite::Adopt { WriteAction::Adopt } else { WriteAction::Capture };
        self.written
            .begin(node, Closed { mapping: mapping.id, action, program: given.program, is_copy: false, closing: 0 });
        Ok(())
    }

    /// A file of the source that is seen in the place of a mapped picture: when it is written to once more, it is taken
    /// in once more.
    pub(super) fn meet_written(&self, node: NodeId, picture: &MappedPicture) {
        if !self.written.contains(node) {
            let program = crate::catalog::Program { name: "a program".to_owned(), uid: 0 };
            let (mapping, action) = (picture.id, WriteAction::Adopt);
            self.written.begin(node, Closed { mapping, action, program, is_copy: false, closing: 0 });
        }
    }
}

/// A file that somebody is about to have open for writing.
pub(super) struct Opening<'a> {
    written: &'a Written,
    node: NodeId,
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.written.end_to_open(self.node);
    }
}

/// A copy of a picture on its way into the source.
struct Copy {
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

fn closed(picture: &MappedPicture, action: WriteAction, given: &Given) -> Closed {
    Closed { mapping: picture.id, action, program: given.program.clone(), is_copy: false, closing: 0 }
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
