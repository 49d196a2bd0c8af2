//! Which file system a request goes to: what is mounted below the source may hang while the source itself does not.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use crate::model::{Name, RelPath};

use super::super::gate::{Gate, Scope};
use super::super::nodes::{NodeId, ROOT};
use super::View;

/// Marks the scope of a door that nobody has been behind: no file system has such a number.
const DOOR: u64 = 1 << 63;

/// The paths below the source where something is mounted, by what the mount table says: so they are known before any of it is
/// looked at. Looking up such a name waits for what is mounted there, and not for the folder it is in.
#[derive(Debug, Default)]
pub struct Doors {
    /// Nearly always: then nothing is locked.
    is_any: AtomicBool,
    /// Locked for a moment.
    paths: RwLock<HashSet<RelPath>>,
}

impl Doors {
    /// The mount table says so now.
    pub fn set(&self, paths: &[PathBuf]) {
        let paths: HashSet<_> =
            paths.iter().filter_map(|path| RelPath::parse(path.as_os_str().as_bytes()).ok()).collect();
        self.is_any.store(!paths.is_empty(), Ordering::Release);
        *self.paths.write() = paths;
    }

    fn is_any(&self) -> bool {
        self.is_any.load(Ordering::Acquire)
    }

    /// The door that a path leads through, if there is one; of several the innermost.
    fn on_the_way(&self, path: &RelPath) -> Option<RelPath> {
        let paths = self.paths.read();
        let mut at = path.clone();
        loop {
            if paths.contains(&at) {
                return Some(at);
            }
            at = at.parent()?;
        }
    }
}

/// That of a door behind which nobody has been yet.
fn scope_of_closed(path: &RelPath) -> Scope {
    let mut hasher = DefaultHasher::new();
    path.as_path().hash(&mut hasher);
    Scope(DOOR | hasher.finish())
}

impl<B> View<B> {
    /// Where requests wait for the source.
    #[must_use]
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// What is mounted below the source.
    #[must_use]
    pub fn doors(&self) -> &Doors {
        &self.doors
    }

    /// The file system that requests on this node go to.
    #[must_use]
    pub fn scope_of(&self, id: NodeId) -> Scope {
        self.nodes.scope(id).unwrap_or(Scope::OWN)
    }

    /// What is looked at under a name in a folder, when something is mounted there.
    pub(super) fn door_at(&self, parent: NodeId, name: &OsStr) -> Option<Scope> {
        if !self.doors.is_any() {
            return None;
        }
        let name = Name::parse(name.as_bytes()).ok()?;
        let path = match parent {
            ROOT => RelPath::root().join(&name),
            _ => self.nodes.path(parent).1?.join(&name),
        };
        let is_door = self.doors.paths.read().contains(&path);
        is_door.then(|| self.scope_of_door(&path))
    }

    /// What is behind a door: what is asked for there goes to the same file system as what comes to it this way.
    fn scope_of_door(&self, path: &RelPath) -> Scope {
        self.devices.mount_at(path.as_path()).map_or_else(|| scope_of_closed(path), Scope)
    }

    /// What is looked at on a path beneath the source.
    pub(super) fn scope_on_the_way(&self, path: &RelPath) -> Scope {
        if !self.doors.is_any() {
            return Scope::OWN;
        }
        self.doors.on_the_way(path).map_or(Scope::OWN, |door| self.scope_of_door(&door))
    }

    /// What does not answer, as users know it, and for how many seconds.
    #[must_use]
    pub fn silent(&self) -> Vec<(PathBuf, u64)> {
        let silent = self.gate.silent().into_iter();
        silent.map(|(scope, since)| (self.path_of_scope(scope), since.as_secs())).collect()
    }

    fn path_of_scope(&self, scope: Scope) -> PathBuf {
        let door = || self.doors.paths.read().iter().find(|path| scope_of_closed(path) == scope).cloned();
        match door() {
            Some(path) => self.shown_path(&path),
            None => {
                let path = self.devices.path_of_mount(scope.0).filter(|path| !path.as_os_str().is_empty());
                path.map_or_else(|| self.shown_as.clone(), |path| self.shown_as.join(path))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_through_the_innermost_door() {
        let doors = Doors::default();
        let path = |text: &str| RelPath::parse(text.as_bytes()).unwrap();
        assert!(!doors.is_any() && doors.on_the_way(&path("nas/film")).is_none());
        doors.set(&["nas".into(), "nas/deep/er".into()]);
        assert!(doors.is_any());
        assert_eq!(doors.on_the_way(&path("nas/film")), Some(path("nas")));
        assert_eq!(doors.on_the_way(&path("nas/deep")), Some(path("nas")));
        assert_eq!(doors.on_the_way(&path("nas/deep/er/x")), Some(path("nas/deep/er")));
        assert_eq!(doors.on_the_way(&path("local/film")), None);
        assert_eq!(doors.on_the_way(&RelPath::root()), None);
        doors.set(&[]);
        assert!(!doors.is_any());
    }
}
