//! Writing over what the mappings show.
//!
//! What wants to write to a mapped picture ends on a new inode of the source: a copy of the picture is made there under
//! the same name, beneath the picture, the catalog notes it, and the kernel is told to look again (`ESTALE`). It then finds the file of the
//! source (only the writer does, where the picture stays shown) and opens that. The cache file is never opened for
//! anything but reading.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, unlinkat};
use rustix::io::Errno;

use crate::catalog::{MappedPicture, Program, WriteAction};
use crate::model::{MappingId, Name, OnWrite, ProgramKind};
use crate::overlay::{Action, Operation, Passing, Refusal, Seen};

use super::super::caller::Caller;
use super::super::changes::{Changes, PATIENCE, Step};
use super::super::errno::{RequestError, Result};
use super::super::index::FolderKey;
use super::super::nodes::NodeId;
use super::super::place::Place;
use super::super::program::grace_of;
use super::super::written::{NotNow, Wrote};
use super::copy::is_plain_file;
use super::dir::{Dir, Given, is_dir, now_or_later, write_action};
use super::rename::stamp;
use super::{Target, View};

impl<B> View<B> {
    /// A program wants to write to a mapped picture, or to a file in its place that has been taken in: makes a file of the
    /// source for it.
    ///
    /// # Errors
    /// `ESTALE` when all is well: the kernel looks again and finds the file. `EROFS` where the settings refuse it.
    pub fn write_over(&self, id: NodeId, caller: Caller, changes: Option<&mut Changes>) -> Result<()> {
        let target = self.target(id)?;
        let changes = now_or_later(changes)?;
        let mapping = match &target {
            Target::Picture(shown) => shown.id,
            Target::Source(_) => self.settled(id)?,
            Target::Folder(_) => return Err(Errno::STALE.into()),
        };
        let mapping = self.index.mapping(mapping)?.ok_or(Errno::STALE)?;
        let key = FolderKey { library: mapping.library, folder: mapping.folder };
        let dir = self.dir_in_source(&key, caller)?;
        if let Target::Source(place) = &target
            && !self.is_only_there(&dir, &mapping.name, (id, place))?
        {
            self.written.forget(id);
            return Err(Errno::STALE.into());
        }
        self.write_over_name(&dir, &mapping.name, caller, changes)
    }

    /// The mapping in whose place a file of the source was when it was taken in. One that is about to be is waited for.
    fn settled(&self, node: NodeId) -> Result<MappingId> {
        if !self.turn.pass_until(|| !self.written.is_closed(node), PATIENCE) {
            return Err(Errno::AGAIN.into());
        }
        Ok(self.written.settled(node).ok_or(Errno::STALE)?)
    }

    /// Whether a file that was taken in has no other name than that of the picture: so whoever wants to write to it wants
    /// to write to the picture.
    fn is_only_there(&self, dir: &Dir, name: &Name, (node, place): (NodeId, &Place)) -> Result<bool> {
        let stat = rustix::fs::fstat(self.devices.path_fd(place)?.as_fd())?;
        let is_there = || Ok::<_, RequestError>(self.node_at(dir.fd()?, name.as_os_str())? == Some(node));
        Ok(matches!(dir.seen(name), Seen::Picture(_)) && (stat.st_nlink == 0 || stat.st_nlink == 1 && is_there()?))
    }

    /// Makes a file of the source for a program that wants to write to what is seen under a name.
    ///
    /// # Errors
    /// As [`Self::write_over`].
    pub(super) fn write_over_name(&self, dir: &Dir, name: &Name, caller: Caller, changes: &mut Changes) -> Result<()> {
        let key = dir.key()?;
        let picture = match dir.seen(name) {
            Seen::Picture(picture) => picture,
            // Somebody else was faster: that file is to be found there, and not taken in before.
            Seen::Written(_) => {
                return Err(self.look_again(key, name, caller));
            }
            _ => return Err(Errno::STALE.into()),
        };
        let given = self.given(key, caller)?;
        let action = self.decide(Operation::Write, (key, name), dir.seen(name), &given, Some(changes))?;
        let action = write_action(action).ok_or(Refusal::ReadOnly)?;
        if let Some(node) = self.node_at(dir.fd()?, name.as_os_str())?.filter(|node| self.written.is_pending(*node)) {
            if action == WriteAction::Capture {
                // What another manager is at: both write to one file, as anywhere else.
                return Err(self.look_again(key, name, caller));
            }
            // A manager's write is to become a candidate before a person's takes its place.
            let _ = self.turn.pass_until(|| !self.written.is_closed(node), PATIENCE);
        }
        let file = self.copy_up(dir, picture, changes)?;
        self.make_room(dir, name, changes)?;
        // Beneath the picture first: at no time is there neither under the name.
        let node = self.name_copy(dir, name, &file)?;
        changes.reached(Step::Done);
        if let Err(error) = self.note_write(key, picture, action, &given, changes) {
            self.unlink_in_source(dir.fd()?, name)?;
            return Err(error);
        }
        self.written.enter_copy(node, wrote(picture, action, &given));
        self.folder_changed(key, &[name]);
        Err(self.look_again(key, name, caller))
    }

    /// Tells a program to look again: it finds the file of the source under the name, which is not taken in before.
    fn look_again(&self, key: &FolderKey, name: &Name, caller: Caller) -> RequestError {
        self.written.let_see(key, name, caller.pid);
        self.ticker.wake();
        Errno::STALE.into()
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

    /// The number of what the source has under a name.
    pub(super) fn node_at(&self, folder: BorrowedFd<'_>, name: &OsStr) -> Result<Option<NodeId>> {
        match self.devices.look(folder, name) {
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
            Ok((place, stat)) => Ok(Some(self.nodes.number_of(stat.st_ino, &place))),
        }
    }

    /// What the source has under a name that shows something else goes to the recycle bin, unless the cache has the same
    /// bytes.
    pub(super) fn make_room(&self, dir: &Dir, name: &Name, changes: &Changes) -> Result<()> {
        let (Some(stat), Ok(folder)) = (dir.stat(name)?, dir.fd()) else { return Ok(()) };
        if is_dir(&stat) {
            return Err(Errno::ISDIR.into());
        }
        let doomed = self.doomed(folder, name.as_os_str());
        let has_writer = self.node_at(folder, name.as_os_str())?.is_some_and(|node| self.files.has_writer(node));
        if !has_writer && self.is_in_cache(folder, name, &stat) {
            unlinkat(folder, name.as_os_str(), AtFlags::empty())?;
            self.keep(doomed);
        } else {
            let path = self.shown_entry(dir.key()?, name);
            changes.discard(folder, name, &path, "a program wrote something else under its name")?;
        }
        changes.reached(Step::RoomMade);
        Ok(())
    }

    /// A picture leaves this name, so what a program wrote there before, and was taken in, must not resurface.
    pub(super) fn clear_beneath(&self, dir: &Dir, name: &Name, changes: &Changes) -> Result<()> {
        let (Some(stat), Ok(folder)) = (dir.stat(name)?, dir.fd()) else { return Ok(()) };
        let is_taken_in = !is_dir(&stat) && self.is_in_cache(folder, name, &stat);
        if is_taken_in { self.make_room(dir, name, changes) } else { Ok(()) }
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
    /// `EEXIST` where something is seen; [`RequestError::Later`] when room has
    /// to be made and `changes` is none; `ESTALE` when the kernel has to look again.
    pub(super) fn prepare_to_make(
        &self,
        dir: &Dir,
        name: &Name,
        caller: Caller,
        changes: Option<&mut Changes>,
    ) -> Result<Option<Wrote>> {
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
    ) -> Result<Option<Wrote>> {
        let key = dir.key()?;
        let given = self.given(key, caller)?;
        if let Some(picture) = dir.folder.as_ref().and_then(|folder| folder.left(name)) {
            return Err(self.bring_back(dir, name, picture, &given, changes).err().unwrap_or(Errno::STALE.into()));
        }
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
                Ok(Some(wrote(p, write, &given)))
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

    /// Something is to be made under a name whose picture has just got another one: a file of the source has that from now
    /// on, as on any file system, and what is made is in the place of the picture. The kernel then looks again.
    fn bring_back(
        &self,
        dir: &Dir,
        name: &Name,
        picture: &MappedPicture,
        given: &Given,
        changes: &mut Changes,
    ) -> Result<()> {
        let key = dir.key()?;
        if matches!(dir.seen(&picture.name), Seen::Picture(_)) {
            let file = self.copy_up(dir, picture, changes)?;
            self.name_copy(dir, &picture.name, &file)?;
        }
        let stamp = stamp(given, "rename", changes);
        changes.catalog.move_mapping(picture.id, key.library, (&key.folder, name), &stamp)?;
        let end = std::time::Instant::now() + grace_of(&given.settings);
        self.moments.clear(key, &picture.name);
        self.moments.set(key, name, Passing::Removed(Some(picture.id)), Some(end));
        self.folder_changed(key, &[name, &picture.name]);
        Ok(())
    }

    /// Something was made in the place of a mapped picture. Files are taken in when they are closed, all else now, and
    /// found to be no picture.
    pub(super) fn made_in_place(&self, dir: &Dir, name: &Name, wrote: Option<Wrote>) -> Result<()> {
        let Some(wrote) = wrote else { return Ok(()) };
        let folder = dir.fd()?;
        match self.node_at(folder, name.as_os_str())? {
            Some(node) if is_plain_file(folder, name) => {
                self.written.enter_file(node, wrote, || self.files.has_writer(node));
            }
            _ => self.written.arrive(wrote),
        }
        self.folder_changed(dir.key()?, &[name]);
        Ok(())
    }

    /// Somebody opens a file of the source, or truncates it. One that has been taken in, or is to be first, goes through
    /// [`Self::write_over`].
    pub(super) fn begin_to_write(&self, node: NodeId, flags: OFlags, caller: Caller) -> Result<Option<Opening<'_, B>>> {
        if !flags.intersects(OFlags::WRONLY | OFlags::RDWR) {
            return Ok(None);
        }
        let by = self.writer_of(node, caller)?;
        self.written.begin_to_write(node, by).map_err(|NotNow| RequestError::Later)?;
        Ok(Some(Opening { view: self, node }))
    }

    /// Who writes to a file in the place of a picture, and what it becomes.
    fn writer_of(&self, node: NodeId, caller: Caller) -> Result<Option<(WriteAction, Program)>> {
        let Some(mapping) = self.written.mapping(node) else { return Ok(None) };
        let Some(mapping) = self.index.mapping(mapping)? else { return Ok(None) };
        let given = self.given(&FolderKey { library: mapping.library, folder: mapping.folder }, caller)?;
        Ok(Some((self.becomes(mapping.id, &given)?, given.program)))
    }

    /// What a file that a program writes in the place of a picture becomes, by the settings.
    fn becomes(&self, mapping: MappingId, given: &Given) -> Result<WriteAction> {
        let (policy, is_managers) = match given.kind {
            ProgramKind::Persons => (given.settings.on_write, false),
            ProgramKind::Manager => (given.settings.on_write_by_managers, true),
        };
        let is_locked = || Ok::<_, RequestError>(self.index.facts(mapping)?.is_some_and(|(_, is_locked)| is_locked));
        let is_adopted = policy == OnWrite::Adopt && !(is_managers && is_locked()?);
        Ok(if is_adopted { WriteAction::Adopt } else { WriteAction::Capture })
    }

    /// A file of the source that is seen in the place of a mapped picture: when it is written to once more, it is taken
    /// in once more.
    pub(super) fn meet_written(&self, node: NodeId, picture: &MappedPicture) {
        self.written.meet(node, || {
            let program = Program { name: "a program".to_owned(), uid: 0 };
            Wrote { mapping: picture.id, action: WriteAction::Adopt, program }
        });
    }

    /// What is renamed to the place of a file that is seen in the place of a picture. A person's file that is about to be
    /// taken in is, before a manager's replaces it.
    pub(super) fn prepare_to_replace(
        &self,
        dir: &Dir,
        name: &Name,
        picture: &MappedPicture,
        caller: Caller,
        changes: &mut Changes,
    ) -> Result<Wrote> {
        let key = dir.key()?;
        let given = self.given(key, caller)?;
        let action = self.becomes(picture.id, &given)?;
        let there = self.node_at(dir.fd()?, name.as_os_str())?;
        if action == WriteAction::Capture
            && let Some(node) = there.filter(|node| self.written.is_closed(*node))
        {
            let _ = self.turn.pass_until(|| !self.written.is_closed(node), PATIENCE);
            return Err(Errno::STALE.into());
        }
        self.note_write(key, picture, action, &given, changes)?;
        Ok(wrote(picture, action, &given))
    }
}

/// A file that somebody is about to have open for writing.
pub(super) struct Opening<'a, B> {
    view: &'a View<B>,
    node: NodeId,
}

impl<B> Drop for Opening<'_, B> {
    fn drop(&mut self) {
        self.view.written.end_to_write(self.node, || self.view.files.has_writer(self.node));
    }
}

fn wrote(picture: &MappedPicture, action: WriteAction, given: &Given) -> Wrote {
    Wrote { mapping: picture.id, action, program: given.program.clone() }
}
