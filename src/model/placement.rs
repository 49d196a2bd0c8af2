//! Where an entity lies on disk: everything that the names of its artwork depend on.

use std::fmt;

use super::{EntityType, Layout, RelPath};

/// Consecutive episodes of one season that one file holds; mostly just one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EpisodeRange {
    first: u16,
    last: u16,
}

/// Where an entity lies and how. `naming` makes the names of its artwork from this alone.
///
/// What the fields hold depends on the type of the entity:
///
/// | type | `folder` | `layout` | `videos` | `folders` | `parent_folder` |
/// | --- | --- | --- | --- | --- | --- |
/// | movie | the folder that holds its video; for a disc the folder above `VIDEO_TS`/`BDMV` | any | its files | – | – |
/// | series | the series' folder | own | – | – | – |
/// | season | the *series'* folder: that is where season artwork goes | own | – | its season folders | the series' folder |
/// | episode | the folder that holds its video; for a disc the folder above `VIDEO_TS`/`BDMV` | flat, stack, version or disc | its files | – | the series' folder |
/// | artist | the artist's folder | own | – | – | – |
/// | album | the album's folder | own | – | its disc folders | the artist's folder |
/// | actor | the root: an actor has no folder | own | – | the folders with films or series of theirs, which `.actors` goes into | – |
/// | movie set | the root: a set has no folder | own | – | – | – |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// What the entity is.
    pub entity_type: EntityType,
    /// How it lies on disk.
    pub layout: Layout,
    /// Its title: the name of an actor, set or artist.
    pub title: String,
    /// The folder that its artwork goes to.
    pub folder: RelPath,
    /// Its video files, the main one first: the first part of a stack and then the others in order, the default version
    /// and then the others, the entry file of a disc (or the disc folder itself, where that is missing). Empty for what
    /// has no video. The name of a file without its extension is the `<b>` of the naming tables.
    pub videos: Vec<RelPath>,
    /// Further folders of it, in the order of their paths; see the table above.
    pub folders: Vec<RelPath>,
    /// The folder of what it belongs to; see the table above. `None` where it belongs to nothing.
    pub parent_folder: Option<RelPath>,
    /// The season of a season or episode, 0 for specials.
    pub season: Option<u16>,
    /// The episodes that an episode's file holds. `None` for an episode that is known by its date alone.
    pub episodes: Option<EpisodeRange>,
}

impl EpisodeRange {
    /// More episodes are in no file; a range that claims more is a mistake (Kodi draws the line here as well).
    pub const EPISODES_MAX: u16 = 50;

    /// One episode.
    #[must_use]
    pub const fn single(episode: u16) -> Self {
        Self { first: episode, last: episode }
    }

    /// The episodes from `first` to `last`; `None` when that runs backwards or is longer than [`Self::EPISODES_MAX`].
    #[must_use]
    pub fn new(first: u16, last: u16) -> Option<Self> {
        let is_range = last.checked_sub(first).is_some_and(|further| further < Self::EPISODES_MAX);
        is_range.then_some(Self { first, last })
    }

    /// The first episode.
    #[must_use]
    pub fn first(self) -> u16 {
        self.first
    }

    /// The last episode; the first one where it is just one.
    #[must_use]
    pub fn last(self) -> u16 {
        self.last
    }

    /// Whether there are several.
    #[must_use]
    pub fn is_several(self) -> bool {
        self.last > self.first
    }

    /// Whether that episode is among them.
    #[must_use]
    pub fn contains(self, episode: u16) -> bool {
        (self.first..=self.last).contains(&episode)
    }
}

impl fmt::Display for EpisodeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        if self.is_several() { write!(f, "-{}", self.last) } else { Ok(()) }
    }
}

impl Placement {
    /// The main video; `None` for what has none.
    #[must_use]
    pub fn video(&self) -> Option<&RelPath> {
        self.videos.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_run_forwards_and_are_short() {
        for (first, last, shown) in [
            (1, 1, Some("1")),
            (1, 3, Some("1-3")),
            (0, 1, Some("0-1")),
            (5, 4, None),
            (1, 50, Some("1-50")),
            (1, 51, None),
            (u16::MAX, u16::MAX, Some("65535")),
        ] {
            let range = EpisodeRange::new(first, last);
            assert_eq!(range.map(|range| range.to_string()).as_deref(), shown, "{first} to {last}");
        }
        let range = EpisodeRange::new(2, 3).unwrap();
        assert!(range.contains(2) && range.contains(3) && !range.contains(4) && range.is_several());
        assert!(!EpisodeRange::single(2).is_several());
    }
}
