//! A folder as requests meet it: what the source has of it, and what the mappings make of it.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Stat, statat};
use rustix::io::Errno;

use crate::catalog::{Program, WriteAction};
use crate::config::WriteSettings;
use crate::model::{FolderId, Name, ProgramKind, RelPath};
use crate::overlay::{Action, Circumstances, Folder, Operation, Passing, Refusal, Seen, Subject, decide};

use super::super::caller::Caller;
use super::super::changes::Changes;
use super::super::errno::{RequestError, Result};
use super::super::index::FolderKey;
use super::super::nodes::{NodeId, folder_node_id};
use super::super::notify::Stale;
use super::super::place::PathFd;
use super::super::program::{LOG, grace_of, program_of};
use super::{Target, View};

/// See the module.
#[derive(Debug)]
pub(super) struct Dir {
    /// The folder of the source; `None` for one of mappings only.
    pub fd: Option<PathFd>,
    /// Where it is in which library; `None` outside of all.
    pub key: Option<FolderKey>,
    /// What the mappings make of it.
    pub folder: Option<Arc<Folder>>,
}

/// Who changes something, and what the library's settings say to it.
#[derive(Debug)]
pub(super) struct Given {
    pub settings: Arc<WriteSettings>,
    pub program: Program,
    pub kind: ProgramKind,
}

impl Dir {
    /// What is seen under the name.
    pub fn seen(&self, name: &Name) -> Seen<'_> {
        self.folder.as_ref().map_or(Seen::Source, |folder| folder.at(name))
    }

    /// The folder of the source.
    ///
    /// # Errors
    /// `EROFS` for a folder of mappings only.
    pub fn fd(&self) -> Result<BorrowedFd<'_>> {
        Ok(self.fd.as_ref().ok_or(Refusal::ReadOnly)?.as_fd())
    }

    /// The library's folder. Only asked where the mappings have a say, which is in libraries only.
    pub fn key(&self) -> Result<&FolderKey> {
        Ok(self.key.as_ref().ok_or(Refusal::ReadOnly)?)
    }

    /// What the source has under the name; `None` when it has nothing.
    pub fn stat(&self, name: &Name) -> Result<Option<Stat>> {
        let Some(fd) = &self.fd else { return Ok(None) };
        match statat(fd.as_fd(), name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl FolderKey {
    /// The path of an entry of this folder.
    pub(super) fn join(&self, name: &Name) -> Self {
        Self { library: self.library, folder: self.folder.join(name) }
    }
}

/// Whether it is a folder.
pub(super) fn is_dir(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

/// The thread that makes changes, or the word that it is to do it.
pub(super) fn now_or_later(changes: Option<&mut Changes>) -> Result<&mut Changes> {
    changes.ok_or(RequestError::Later)
}

impl<B> View<B> {
    /// A folder of the view.
    pub(super) fn dir(&self, id: NodeId) -> Result<Dir> {
        match self.target(id)? {
            Target::Picture(_) => Err(Errno::NOTDIR.into()),
            Target::Folder(folder) => self.dir_of_mappings(folder),
            Target::Source(place) => {
                let fd = self.devices.path_fd(&place)?;
                if !self.index.has_libraries() {
                    return Ok(Dir { fd: Some(fd), key: None, folder: None });
                }
                let key = self.path_in_view(id, fd.as_fd()).and_then(|path| self.index.key(&path));
                let folder = key.as_ref().and_then(|key| self.folder(key));
                Ok(Dir { fd: Some(fd), key, folder })
            }
        }
    }

    /// A folder of mappings. When it has been made in the source meanwhile, that is the folder now, and the kernel has to
    /// look again.
    fn dir_of_mappings(&self, id: FolderId) -> Result<Dir> {
        let (key, _) = self.index.synthetic_folder(id)?.ok_or(Errno::STALE)?;
        let folder = self.folder(&key);
        Ok(Dir { fd: None, key: Some(key), folder })
    }

    /// What the mappings make of a folder at this moment. A catalog that cannot be read makes nothing of it: the source
    /// stays usable, and the trouble is shown by `status`.
    pub(super) fn folder(&self, key: &FolderKey) -> Option<Arc<Folder>> {
        let folder = match self.index.folder(key) {
            Ok(folder) => folder?,
            Err(error) => {
                self.stats.degrade(&error);
                return None;
            }
        };
        Some(match self.moments.of(key) {
            None => folder,
            Some(moment) => Arc::new(folder.at_moment(moment)),
        })
    }

    /// Libraries have come, gone, or have other names: settings go by these.
    pub fn libraries_changed(&self) {
        self.rules.forget();
    }

    /// What a library's settings say to this caller.
    pub(super) fn given(&self, key: &FolderKey, caller: Caller) -> Result<Given> {
        let settings = self.rules.of(key.library, &self.index)?;
        let (program, kind) = program_of(caller, &settings);
        Ok(Given { settings, program, kind })
    }

    /// What is to be done, by the table. Every change of what the mappings show is logged here.
    pub(super) fn decide(
        &self,
        operation: Operation,
        (key, name): (&FolderKey, &Name),
        seen: Seen<'_>,
        given: &Given,
        changes: Option<&Changes>,
    ) -> Result<Action> {
        let is_locked = |picture: &crate::catalog::MappedPicture| -> Result<bool> {
            let changes = changes.ok_or(RequestError::Later)?;
            Ok(changes.catalog.has_lock_in_force(picture.entity, &picture.image_type.to_string())?)
        };
        // Only what decides on a write asks for locks, and only the thread that makes changes may.
        let asks = matches!(operation, Operation::Write | Operation::Replace | Operation::Make);
        let locked = |picture| if asks { is_locked(picture) } else { Ok(false) };
        let subject = match seen {
            Seen::Source => Subject::Source,
            Seen::Picture(picture) => Subject::Picture { is_locked: locked(picture)? },
            Seen::Written(picture) => Subject::Written { is_locked: locked(picture)? },
            Seen::Removed(Some(picture)) => Subject::Removed { is_locked: locked(picture)? },
            Seen::Removed(None) | Seen::SourceOrFolder(_) => Subject::Folder,
            Seen::Hidden => Subject::HiddenOriginal,
        };
        let circumstances = Circumstances {
            on_write: given.settings.on_write,
            managers_write: given.settings.on_write_by_managers,
            on_delete: given.settings.on_delete,
            program: given.kind,
        };
        let action = decide(operation, subject, circumstances);
        if subject != Subject::Source && operation != Operation::SetAttributes {
            let Program { name: program, uid } = &given.program;
            let path = key.folder.join(name);
            tracing::info!(target: LOG, %path, ?operation, ?action, program, uid, "a program changes the view");
        }
        Ok(action)
    }

    /// A name that showed something is gone for the grace period.
    pub(super) fn hide(&self, dir: &Dir, name: &Name, given: &Given) -> Result<()> {
        let key = dir.key()?;
        let mapping = dir.folder.as_ref().and_then(|folder| folder.mapped(name)).map(|picture| picture.id);
        let end = std::time::Instant::now() + grace_of(&given.settings);
        self.moments.set(key, name, Passing::Removed(mapping), Some(end));
        self.moments.prolong(key, end);
        self.ticker.wake();
        Ok(())
    }

    /// Something of the source was removed in a folder: what was removed there before stays away.
    pub(super) fn something_was_removed(&self, dir: &Dir) {
        if let Some(key) = &dir.key
            && self.moments.of(key).is_some()
            && let Ok(settings) = self.rules.of(key.library, &self.index)
        {
            self.moments.prolong(key, std::time::Instant::now() + grace_of(&settings));
        }
    }

    /// What is known of a folder's mappings is no longer so: drops it here, then in the kernel.
    pub(in super::super) fn folder_changed(&self, key: &FolderKey, names: &[&Name]) {
        self.index.drop_folders(std::slice::from_ref(key));
        self.name_changed(key, names);
    }

    /// What names mean in a folder is no longer so, nor is its listing.
    pub(in super::super) fn name_changed(&self, key: &FolderKey, names: &[&Name]) {
        let Some(node) = self.folder_node(key).filter(|node| self.nodes.contains(*node)) else { return };
        names.iter().for_each(|name| self.notices.push(Stale::Entry(node, (*name).clone())));
        self.notices.push(Stale::Inode(node));
    }

    /// The number of a folder of a library, if it is in the view.
    pub(in super::super) fn folder_node(&self, key: &FolderKey) -> Option<NodeId> {
        let path = self.index.path_in_view(key)?;
        if let Some(node) = self.source_node_at(&path) {
            return Some(node);
        }
        let (parent, name) = key.folder.split_last()?;
        let above = self.folder(&FolderKey { library: key.library, folder: parent })?;
        above.folder_of_mappings(&name).map(|folder| folder_node_id(folder.id))
    }

    /// Where something is, as users know it: for records only, never to open it.
    pub(in super::super) fn shown_path(&self, path: &RelPath) -> PathBuf {
        self.shown_as.join(path.as_path())
    }

    /// The same of an entry of a folder.
    pub(super) fn shown_entry(&self, key: &FolderKey, name: &Name) -> PathBuf {
        let path = self.index.path_in_view(key).unwrap_or_else(|| key.folder.clone());
        self.shown_path(&path.join(name))
    }
}

/// What a write becomes.
pub(super) fn write_action(action: Action) -> Option<WriteAction> {
    match action {
        Action::Adopt => Some(WriteAction::Adopt),
        Action::Capture => Some(WriteAction::Capture),
        _ => None,
    }
}
