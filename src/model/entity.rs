//! What artwork belongs to.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::Provider;

/// The type of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntityType {
    /// A film.
    Movie,
    /// A TV show.
    Series,
    /// A season of a series.
    Season,
    /// An episode of a season.
    Episode,
    /// A person who plays in a movie or series.
    Actor,
    /// A group of movies.
    MovieSet,
    /// A musician or band.
    Artist,
    /// An album of an artist.
    Album,
}

/// What kind of media a library holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LibraryKind {
    /// Films.
    Movies,
    /// Series.
    Tv,
    /// Artists and albums.
    Music,
}

/// How an item lies on disk, which decides the names of its artwork. [`Placement`](super::Placement) has the rest of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// In a folder of its own: bare names (`poster.jpg`) are unambiguous. Also for what has no file: a series, a season,
    /// an artist, an album, an actor, a set.
    Own,
    /// Beside others in one folder, or an episode wherever it lies: every name carries the video's name.
    Flat,
    /// A disc folder (`VIDEO_TS`, `BDMV`).
    Disc,
    /// One film or episode in several files (`cd1`, `cd2`).
    Stack,
    /// Several versions of one film or episode in one folder.
    Version,
}

/// A word that names no entity type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no entity type")]
pub struct EntityTypeError(String);

/// A word that names no kind of library.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of library; there are movies, tv and music")]
pub struct LibraryKindError(String);

/// A word that names no layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no layout")]
pub struct LayoutError(String);

macro_rules! word_type {
    ($name:ident, $error:expr, $error_type:ty, { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word of the command line, of JSON and of the catalog.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = $error_type;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| $error(text.to_owned()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

word_type!(EntityType, EntityTypeError, EntityTypeError, {
    Movie => "movie",
    Series => "series",
    Season => "season",
    Episode => "episode",
    Actor => "actor",
    MovieSet => "movieset",
    Artist => "artist",
    Album => "album",
});

word_type!(LibraryKind, LibraryKindError, LibraryKindError, {
    Movies => "movies",
    Tv => "tv",
    Music => "music",
});

word_type!(Layout, LayoutError, LayoutError, {
    Own => "own",
    Flat => "flat",
    Disc => "disc",
    Stack => "stack",
    Version => "version",
});

/// What a name tells about an item: as much of it as is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct MediaIdentity {
    /// The title, cleaned of year, ids and release words. Empty when nothing is left.
    pub title: String,
    /// The year of release.
    pub year: Option<u16>,
    /// Ids at providers, at most one each, in the order in which they were found.
    pub ids: Vec<(Provider, String)>,
}

impl MediaIdentity {
    /// The id at that provider.
    #[must_use]
    pub fn id(&self, provider: &Provider) -> Option<&str> {
        self.ids.iter().find(|(known, _)| known == provider).map(|(_, value)| value.as_str())
    }
}
