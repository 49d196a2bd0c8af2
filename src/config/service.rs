//! What `posterfs serve` does beside the phases: `[http]`, `[[mount]]`, `[manager.*]`, `[player.*]`, `[log]`.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::Secret;

/// `[http]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Where webhooks, the API and metrics are served: address and port. Empty: nowhere. Beyond this machine only with a
    /// key.
    pub listen: String,
    /// Who does not know it is turned away. Empty: nobody is, which is only allowed on this machine.
    pub api_key: Secret,
}

/// It cannot be served there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// No address and port.
    #[error("http.listen = \"{0}\" is no address with a port, as \"127.0.0.1:8487\"")]
    Address(String),
    /// Anybody could use it.
    #[error(
        "http.listen = \"{0}\" can be reached from other machines, and http.api_key is empty: set a key, or listen on \
         127.0.0.1"
    )]
    Unguarded(SocketAddr),
}

impl HttpSettings {
    /// Where it is to be served, if anywhere.
    ///
    /// # Errors
    /// When that is no address, or one that others can reach though there is no key.
    pub fn address(&self) -> Result<Option<SocketAddr>, ListenError> {
        if self.listen.is_empty() {
            return Ok(None);
        }
        let address: SocketAddr = self.listen.parse().map_err(|_| ListenError::Address(self.listen.clone()))?;
        if !address.ip().is_loopback() && self.api_key.is_empty() {
            return Err(ListenError::Unguarded(address));
        }
        Ok(Some(address))
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8487".to_owned(), api_key: Secret::default() }
    }
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// What `posterfs serve` logs: `error`, `warn`, `info`, `debug` or `trace`, also by part:
    /// `info,posterfs::provider=debug`.
    pub level: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: "info".to_owned() }
    }
}

/// `[[mount]]`: a view that `posterfs serve` mounts. One of both folders is enough: the view then covers its source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MountSettings {
    /// What it is a view of.
    pub source: Option<PathBuf>,
    /// Where it is.
    pub mountpoint: Option<PathBuf>,
    /// As behind `posterfs mount -o`: a list, or one text with commas.
    #[serde(deserialize_with = "words")]
    pub options: Vec<String>,
    /// Which names it shows, instead of the library's own: `kodi`, `jellyfin`, `emby`, `plex`, …
    #[serde(deserialize_with = "words")]
    pub profiles: Vec<String>,
}

impl MountSettings {
    /// Where the view is. Empty where nothing is said, which reading a configuration refuses.
    #[must_use]
    pub fn mountpoint(&self) -> PathBuf {
        self.mountpoint.clone().or_else(|| self.source.clone()).unwrap_or_default()
    }

    /// What it is a view of; see [`Self::mountpoint`].
    #[must_use]
    pub fn source(&self) -> PathBuf {
        self.source.clone().unwrap_or_else(|| self.mountpoint())
    }

    /// Everything that is said of it, each word as it would stand behind `-o`.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let naming = (!self.profiles.is_empty()).then(|| format!("naming={}", self.profiles.join("+")));
        self.options.iter().cloned().chain(naming).collect()
    }

    /// Whether both folders can be made sense of wherever the daemon was started.
    pub(super) fn is_complete(&self) -> bool {
        self.mountpoint().is_absolute() && self.source().is_absolute()
    }
}

/// A list of words, or one text with commas between them.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Told {
        One(String),
        Several(Vec<String>),
    }
    let told =
        Told::deserialize(deserializer).map_err(|_| D::Error::custom("expected a list of texts, or one text"))?;
    let texts = match told {
        Told::One(text) => vec![text],
        Told::Several(texts) => texts,
    };
    let split = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
    Ok(split.filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

/// `[[mount]]`, and no longer `[mount]`.
pub(super) fn mounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<MountSettings>, D::Error> {
    struct List;

    impl<'de> serde::de::Visitor<'de> for List {
        type Value = Vec<MountSettings>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str(
                "[[mount]], one for each view that `posterfs serve` mounts; how views are served stands in [view]",
            )
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut mounts = Vec::new();
            while let Some(mount) = entries.next_element()? {
                mounts.push(mount);
            }
            Ok(mounts)
        }
    }

    deserializer.deserialize_any(List)
}

/// One folder as two machines (or containers) see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathMapping {
    /// As the one who tells sees it: a manager, or we.
    pub from: String,
    /// As the one who is told sees it: we, or a player.
    pub to: String,
}

/// `[manager.*]`: who sends webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ManagersSettings {
    /// `[manager.radarr]`
    pub radarr: ManagerSettings,
    /// `[manager.sonarr]`
    pub sonarr: ManagerSettings,
    /// `[manager.lidarr]`
    pub lidarr: ManagerSettings,
}

/// `[manager.NAME]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ManagerSettings {
    /// From its paths to ours; the longest that fits counts. Without any, its paths are ours.
    pub path_mappings: Vec<PathMapping>,
    /// Folders of its own that are none of ours: what it tells of them is ignored, not refused.
    pub ignore_paths: Vec<String>,
    /// For how many days the artwork of what it has deleted is kept, should it come back; 0: for ever.
    pub release_after: u32,
}

impl Default for ManagerSettings {
    fn default() -> Self {
        Self { path_mappings: Vec::new(), ignore_paths: Vec::new(), release_after: 30 }
    }
}

/// `[player.*]`: who is told that artwork has changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlayersSettings {
    /// `[player.kodi]`
    pub kodi: PlayerSettings,
    /// `[player.jellyfin]`
    pub jellyfin: PlayerSettings,
    /// `[player.emby]`
    pub emby: PlayerSettings,
    /// `[player.plex]`
    pub plex: PlayerSettings,
}

/// `[player.NAME]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlayerSettings {
    /// Where it is: `http://127.0.0.1:8096`. Empty: it is not told anything.
    pub url: String,
    /// Its key or token.
    pub key: Secret,
    /// Its user, where it has no key.
    pub user: String,
    /// The user's password.
    pub password: Secret,
    /// From our paths to its; the longest that fits counts. Without any, our paths are its.
    pub path_mappings: Vec<PathMapping>,
}

impl PlayersSettings {
    /// All of them with their words.
    #[must_use]
    pub fn all(&self) -> [(&'static str, &PlayerSettings); 4] {
        [("kodi", &self.kodi), ("jellyfin", &self.jellyfin), ("emby", &self.emby), ("plex", &self.plex)]
    }

    /// Every secret there is: the key it has in the file, and the end of its name in environment and credentials.
    pub(super) fn secrets(&mut self) -> [(&'static str, &'static str, &mut Secret); 8] {
        [
            ("player.kodi.key", "KODI_KEY", &mut self.kodi.key),
            ("player.kodi.password", "KODI_PASSWORD", &mut self.kodi.password),
            ("player.jellyfin.key", "JELLYFIN_KEY", &mut self.jellyfin.key),
            ("player.jellyfin.password", "JELLYFIN_PASSWORD", &mut self.jellyfin.password),
            ("player.emby.key", "EMBY_KEY", &mut self.emby.key),
            ("player.emby.password", "EMBY_PASSWORD", &mut self.emby.password),
            ("player.plex.key", "PLEX_KEY", &mut self.plex.key),
            ("player.plex.password", "PLEX_PASSWORD", &mut self.plex.password),
        ]
    }
}
