//! What holds for a while only: names that a program removed and that come back, pictures that are lost.
//!
//! None of it is in the catalog. A kill ends every grace period early, which is the safe side.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::model::{ContentHash, MappingId, Name};
use crate::overlay::{Moment, Passing};

use super::index::FolderKey;

/// See the module. The lock is a leaf, taken for a moment.
#[derive(Debug, Default)]
pub struct Moments {
    state: Mutex<State>,
    /// How many folders and pictures are concerned: mostly none, and then no lock is taken.
    count: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    folders: HashMap<FolderKey, FolderState>,
    /// Lost pictures, and the size in bytes that each should have.
    lost: BTreeMap<ContentHash, u64>,
}

#[derive(Debug, Default)]
struct FolderState {
    /// When each name is as before; `None` when something else ends it.
    ends: BTreeMap<Name, Option<Instant>>,
    moment: Arc<Moment>,
}

impl Moments {
    /// How a folder is at this moment; `None` when there is nothing special about it.
    #[must_use]
    pub fn of(&self, key: &FolderKey) -> Option<Arc<Moment>> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let state = self.state.lock();
        match state.folders.get(key) {
            Some(folder) => Some(Arc::clone(&folder.moment)),
            None if state.lost.is_empty() => None,
            None => Some(Arc::new(Moment { lost: state.lost_hashes(), ..Moment::default() })),
        }
    }

    /// A name looks different until `end`. Whatever was removed in this folder, or in one above, stays away as long as
    /// programs go on removing: a walk must not meet what it has removed.
    pub fn set(&self, key: &FolderKey, name: &Name, passing: Passing, end: Option<Instant>) {
        let mut state = self.state.lock();
        let lost = state.lost_hashes();
        let folder = state.folders.entry(key.clone()).or_default();
        folder.ends.insert(name.clone(), end);
        let moment = Arc::make_mut(&mut folder.moment);
        moment.names.insert(name.clone(), passing);
        moment.lost = lost;
        self.recount(&state);
    }

    /// Something was removed in this folder: what was removed there and above stays away that long from now.
    pub fn prolong(&self, key: &FolderKey, end: Instant) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut state = self.state.lock();
        for (other, folder) in &mut state.folders {
            if other.library == key.library && key.folder.strip_prefix(&other.folder).is_some() {
                folder.ends.values_mut().flatten().for_each(|known| *known = end.max(*known));
            }
        }
    }

    /// The name is as the catalog says.
    pub fn clear(&self, key: &FolderKey, name: &Name) {
        let mut state = self.state.lock();
        state.remove(key, name);
        self.recount(&state);
    }

    /// The same for everything in a folder and beneath it: it is gone, or has moved.
    pub fn clear_below(&self, key: &FolderKey) {
        let mut state = self.state.lock();
        state
            .folders
            .retain(|other, _| other.library != key.library || other.folder.strip_prefix(&key.folder).is_none());
        self.recount(&state);
    }

    /// A picture of that size is missing or damaged; whether that is news.
    pub fn lose(&self, hash: ContentHash, byte_count: u64) -> bool {
        let mut state = self.state.lock();
        let is_news = state.lost.insert(hash, byte_count).is_none();
        state.spread_lost();
        self.recount(&state);
        is_news
    }

    /// The pictures that are missing or damaged, and the size in bytes that each should have.
    #[must_use]
    pub fn lost(&self) -> Vec<(ContentHash, u64)> {
        self.state.lock().lost.iter().map(|(hash, size)| (*hash, *size)).collect()
    }

    /// Another mapping has taken the place of one: what a program removed stays removed, what it made is no longer all
    /// that is seen.
    pub fn succeed(&self, key: &FolderKey, name: &Name, mapping: Option<MappingId>) {
        let mut state = self.state.lock();
        let passing = state.folders.get(key).and_then(|folder| folder.moment.names.get(name).copied());
        match (passing, state.folders.get_mut(key)) {
            (Some(Passing::Removed(_)), Some(folder)) => {
                Arc::make_mut(&mut folder.moment).names.insert(name.clone(), Passing::Removed(mapping));
            }
            _ => state.remove(key, name),
        }
        self.recount(&state);
    }

    /// A lost picture is there again.
    pub fn find(&self, hash: &ContentHash) {
        let mut state = self.state.lock();
        state.lost.remove(hash);
        state.spread_lost();
        self.recount(&state);
    }

    /// Takes out the names whose time is over.
    #[must_use]
    pub fn take_ended(&self, now: Instant) -> Vec<(FolderKey, Name)> {
        let mut state = self.state.lock();
        let ended: Vec<(FolderKey, Name)> = state
            .folders
            .iter()
            .flat_map(|(key, folder)| {
                let over = folder.ends.iter().filter(|(_, end)| end.is_some_and(|end| end <= now));
                over.map(|(name, _)| (key.clone(), name.clone())).collect::<Vec<_>>()
            })
            .collect();
        ended.iter().for_each(|(key, name)| state.remove(key, name));
        self.recount(&state);
        ended
    }

    /// How long until the next name's time is over; `None` when there is none.
    #[must_use]
    pub fn next_end(&self, now: Instant) -> Option<Duration> {
        let state = self.state.lock();
        let ends = state.folders.values().flat_map(|folder| folder.ends.values().flatten());
        ends.min().map(|end| end.saturating_duration_since(now))
    }

    fn recount(&self, state: &State) {
        self.count.store(state.folders.len() + state.lost.len(), Ordering::Release);
    }
}

impl State {
    fn remove(&mut self, key: &FolderKey, name: &Name) {
        let Some(folder) = self.folders.get_mut(key) else { return };
        folder.ends.remove(name);
        Arc::make_mut(&mut folder.moment).names.remove(name);
        if folder.ends.is_empty() {
            self.folders.remove(key);
        }
    }

    fn lost_hashes(&self) -> BTreeSet<ContentHash> {
        self.lost.keys().copied().collect()
    }

    fn spread_lost(&mut self) {
        let lost = self.lost_hashes();
        for folder in self.folders.values_mut() {
            Arc::make_mut(&mut folder.moment).lost = lost.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{LibraryId, RelPath};

    use super::*;

    fn key(folder: &str) -> FolderKey {
        FolderKey { library: LibraryId::new(1), folder: RelPath::parse(folder.as_bytes()).unwrap() }
    }

    fn name(text: &str) -> Name {
        Name::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_name_is_away_until_its_time_is_over_and_longer_while_more_is_removed_beneath() {
        let (moments, begun) = (Moments::default(), Instant::now());
        let after = |seconds| begun + Duration::from_secs(seconds);
        assert!(moments.of(&key("Heat")).is_none());
        moments.set(&key("Heat"), &name("poster.jpg"), Passing::Removed(None), Some(after(10)));
        moments.set(&key("Up"), &name("poster.jpg"), Passing::Removed(None), Some(after(10)));
        assert_eq!(moments.of(&key("Heat")).unwrap().names.len(), 1);
        moments.prolong(&key("Heat/extras"), after(15));
        assert_eq!(moments.take_ended(after(9)), []);
        assert_eq!(moments.take_ended(after(12)), [(key("Up"), name("poster.jpg"))]);
        assert_eq!(moments.next_end(after(12)), Some(Duration::from_secs(3)));
        moments.clear_below(&key("Heat"));
        assert!(moments.of(&key("Heat")).is_none() && moments.next_end(begun).is_none());
    }

    #[test]
    fn a_lost_picture_is_lost_in_every_folder_until_it_is_found() {
        let (moments, hash) = (Moments::default(), ContentHash::new([7; 32]));
        moments.set(&key("Heat"), &name("a"), Passing::Source(None), None);
        assert!(moments.lose(hash, 9) && !moments.lose(hash, 9), "it is news once");
        assert!(["Heat", "Up"].iter().all(|folder| moments.of(&key(folder)).unwrap().lost.contains(&hash)));
        moments.find(&hash);
        assert!(moments.of(&key("Up")).is_none() && moments.of(&key("Heat")).unwrap().lost.is_empty());
    }
}
