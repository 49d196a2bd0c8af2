//! Renaming: in the source, in the mappings, and the two in step.
//!
//! What is renamed in the source and known to the catalog (a folder, a video) is noted there first; then it happens in the
//! source; then the catalog follows in one transaction. After a kill in between, the noted rename tells what to do:
//! see [`super::super::recover`].

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, RenameFlags, Stat, fstat, openat, renameat_with, statat};
use rustix::io::Errno;

use crate::catalog::{MappedPicture, NewRename, ScannedFile, Stamp};
use crate::library::FileStat;
use crate::library::layout::{FileKind, is_ignored_name, kind_by_extension};
use crate::model::Name;
use crate::overlay::{Operation, Passing, Refusal, Seen};
use crate::phase::follow_rename;

use super::super::caller::Caller;
use super::super::changes::{Changes, Step};
use super::super::errno::Result;
use super::super::handle::FileHandle;
use super::super::index::FolderKey;
use super::super::nodes::{NodeId, ROOT};
use super::super::program::grace_of;
use super::super::written::Wrote;
use super::View;
use super::dir::{Dir, Given, is_dir, now_or_later};

/// One end of a rename.
struct End<'a> {
    dir: &'a Dir,
    name: Name,
}

impl End<'_> {
    fn seen(&self) -> Seen<'_> {
        self.dir.seen(&self.name)
    }
}

/// Where one rename goes.
struct Move<'a> {
    from: End<'a>,
    to: End<'a>,
    flags: RenameFlags,
    caller: Caller,
}

impl<B> View<B> {
    /// Renames, with the flags of `renameat2`. Mappings follow.
    ///
    /// # Errors
    /// Those of the source; `EXDEV` where a mapped picture cannot go, `ENOENT` for what is not seen.
    pub fn rename(
        &self,
        (parent, name): (NodeId, &OsStr),
        (new_parent, new_name): (NodeId, &OsStr),
        flags: RenameFlags,
        caller: Caller,
        changes: Option<&mut Changes>,
    ) -> Result<()> {
        let from = self.dir(parent)?;
        let other = if new_parent == parent { None } else { Some(self.dir(new_parent)?) };
        let (name, new_name) = (Self::parse_name(name)?, Self::parse_name(new_name)?);
        let from_end = End { dir: &from, name };
        let to_end = End { dir: other.as_ref().unwrap_or(&from), name: new_name };
        let plan = Move { from: from_end, to: to_end, flags, caller };
        match plan.from.seen() {
            Seen::Hidden | Seen::Removed(_) => Err(Refusal::Absent.into()),
            Seen::Picture(picture) => self.rename_picture(&plan, picture, now_or_later(changes)?),
            Seen::SourceOrFolder(_) if plan.from.dir.stat(&plan.from.name)?.is_none() => {
                self.rename_folder_of_mappings(&plan, now_or_later(changes)?)
            }
            Seen::Source | Seen::SourceOrFolder(_) | Seen::Written(_) => self.rename_of_source(&plan, changes),
        }
    }

    /// The mapping gets the new name. What the source has there goes to the recycle bin. What is to be another picture, or
    /// one of another item, is copied by the program: so it is a choice.
    fn rename_picture(&self, plan: &Move<'_>, picture: &MappedPicture, changes: &mut Changes) -> Result<()> {
        let (from_key, to) = (plan.from.dir.key()?, &plan.to);
        if plan.flags.intersects(RenameFlags::EXCHANGE | RenameFlags::WHITEOUT) {
            return Err(Errno::INVAL.into());
        }
        let Some(to_key) = to.dir.key.as_ref().filter(|key| key.library == from_key.library) else {
            return Err(Refusal::AnotherFileSystem.into());
        };
        let is_taken = match to.seen() {
            Seen::Picture(other) if other.id == picture.id => return Ok(()),
            Seen::Picture(_) => true,
            Seen::Source | Seen::Written(_) | Seen::SourceOrFolder(_) => to.dir.stat(&to.name)?.is_some(),
            Seen::Hidden | Seen::Removed(_) => false,
        };
        if is_taken && plan.flags.contains(RenameFlags::NOREPLACE) {
            return Err(Refusal::Exists.into());
        }
        if matches!(to.seen(), Seen::SourceOrFolder(_)) {
            return Err(Errno::ISDIR.into());
        }
        let is_anothers = matches!(to.seen(), Seen::Picture(_) | Seen::Written(_) | Seen::Removed(Some(_)));
        let is_here = to_key == from_key;
        if is_anothers || !is_here && !changes.catalog.entities_at(to_key.library, &to_key.folder)?.is_empty() {
            return Err(Refusal::AnotherFileSystem.into());
        }
        if matches!(to.seen(), Seen::Source) {
            self.make_room(to.dir, &to.name, changes)?;
        }
        self.clear_beneath(plan.from.dir, &plan.from.name, changes)?;
        let given = self.given(from_key, plan.caller)?;
        let stamp = stamp(&given, "rename", changes);
        let path = (&to_key.folder, &to.name);
        changes.catalog.move_mapping(picture.id, from_key.library, path, &stamp)?;
        changes.reached(Step::Followed);
        self.moments.clear(to_key, &to.name);
        if is_here {
            // Editors set the old one aside before they write the new one.
            let end = std::time::Instant::now() + grace_of(&given.settings);
            self.moments.set(from_key, &plan.from.name, Passing::Left(picture.id), Some(end));
            self.ticker.wake();
        }
        self.folder_changed(from_key, &[&plan.from.name]);
        self.folder_changed(to_key, &[&to.name]);
        Ok(())
    }

    /// A folder that exists only as mappings: there is nothing to be done in the source.
    fn rename_folder_of_mappings(&self, plan: &Move<'_>, changes: &mut Changes) -> Result<()> {
        let (from, to) = (plan.from.dir.key()?, plan.to.dir.key.as_ref());
        let is_taken = plan.to.dir.stat(&plan.to.name)?.is_some() || !matches!(plan.to.seen(), Seen::Source);
        let Some(to) = to.filter(|to| to.library == from.library && !is_taken && plan.flags.is_empty()) else {
            return Err(Refusal::AnotherFileSystem.into());
        };
        let given = self.given(from, plan.caller)?;
        let rename = new_rename((from, &plan.from.name), (to, &plan.to.name), (true, 0), &given);
        let id = changes.catalog.begin_rename(&rename, changes.now())?;
        let stamp = stamp(&given, "rename", changes);
        follow_rename(&mut changes.catalog, id, &stamp)?;
        self.paths_followed();
        Ok(())
    }

    fn rename_of_source(&self, plan: &Move<'_>, changes: Option<&mut Changes>) -> Result<()> {
        let stat = plan.from.dir.stat(&plan.from.name)?.ok_or(Errno::NOENT)?;
        let concerned = self.concerned(plan, &stat)?;
        let is_plain = concerned.is_none()
            && matches!(plan.from.seen(), Seen::Source | Seen::SourceOrFolder(_))
            && self.is_plain_target(plan, &stat)?;
        if is_plain {
            return self.rename_in_source(plan);
        }
        let changes = now_or_later(changes)?;
        let replaced = self.prepare_target(plan, &stat, changes)?;
        match concerned {
            None => self.rename_in_source(plan)?,
            Some((from, to)) => self.rename_in_step(plan, (&from, &to), &stat, changes)?,
        }
        self.made_in_place(plan.to.dir, &plan.to.name, replaced)?;
        if matches!(plan.from.seen(), Seen::Written(_)) {
            let given = self.given(plan.from.dir.key()?, plan.caller)?;
            self.written_went(plan.from.dir, &plan.from.name, &given, changes)?;
        }
        Ok(())
    }

    /// Whether nothing but the source is concerned at the target.
    fn is_plain_target(&self, plan: &Move<'_>, stat: &Stat) -> Result<bool> {
        if plan.to.dir.fd.is_none() {
            return Ok(false);
        }
        Ok(match plan.to.seen() {
            Seen::Source | Seen::SourceOrFolder(_) => {
                let there = plan.to.dir.stat(&plan.to.name)?;
                let conceals = there.is_some_and(|there| is_dir(&there) && is_dir(stat));
                !conceals || plan.to.dir.key.is_none() || plan.flags.contains(RenameFlags::EXCHANGE)
            }
            Seen::Picture(_) | Seen::Written(_) | Seen::Hidden | Seen::Removed(_) => false,
        })
    }

    /// Makes room at the target of a rename; `Some` when it is the place of a mapped picture.
    fn prepare_target(&self, plan: &Move<'_>, stat: &Stat, changes: &mut Changes) -> Result<Option<Wrote>> {
        let to = &plan.to;
        if to.dir.fd.is_none() {
            self.materialise(to.dir.key()?, plan.caller)?;
            return Err(Errno::STALE.into());
        }
        match to.seen() {
            Seen::Source | Seen::SourceOrFolder(_) => {
                if let (Some(there), Some(key)) = (to.dir.stat(&to.name)?, &to.dir.key)
                    && is_dir(&there)
                    && is_dir(stat)
                    && !plan.flags.contains(RenameFlags::EXCHANGE)
                {
                    self.clear_target_folder(to, &key.join(&to.name), changes)?;
                } else if matches!(to.seen(), Seen::SourceOrFolder(_)) && to.dir.stat(&to.name)?.is_none() {
                    return Err(if is_dir(stat) { Errno::NOTEMPTY } else { Errno::ISDIR }.into());
                }
                Ok(None)
            }
            Seen::Picture(_) if plan.flags.contains(RenameFlags::NOREPLACE) => Err(Refusal::Exists.into()),
            Seen::Picture(_) if is_dir(stat) => Err(Errno::NOTDIR.into()),
            Seen::Picture(_) | Seen::Removed(_) if !plan.flags.is_empty() && plan.flags != RenameFlags::NOREPLACE => {
                Err(Errno::INVAL.into())
            }
            Seen::Written(picture) if to.dir.stat(&to.name)?.is_some() => {
                Ok(Some(self.prepare_to_replace(to.dir, &to.name, picture, plan.caller, changes)?))
            }
            Seen::Picture(_) | Seen::Removed(_) | Seen::Written(_) | Seen::Hidden => {
                self.prepare_in_place(to.dir, &to.name, Operation::Replace, plan.caller, changes)
            }
        }
    }

    fn clear_target_folder(&self, to: &End<'_>, below: &FolderKey, changes: &mut Changes) -> Result<()> {
        let Some(shown) = self.folder(below) else { return Ok(()) };
        shown.may_be_removed()?;
        self.clear_concealed(to.dir, &to.name, below, &shown, Some(changes))
    }

    /// Somebody has moved something in the source, behind the mount: where the catalog knows it, it is to follow.
    pub fn moved_behind(view: &Arc<Self>, from: (FileHandle, &Name), to: (FileHandle, &Name))
    where
        B: Send + Sync + 'static,
    {
        let (Some(queue), true) = (view.changes.get(), view.index.has_libraries()) else { return };
        let (Some(from), Some(to)) = (view.key_behind(from.0, from.1), view.key_behind(to.0, to.1)) else { return };
        let (their_view, job_from, job_to) = (Arc::clone(view), from.clone(), to.clone());
        let _ = queue.submit(move |changes| {
            if let Err(error) = their_view.follow_behind((&job_from, &job_to), changes) {
                tracing::error!(%error, from = %job_from.folder, to = %job_to.folder, "a rename behind the mount is not followed");
            }
        });
    }

    /// Where a folder of the source is in which library, and a name in it.
    fn key_behind(&self, folder: FileHandle, name: &Name) -> Option<FolderKey> {
        let (inode, place) = self.devices.inode_of(folder)?;
        let fd = self.devices.path_fd(&place).ok()?;
        let id = if place.is_same(&self.root) { ROOT } else { self.nodes.number_of(inode, &place) };
        Some(self.index.key(&*self.path_in_view(id, fd.as_fd())?)?.join(name))
    }

    /// By the time that it is its turn, another mount of the same source may have followed, or be at it.
    fn follow_behind(&self, (from, to): (&FolderKey, &FolderKey), changes: &mut Changes) -> Result<()> {
        let Some(path) = self.index.path_in_view(to) else { return Ok(()) };
        let Ok(fd) = self.open_in_source(&path) else { return Ok(()) };
        let stat = fstat(&fd)?;
        let open = changes.catalog.open_renames()?;
        let is_at_work = open.iter().any(|rename| {
            let noted = &rename.noted;
            (noted.library, &noted.source, &noted.target) == (from.library, &from.folder, &to.folder)
        });
        if is_at_work || self.inode_at(from).is_some() || !self.is_followed((from, to), is_dir(&stat), false)? {
            return Ok(());
        }
        let noted = NewRename {
            library: from.library,
            source: from.folder.clone(),
            target: to.folder.clone(),
            is_folder: is_dir(&stat),
            inode: stat.st_ino,
            author: "behind the mount".to_owned(),
        };
        let id = changes.catalog.begin_rename(&noted, changes.now())?;
        let reason = "rename behind the mount".to_owned();
        let stamp = Stamp { author: noted.author, reason, now: changes.now() };
        follow_rename(&mut changes.catalog, id, &stamp)?;
        self.moments.clear_below(from);
        self.paths_followed();
        Ok(())
    }

    /// The two paths, when the catalog knows something of what is renamed and is to follow it. What goes where no film is
    /// ever looked for (out of the library, a recycle bin) leaves: its artwork waits for it to come back.
    fn concerned(&self, plan: &Move<'_>, stat: &Stat) -> Result<Option<(FolderKey, FolderKey)>> {
        let Some(to) = plan.to.dir.key.as_ref().map(|to| to.join(&plan.to.name)) else { return Ok(None) };
        let is_exchange = plan.flags.contains(RenameFlags::EXCHANGE);
        if let Some(from) = plan.from.dir.key.as_ref().map(|from| from.join(&plan.from.name))
            && self.is_followed((&from, &to), is_dir(stat), is_exchange)?
        {
            return Ok(Some((from, to)));
        }
        let former = if is_exchange || is_dir(stat) { None } else { self.known_as(plan, &to)? };
        Ok(former.map(|former| (former, to)))
    }

    /// Where a video that comes from a place where none is looked for was known last: managers change the case of a name in
    /// two steps, by way of `Film.mkv.backup~`. `None` when something is there now.
    fn known_as(&self, plan: &Move<'_>, to: &FolderKey) -> Result<Option<FolderKey>> {
        if is_out_of_sight(to) || !is_video(to) {
            return Ok(None);
        }
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(plan.from.dir.fd()?, plan.from.name.as_os_str(), flags, Mode::empty())?;
        let Ok(stat) = FileStat::of(file.as_fd()) else { return Ok(None) };
        let Some(born_ns) = stat.born() else { return Ok(None) };
        let known = self.index.video_of_file(to.library, ScannedFile { inode: stat.inode, born_ns })?;
        let former = known.map(|folder| FolderKey { library: to.library, folder });
        Ok(former.filter(|former| former != to && self.inode_at(former).is_none()))
    }

    fn is_followed(&self, (from, to): (&FolderKey, &FolderKey), is_folder: bool, is_exchange: bool) -> Result<bool> {
        let leaves = from.library != to.library || is_out_of_sight(to) && !self.is_of_artwork(from);
        if leaves || !(is_folder || is_video(from) && is_video(to)) {
            return Ok(false);
        }
        Ok(self.index.concerns(from, is_folder)? || is_exchange && self.index.concerns(to, is_folder)?)
    }

    /// Whether it is a folder for artwork alone, also where the source has it: no film is looked for in any, so none leaves.
    fn is_of_artwork(&self, key: &FolderKey) -> bool {
        let Some((parent, name)) = key.folder.split_last() else { return false };
        let above = self.folder(&FolderKey { library: key.library, folder: parent });
        above.is_some_and(|above| above.folder_of_mappings(&name).is_some())
    }

    fn rename_in_step(
        &self,
        plan: &Move<'_>,
        (from, to): (&FolderKey, &FolderKey),
        stat: &Stat,
        changes: &mut Changes,
    ) -> Result<()> {
        let given = self.given(from, plan.caller)?;
        let noted = NewRename {
            library: from.library,
            source: from.folder.clone(),
            target: to.folder.clone(),
            is_folder: is_dir(stat),
            inode: stat.st_ino,
            author: given.program.to_string(),
        };
        let id = changes.catalog.begin_rename(&noted, changes.now())?;
        changes.reached(Step::Noted);
        if let Err(error) = self.rename_in_source(plan) {
            changes.catalog.drop_rename(id)?;
            return Err(error);
        }
        changes.reached(Step::Done);
        let stamp = stamp(&given, "rename", changes);
        if let Err(error) = follow_rename(&mut changes.catalog, id, &stamp) {
            // It has happened. What is noted is followed at the next start.
            tracing::error!(%error, from = %from.folder, to = %to.folder, "the catalog does not follow a rename yet");
        }
        changes.reached(Step::Followed);
        self.moments.clear_below(from);
        self.paths_followed();
        Ok(())
    }

    fn rename_in_source(&self, plan: &Move<'_>) -> Result<()> {
        let (from, to) = (plan.from.dir.fd()?, plan.to.dir.fd()?);
        let (name, new_name) = (plan.from.name.as_os_str(), plan.to.name.as_os_str());
        let replaces = !plan.flags.intersects(RenameFlags::EXCHANGE | RenameFlags::NOREPLACE);
        let doomed = if replaces { self.doomed(to, new_name) } else { None };
        renameat_with(from, name, to, new_name, plan.flags)?;
        self.keep(doomed);
        let is_folder =
            |fd, name| statat(fd, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| is_dir(&stat));
        if is_folder(to, new_name) || plan.flags.contains(RenameFlags::EXCHANGE) && is_folder(from, name) {
            self.folder_moved();
        }
        Ok(())
    }

    /// The catalog has other paths now.
    pub(in super::super) fn paths_followed(&self) {
        self.index.forget_folders();
        self.folder_moved();
    }

    /// A folder has another path now, and everything below it: mappings go by path.
    pub(in super::super) fn folder_moved(&self) {
        self.nodes.void_paths();
        if self.index.has_libraries() {
            self.notices.push(super::super::notify::Stale::Everything);
        }
    }

    /// The inode number of what the source has at a path of a library; `None` when it has nothing there.
    pub(in super::super) fn inode_at(&self, key: &FolderKey) -> Option<u64> {
        let fd = self.open_in_source(&self.index.path_in_view(key)?).ok()?;
        Some(fstat(fd.as_fd()).ok()?.st_ino)
    }
}

/// Whether nothing is ever looked for there.
fn is_out_of_sight(key: &FolderKey) -> bool {
    key.folder.components().any(|name| is_ignored_name(&name))
}

fn is_video(key: &FolderKey) -> bool {
    key.folder.name().is_some_and(|name| kind_by_extension(name.as_bytes()) == FileKind::Video)
}

fn new_rename(
    (from, name): (&FolderKey, &Name),
    (to, new_name): (&FolderKey, &Name),
    (is_folder, inode): (bool, u64),
    given: &Given,
) -> NewRename {
    let (source, target) = (from.folder.join(name), to.folder.join(new_name));
    NewRename { library: from.library, source, target, is_folder, inode, author: given.program.to_string() }
}

/// What the history tells of a change that a program makes.
pub(super) fn stamp(given: &Given, what: &str, changes: &Changes) -> Stamp {
    Stamp { author: given.program.to_string(), reason: format!("{what} by {}", given.program.name), now: changes.now() }
}
