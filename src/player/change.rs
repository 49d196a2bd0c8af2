//! What has changed, as players are told: items, their pictures, or whole libraries.

use std::path::{Path, PathBuf};

use crate::model::EntityType;

/// An item, with everything that players may know it by. Paths are those of the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub entity_type: EntityType,
    /// Its title.
    pub title: String,
    /// The year of release.
    pub year: Option<u16>,
    /// Its ids: the word of the provider (`tmdb`, `imdb`, `tvdb`, …) and the id there.
    pub ids: Vec<(String, String)>,
    /// The folder that its artwork goes to.
    pub folder: PathBuf,
    /// Its main video; `None` for what has none.
    pub video: Option<PathBuf>,
    /// Whether nothing else has its video in that folder or below.
    pub has_own_folder: bool,
    /// The season of a season or episode, 0 for specials.
    pub season: Option<u16>,
    /// The episode of an episode.
    pub episode: Option<u16>,
    /// The series of a season or episode, the artist of an album.
    pub parent: Option<Box<Item>>,
}

/// An item whose pictures have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The item.
    pub item: Item,
    /// The paths that began to show something of it, show something else, or ceased to show it.
    pub paths: Vec<PathBuf>,
}

/// Everything that a player is told at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// A few items, one by one.
    Items(Vec<Change>),
    /// So many that only the libraries are named, by their folders in the view.
    Libraries(Vec<PathBuf>),
}

impl Changes {
    /// With more items than that, whole libraries are told: a player takes seconds for each item that it reads again.
    pub const ITEMS_MAX: usize = 50;

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Items(items) => items.is_empty(),
            Self::Libraries(folders) => folders.is_empty(),
        }
    }
}

impl Change {
    /// Whether a metadata file is among what has changed.
    pub(super) fn has_metadata(&self) -> bool {
        self.paths.iter().any(|path| path.extension().is_some_and(|extension| extension == "nfo"))
    }
}

impl Item {
    /// The id that a provider of ids knows it by.
    pub(super) fn id(&self, provider: &str) -> Option<&str> {
        self.ids.iter().find(|(name, _)| name == provider).map(|(_, id)| id.as_str())
    }

    /// The series of a season or episode, the artist of an album; itself for everything else.
    pub(super) fn head(&self) -> &Item {
        self.parent.as_deref().unwrap_or(self)
    }

    /// What a player knows it by: the video of a film or episode, else the folder.
    pub(super) fn path(&self) -> &Path {
        self.video.as_deref().unwrap_or(&self.folder)
    }

    /// How it is called in what was told.
    pub(super) fn told_as(&self) -> String {
        let own = |item: &Item| match item.year {
            Some(year) => format!("{} ({year})", item.title),
            None => item.title.clone(),
        };
        match (self.entity_type, &self.parent, self.season, self.episode) {
            (EntityType::Season, Some(series), Some(season), _) => format!("{}, season {season}", own(series)),
            (EntityType::Episode, Some(series), Some(season), Some(episode)) => {
                format!("{}, season {season} episode {episode}", own(series))
            }
            (EntityType::Album, Some(artist), ..) => format!("{}: {}", artist.title, own(self)),
            _ => own(self),
        }
    }
}
