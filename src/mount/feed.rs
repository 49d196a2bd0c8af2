//! Following the catalog's change feed, so that what any process publishes is seen through the mount at once.
//!
//! One thread asks the catalog whether another connection has changed it: when nudged, and else four times a second
//! (one number, no table is read). It then drops what the index holds of the changed folders and *after that* tells
//! the kernel, so whoever asks again gets the new state.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::catalog::{Catalog, CatalogError, Library};
use crate::model::Name;
use crate::overlay::Folder;

use super::index::FolderKey;
use super::nodes::{NodeId, folder_node_id};
use super::notify::Stale;
use super::view::View;

/// How often the catalog is asked when nobody nudges: well within the promised second.
const POLL: Duration = Duration::from_millis(250);
/// Changes taken from the feed at once.
const BATCH: u32 = 10_000;
/// With more changed folders than this at once, the kernel is told to look everything up anew instead of being told
/// every name.
const FOLDERS_BY_NAME_MAX: usize = 2_000;

/// The thread that follows the feed; it ends when this is dropped.
#[derive(Debug)]
pub struct Feed {
    nudges: Option<Sender<Sender<()>>>,
    thread: Option<JoinHandle<()>>,
}

impl Feed {
    /// Begins to follow, from the present state of the catalog.
    ///
    /// # Errors
    /// When the catalog cannot be read or the thread not be made.
    pub fn start<B: Send + Sync + 'static>(catalog: Catalog, view: Arc<View<B>>) -> std::io::Result<Self> {
        let follower = Follower::new(catalog, view).map_err(std::io::Error::other)?;
        let (nudges, nudged) = channel();
        let thread = std::thread::Builder::new().name("feed".to_owned()).spawn(move || follower.run(&nudged))?;
        Ok(Self { nudges: Some(nudges), thread: Some(thread) })
    }

    /// Has the catalog looked at now. The end of what it returns gets a line when that is done.
    pub fn nudge(&self) -> Receiver<()> {
        let (done, when_done) = channel();
        if let Some(nudges) = &self.nudges {
            let _ = nudges.send(done);
        }
        when_done
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.nudges = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Follower<B> {
    catalog: Catalog,
    view: Arc<View<B>>,
    version: i64,
    seq: i64,
    libraries: Vec<Library>,
}

impl<B: Send + Sync + 'static> Follower<B> {
    fn new(catalog: Catalog, view: Arc<View<B>>) -> Result<Self, CatalogError> {
        let (version, seq, libraries) = (catalog.data_version()?, catalog.last_change()?, catalog.libraries()?);
        Ok(Self { catalog, view, version, seq, libraries })
    }

    fn run(mut self, nudged: &Receiver<Sender<()>>) {
        loop {
            let waiting = match nudged.recv_timeout(POLL) {
                Ok(waiting) => Some(waiting),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            match self.look() {
                Ok(()) => self.recovered(),
                Err(error) => self.view.stats().degrade(&error),
            }
            if let Some(waiting) = waiting {
                let _ = waiting.send(());
            }
        }
    }

    /// What was asked for while the catalog could not be read was answered from the source alone.
    fn recovered(&self) {
        if self.view.stats().recover() {
            self.view.notices().push(Stale::Everything);
        }
    }

    fn look(&mut self) -> Result<(), CatalogError> {
        let version = self.catalog.data_version()?;
        if version == self.version {
            return Ok(());
        }
        let libraries = self.catalog.libraries()?;
        if libraries != self.libraries {
            self.view.index().reload_libraries()?;
            self.view.notices().push(Stale::Everything);
            self.libraries = libraries;
        }
        loop {
            let changes = self.catalog.changes_since(self.seq, BATCH)?;
            let Some(last) = changes.last() else { break };
            self.seq = last.seq;
            let keys: BTreeSet<_> = changes.into_iter().map(|change| (change.library, change.folder)).collect();
            let keys: Vec<_> = keys.into_iter().map(|(library, folder)| FolderKey { library, folder }).collect();
            self.announce(&keys)?;
        }
        self.version = version;
        Ok(())
    }

    /// Drops what is held of the folders here, then in the kernel.
    fn announce(&self, keys: &[FolderKey]) -> Result<(), CatalogError> {
        let before = self.view.index().drop_folders(keys);
        let is_bulk = keys.len() > FOLDERS_BY_NAME_MAX;
        for (key, before) in keys.iter().zip(before) {
            let Some(node) = self.node_of(key) else { continue };
            if !is_bulk {
                for name in self.names(key, before.as_deref())? {
                    self.view.notices().push(Stale::Entry(node, name));
                }
            }
            self.view.notices().push(Stale::Inode(node));
        }
        if is_bulk {
            self.view.notices().push(Stale::Everything);
        }
        Ok(())
    }

    /// Every name of the folder that may mean something else now.
    fn names(&self, key: &FolderKey, before: Option<&Folder>) -> Result<BTreeSet<Name>, CatalogError> {
        let mut names: BTreeSet<Name> = before.into_iter().flat_map(Folder::names).cloned().collect();
        names.extend(self.catalog.names_touched(key.library, &key.folder, None)?);
        Ok(names)
    }

    /// The node of a folder, if the kernel may hold anything of it.
    fn node_of(&self, key: &FolderKey) -> Option<NodeId> {
        let path = self.view.index().path_in_view(key)?;
        let node = match self.view.source_node_at(&path) {
            Some(node) => node,
            None => folder_node_id(self.catalog.folder_mappings(key.library, &key.folder).ok()??.id),
        };
        self.view.nodes().contains(node).then_some(node)
    }
}
