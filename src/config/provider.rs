//! `[network]` and `[provider.*]`: where candidates come from, and how politely they are asked for.

use serde::{Deserialize, Serialize};

use std::path::PathBuf;

use super::Secret;

/// `[network]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSettings {
    /// Ask nobody: only what is stored or lies in local folders is used.
    pub offline: bool,
    /// A proxy (`http://host:port`) for all requests; empty for none.
    pub proxy: String,
    /// An address (e-mail or web page) that providers may turn to; sent along with every request.
    pub contact: String,
    /// How long one request may take with all its tries and the waiting between them, in seconds.
    pub budget: f64,
    /// How long a server may stay silent in the middle of a reply, in seconds.
    pub silence: f64,
    /// How long to wait before a request is tried again the first time, in seconds; doubled each time.
    pub wait: f64,
    /// How many times a request is tried again after a failure that may pass.
    pub retries: u16,
}

/// `[provider]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderSettings {
    /// `[provider.tmdb]`
    pub tmdb: TmdbSettings,
    /// `[provider.tvdb]`
    pub tvdb: TvdbSettings,
    /// `[provider.fanarttv]`
    pub fanarttv: FanartTvSettings,
    /// `[provider.musicbrainz]`
    pub musicbrainz: MusicBrainzSettings,
    /// `[provider.coverart]`
    pub coverart: CoverArtSettings,
    /// `[provider.local]`
    pub local: LocalSettings,
}

/// `[provider.tmdb]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TmdbSettings {
    /// Whether it is asked, once there is a key.
    pub enabled: bool,
    /// The API key (32 digits) or the read access token (begins with `eyJ`).
    pub key: Secret,
    /// Where its API is.
    pub base_url: String,
    /// Where its pictures are.
    pub image_base_url: String,
    /// How many requests to its API a second.
    pub requests_per_second: f64,
    /// How many connections at once.
    pub connections: u16,
}

/// `[provider.tvdb]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TvdbSettings {
    /// Whether it is asked, once there is a key.
    pub enabled: bool,
    /// The API key of version 4.
    pub key: Secret,
    /// The subscriber's pin, for keys that need one.
    pub pin: Secret,
    /// Where its API is.
    pub base_url: String,
    /// What relative addresses of pictures are relative to.
    pub image_base_url: String,
    /// How many requests to its API a second.
    pub requests_per_second: f64,
    /// How many connections at once.
    pub connections: u16,
}

/// `[provider.fanarttv]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FanartTvSettings {
    /// Whether it is asked, once there is a key.
    pub enabled: bool,
    /// The project's key.
    pub key: Secret,
    /// The user's own key: shows new pictures earlier. No substitute for `key`.
    pub client_key: Secret,
    /// Where its API is.
    pub base_url: String,
    /// How many requests to its API a second.
    pub requests_per_second: f64,
    /// How many connections at once.
    pub connections: u16,
}

/// `[provider.musicbrainz]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MusicBrainzSettings {
    /// Whether it is asked.
    pub enabled: bool,
    /// Where its API is.
    pub base_url: String,
    /// How many requests a second; more than one gets an address blocked.
    pub requests_per_second: f64,
    /// How many connections at once.
    pub connections: u16,
}

/// `[provider.coverart]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CoverArtSettings {
    /// Whether it is asked.
    pub enabled: bool,
    /// Where it is.
    pub base_url: String,
    /// How many requests a second.
    pub requests_per_second: f64,
    /// How many connections at once.
    pub connections: u16,
}

/// `[provider.local]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LocalSettings {
    /// Whether it is asked.
    pub enabled: bool,
    /// Folders with artwork: one folder per item in them (a Kometa asset directory, Kodi's folder of movie sets).
    pub folders: Vec<PathBuf>,
    /// Whether pictures that lie in the library already are candidates as well. They stay where they are either way.
    pub library: bool,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            offline: false,
            proxy: String::new(),
            contact: String::new(),
            budget: 60.0,
            silence: 15.0,
            wait: 0.4,
            retries: 3,
        }
    }
}

impl Default for TmdbSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            key: Secret::default(),
            base_url: "https://api.themoviedb.org/3".to_owned(),
            image_base_url: "https://image.tmdb.org/t/p".to_owned(),
            requests_per_second: 30.0,
            connections: 12,
        }
    }
}

impl Default for TvdbSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            key: Secret::default(),
            pin: Secret::default(),
            base_url: "https://api4.thetvdb.com/v4".to_owned(),
            image_base_url: "https://artworks.thetvdb.com".to_owned(),
            requests_per_second: 5.0,
            connections: 4,
        }
    }
}

impl Default for FanartTvSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            key: Secret::default(),
            client_key: Secret::default(),
            base_url: "https://webservice.fanart.tv/v3".to_owned(),
            requests_per_second: 5.0,
            connections: 3,
        }
    }
}

impl Default for MusicBrainzSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            base_url: "https://musicbrainz.org/ws/2".to_owned(),
            requests_per_second: 1.0,
            connections: 1,
        }
    }
}

impl Default for CoverArtSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            base_url: "https://coverartarchive.org".to_owned(),
            requests_per_second: 4.0,
            connections: 4,
        }
    }
}

impl Default for LocalSettings {
    fn default() -> Self {
        Self { enabled: true, folders: Vec::new(), library: false }
    }
}

impl ProviderSettings {
    /// The pace of every provider that is reached over the network, for checking.
    pub(super) fn paces(&self) -> [(f64, u16); 5] {
        [
            (self.tmdb.requests_per_second, self.tmdb.connections),
            (self.tvdb.requests_per_second, self.tvdb.connections),
            (self.fanarttv.requests_per_second, self.fanarttv.connections),
            (self.musicbrainz.requests_per_second, self.musicbrainz.connections),
            (self.coverart.requests_per_second, self.coverart.connections),
        ]
    }

    /// Every secret there is: the key it has in the file, and the end of its name in environment and credentials.
    pub(super) fn secrets(&mut self) -> [(&'static str, &'static str, &mut Secret); 5] {
        [
            ("provider.tmdb.key", "TMDB_KEY", &mut self.tmdb.key),
            ("provider.tvdb.key", "TVDB_KEY", &mut self.tvdb.key),
            ("provider.tvdb.pin", "TVDB_PIN", &mut self.tvdb.pin),
            ("provider.fanarttv.key", "FANARTTV_KEY", &mut self.fanarttv.key),
            ("provider.fanarttv.client_key", "FANARTTV_CLIENT_KEY", &mut self.fanarttv.client_key),
        ]
    }
}
