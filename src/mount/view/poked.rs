//! What the poking thread asks, see [`crate::mount::poke`].

use std::time::SystemTime;

use crate::model::{Name, UnixSeconds};
use crate::overlay::Seen;

use super::super::attr::{Attr, Owner};
use super::super::errno::Result;
use super::super::nodes::{GHOST, NodeId};
use super::super::poke::PokeGate;
use super::View;
use super::dir::is_dir;

impl<B> View<B> {
    /// Which thread pokes, and what it is at.
    #[must_use]
    pub fn poke_gate(&self) -> &PokeGate {
        &self.poke_gate
    }

    /// The attributes of a name that is removed only for its watchers.
    #[must_use]
    pub fn ghost() -> Attr {
        let since = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        let time = UnixSeconds::new(i64::try_from(since).unwrap_or(0));
        Attr::of_picture(GHOST, 0, time, Owner { uid: 0, gid: 0 })
    }

    /// Whether a folder (`Some(true)`), anything else (`Some(false)`), or nothing is seen under the name in that folder.
    /// The kernel is not told of it.
    ///
    /// # Errors
    /// Those of the source; `ESTALE` when the folder is gone.
    pub fn shows(&self, folder: NodeId, name: &Name) -> Result<Option<bool>> {
        let dir = self.dir(folder)?;
        match dir.seen(name) {
            Seen::Picture(_) => Ok(Some(false)),
            Seen::SourceOrFolder(_) => Ok(Some(true)),
            Seen::Hidden | Seen::Removed(_) => Ok(None),
            Seen::Source | Seen::Written(_) => Ok(dir.stat(name)?.as_ref().map(is_dir)),
        }
    }

    /// The first picture that mappings show in the folder.
    #[must_use]
    pub fn first_picture_in(&self, folder: NodeId) -> Option<Name> {
        let seen = self.dir(folder).ok()?.folder;
        seen?.pictures().next().map(|picture| picture.name.clone())
    }
}
