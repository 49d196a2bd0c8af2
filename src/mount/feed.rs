//! Following the catalog's change feed, so that what any process publishes is seen through the mount at once.
//!
//! One thread asks the catalog whether another connection has changed it: when nudged, and else four times a second
//! (one number, no table is read). It then drops what the index holds of the changed folders and *after that* tells
//! the kernel, so whoever asks again gets the new state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::catalog::{Catalog, CatalogError, Change, Changes, Library};
use crate::model::{GenerationId, Name, SystemClock};
use crate::overlay::{Folder, Seen};
use crate::phase::{PhaseError, ViewCatalog};

use super::index::FolderKey;
use super::nodes::{NodeId, folder_node_id};
use super::notify::Stale;
use super::poke::{Poke, Touched};
use super::view::View;

/// How often the catalog is asked when nobody nudges: well within the promised second.
const POLL: Duration = Duration::from_millis(250);
/// Changes taken from the feed at once.
const BATCH: u32 = 10_000;
/// With more changed folders than this at once, the kernel is told to look everything up anew instead of being told
/// every name.
const FOLDERS_BY_NAME_MAX: usize = 2_000;

/// What is followed.
#[derive(Debug)]
pub struct Follow {
    /// The catalog that the view reads.
    pub catalog: Catalog,
    /// What brings it up to date, when it is derived from the state's.
    pub view_catalog: Option<ViewCatalog>,
}

/// The thread that follows the feed; it ends when this is dropped.
#[derive(Debug)]
pub struct Feed {
    nudges: Option<Sender<Sender<()>>>,
    thread: Option<JoinHandle<()>>,
}

impl Feed {
    /// Begins to follow, from the present state of the catalog. Folders that change are put into `pokes`.
    ///
    /// # Errors
    /// When the catalog cannot be read or the thread not be made.
    pub fn start<B: Send + Sync + 'static>(
        follow: Follow,
        view: Arc<View<B>>,
        pokes: Option<Sender<Poke>>,
    ) -> std::io::Result<Self> {
        let follower = Follower::new(follow, view, pokes).map_err(std::io::Error::other)?;
        let (nudges, nudged) = channel();
        let thread = super::threads::spawn("feed", move || follower.run(&nudged))?;
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
    view_catalog: Option<ViewCatalog>,
    view: Arc<View<B>>,
    version: i64,
    seq: i64,
    libraries: Vec<Library>,
    pokes: Option<Sender<Poke>>,
}

impl<B: Send + Sync + 'static> Follower<B> {
    fn new(follow: Follow, view: Arc<View<B>>, pokes: Option<Sender<Poke>>) -> Result<Self, CatalogError> {
        let Follow { catalog, view_catalog } = follow;
        let (version, seq, libraries) = (catalog.data_version()?, catalog.last_change()?, catalog.libraries()?);
        Ok(Self { catalog, view_catalog, view, version, seq, libraries, pokes })
    }

    fn run(mut self, nudged: &Receiver<Sender<()>>) {
        loop {
            let waiting = match nudged.recv_timeout(POLL) {
                Ok(waiting) => Some(waiting),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            match self.derive().and_then(|()| Ok(self.look()?)) {
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

    /// Brings a catalog of the view's own up to date.
    fn derive(&mut self) -> Result<(), PhaseError> {
        self.view_catalog.as_mut().map_or(Ok(()), |catalog| catalog.refresh(&SystemClock))
    }

    fn look(&mut self) -> Result<(), CatalogError> {
        let version = self.catalog.data_version()?;
        if version == self.version {
            return Ok(());
        }
        let libraries = self.catalog.libraries()?;
        if libraries != self.libraries {
            self.view.index().reload_libraries()?;
            self.view.libraries_changed();
            self.view.notices().push(Stale::Everything);
            self.libraries = libraries;
        }
        loop {
            let changes = match self.catalog.changes_since(self.seq, BATCH)? {
                Changes::Known(changes) => changes,
                Changes::Forgotten { last } => {
                    // We were stopped for long. Whoever watches folders hears of them when they change the next time.
                    self.view.index().reload_libraries()?;
                    self.view.notices().push(Stale::Everything);
                    self.seq = last;
                    continue;
                }
            };
            let Some(last) = changes.last() else { break };
            self.seq = last.seq;
            self.announce(&changed_folders(changes))?;
        }
        self.version = version;
        Ok(())
    }

    /// Drops what is held of the folders here, then in the kernel.
    fn announce(&self, changed: &[(FolderKey, Option<GenerationId>)]) -> Result<(), CatalogError> {
        let before = self.view.index().drop_folders(changed.iter().map(|(key, _)| key));
        let is_bulk = changed.len() > FOLDERS_BY_NAME_MAX;
        for ((key, since), before) in changed.iter().zip(before) {
            let Some(node) = self.node_of(key) else { continue };
            let names = if is_bulk { BTreeSet::new() } else { self.names(key, before.as_deref())? };
            names.iter().for_each(|name| self.view.notices().push(Stale::Entry(node, name.clone())));
            self.view.notices().push(Stale::Inode(node));
            let differing = if is_bulk { Vec::new() } else { self.differing(key, *since, before.as_deref(), names)? };
            self.poke(key, differing);
        }
        if is_bulk {
            self.view.notices().push(Stale::Everything);
        }
        Ok(())
    }

    /// Has whoever watches the folder told.
    fn poke(&self, key: &FolderKey, names: Vec<Touched>) {
        let (Some(pokes), Some(folder)) = (&self.pokes, self.view.index().path_in_view(key)) else { return };
        // Nobody pokes any more when the mount is about to end.
        let _ = pokes.send(Poke { folder, names });
    }

    /// Those of `names` that mean something else now, and whether they showed a picture before.
    fn differing(
        &self,
        key: &FolderKey,
        since: Option<GenerationId>,
        before: Option<&Folder>,
        names: BTreeSet<Name>,
    ) -> Result<Vec<Touched>, CatalogError> {
        let Some(before) = before else {
            // What was never looked at is not known: then what the generation touched.
            let names = self.catalog.names_touched(key.library, &key.folder, since)?;
            return Ok(names.into_iter().map(|name| (name, false)).collect());
        };
        let after = self.view.index().folder(key)?;
        let differs = |name: &Name| {
            let seen_after = after.as_deref().map_or(Seen::Source, |after| after.at(name));
            !before.at(name).is_same(&seen_after)
        };
        let was_picture = |name: &Name| matches!(before.at(name), Seen::Picture(_));
        Ok(names.into_iter().filter(differs).map(|name| (name.clone(), was_picture(&name))).collect())
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

/// Every folder once, with the generation before the first one that changed it; none when a scan did.
fn changed_folders(changes: Vec<Change>) -> Vec<(FolderKey, Option<GenerationId>)> {
    let mut changed = BTreeMap::new();
    for Change { library, folder, generation, .. } in changes {
        let before = generation.map(|generation| GenerationId::new(generation.get() - 1));
        changed.entry((library, folder)).or_insert(before);
    }
    changed.into_iter().map(|((library, folder), before)| (FolderKey { library, folder }, before)).collect()
}
