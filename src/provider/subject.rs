//! What a provider is asked about.

use std::path::PathBuf;

use crate::model::{EntityType, ImageKind, Language, Provider};

/// An entity, as far as a provider needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What it is.
    pub entity_type: EntityType,
    /// Its ids; for a season or episode those of its series.
    pub ids: Vec<(Provider, String)>,
    /// Its title; for a season or episode that of its series.
    pub title: String,
    /// Its year; for a season or episode that of its series.
    pub year: Option<u16>,
    /// The season, 0 for specials, of a season or episode.
    pub season: Option<u16>,
    /// The episode.
    pub episode: Option<u16>,
    /// The artist of an album.
    pub artist: Option<String>,
    /// The languages of texts, the most wanted first.
    pub languages: Vec<Language>,
    /// Whether pictures in the language of the original are wanted as well.
    pub wants_original: bool,
    /// Where it lies.
    pub place: Place,
}

/// Where an entity lies, for providers of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The name of its folder; of the series for a season or episode.
    pub folder_name: Vec<u8>,
    /// Pictures that lie in the library for it: what each is of, and its full path.
    pub originals: Vec<(ImageKind, PathBuf)>,
    /// Pictures that its metadata files name: what each is of, and its address.
    pub declared: Vec<(ImageKind, String)>,
}

impl Subject {
    /// Its id at that provider of ids (`tmdb`, `imdb`, `tvdb`, …).
    #[must_use]
    pub fn id(&self, provider: &str) -> Option<&str> {
        self.ids.iter().find(|(known, _)| known.as_str() == provider).map(|(_, value)| value.as_str())
    }

    /// An id that is a number. What is none would only bend the address it is put into.
    pub(super) fn number(&self, provider: &str) -> Option<u64> {
        self.id(provider)?.parse().ok()
    }

    /// An IMDb id of the usual shape, `tt` and digits.
    pub(super) fn imdb(&self) -> Option<&str> {
        let digits = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        self.id("imdb").filter(|id| id.strip_prefix("tt").is_some_and(digits))
    }

    /// A MusicBrainz id of the usual shape: hexadecimal digits and hyphens.
    pub(super) fn mbid(&self, provider: &str) -> Option<&str> {
        self.id(provider).filter(|id| is_mbid(id))
    }
}

/// Whether it has the shape of a MusicBrainz id.
pub(super) fn is_mbid(id: &str) -> bool {
    id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
