//! `[network]` and `[provider.*]`: where candidates come from, and how politely they are asked for.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
    /// After how many days a reply that is kept is thrown away.
    pub replies_days: u32,
    /// How much all replies that are kept may take together, in bytes; the oldest go first.
    pub replies_bytes_max: u64,
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
    /// `[provider.nfo]`
    pub nfo: NfoSettings,
    /// `[provider.local]`
    pub local: LocalSettings,
}

/// A section of a provider that is reached over the network: what all of them have, with their defaults, and what only
/// this one has.
macro_rules! network_provider {
    (
        $(#[$doc:meta])*
        $name:ident at $base_url:literal, $requests_per_second:literal a second, $connections:literal connections
        { $($(#[$own_doc:meta])* $own:ident: $own_type:ty = $own_default:expr,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// Whether it is asked, once it has the key that it may need.
            pub enabled: bool,
            $($(#[$own_doc])* pub $own: $own_type,)*
            /// Where its API is.
            pub base_url: String,
            /// How many requests to its API a second.
            pub requests_per_second: f64,
            /// How many connections at once.
            pub connections: u16,
        }

        impl $name {
            /// How many requests a second, and how many connections.
            fn pace(&self) -> (f64, u16) {
                (self.requests_per_second, self.connections)
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    enabled: true,
                    $($own: $own_default,)*
                    base_url: $base_url.to_owned(),
                    requests_per_second: $requests_per_second,
                    connections: $connections,
                }
            }
        }
    };
}

network_provider! {
    /// `[provider.tmdb]`
    TmdbSettings at "https://api.themoviedb.org/3", 30.0 a second, 12 connections {
        /// The API key (32 digits) or the read access token (begins with `eyJ`).
        key: Secret = Secret::default(),
        /// Where its pictures are.
        image_base_url: String = "https://image.tmdb.org/t/p".to_owned(),
    }
}

network_provider! {
    /// `[provider.tvdb]`
    TvdbSettings at "https://api4.thetvdb.com/v4", 5.0 a second, 4 connections {
        /// The API key of version 4.
        key: Secret = Secret::default(),
        /// The subscriber's pin, for keys that need one.
        pin: Secret = Secret::default(),
        /// What relative addresses of pictures are relative to.
        image_base_url: String = "https://artworks.thetvdb.com".to_owned(),
    }
}

network_provider! {
    /// `[provider.fanarttv]`
    FanartTvSettings at "https://webservice.fanart.tv/v3", 5.0 a second, 3 connections {
        /// The project's key.
        key: Secret = Secret::default(),
        /// The user's own key: shows new pictures earlier. No substitute for `key`.
        client_key: Secret = Secret::default(),
    }
}

network_provider! {
    /// `[provider.musicbrainz]`: more than one request a second gets an address blocked.
    MusicBrainzSettings at "https://musicbrainz.org/ws/2", 1.0 a second, 1 connections {}
}

network_provider! {
    /// `[provider.coverart]`
    CoverArtSettings at "https://coverartarchive.org", 4.0 a second, 4 connections {}
}

/// `[provider.nfo]`: pictures that metadata files name by their addresses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NfoSettings {
    /// Whether they are candidates.
    pub enabled: bool,
    /// Where they may lie: `example.org` with all below it, `http://nas:8080` for a place on a private network, `*` for
    /// the whole public network. By default the known homes of artwork, as anybody may have written such a file.
    pub hosts: Vec<String>,
    /// How many connections at once.
    pub connections: u16,
}

/// The hosts that managers and players name in metadata files.
const ARTWORK_HOSTS: &[&str] = &[
    "tmdb.org",
    "themoviedb.org",
    "thetvdb.com",
    "fanart.tv",
    "theaudiodb.com",
    "coverartarchive.org",
    "archive.org",
    "media-amazon.com",
];

impl Default for NfoSettings {
    fn default() -> Self {
        let hosts = ARTWORK_HOSTS.iter().map(|&host| host.to_owned()).collect();
        Self { enabled: true, hosts, connections: 4 }
    }
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
            replies_days: 180,
            replies_bytes_max: 1 << 30,
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
    pub(super) fn paces(&self) -> [(f64, u16); 6] {
        [
            self.tmdb.pace(),
            self.tvdb.pace(),
            self.fanarttv.pace(),
            self.musicbrainz.pace(),
            self.coverart.pace(),
            (1.0, self.nfo.connections),
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
