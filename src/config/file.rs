//! The configuration file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use serde::{Deserialize, Serialize};

use super::state::variable;
use super::{
    ArtworkSettings, BackupSettings, ConfigError, DocumentSettings, HistorySettings, HttpSettings, LibrarySettings,
    LogSettings, ManagersSettings, MountSettings, NetworkSettings, PictureSettings, PlayersSettings, ProviderSettings,
    RecycleSettings, ScheduleSettings, Secret, SettingSource, VideoSettings, ViewSettings, WriteSettings, range,
};

/// Everything that can be set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `[view]`: how views are served.
    pub view: ViewSettings,
    /// `[picture]`: what the cache takes.
    pub picture: PictureSettings,
    /// `[video]`: what is read of videos.
    pub video: VideoSettings,
    /// `[write]`: what becomes of what programs write over published pictures, and of what they delete.
    pub write: WriteSettings,
    /// `[library.NAME]`: what of that differs in one library.
    pub library: BTreeMap<String, LibrarySettings>,
    /// `[history]`: which generations can be gone back to.
    pub history: HistorySettings,
    /// `[backup]`: copies of the database that posterfs makes by itself.
    pub backup: BackupSettings,
    /// `[recycle]`: how long what was removed can be brought back.
    pub recycle: RecycleSettings,
    /// `[network]`: how providers are reached.
    pub network: NetworkSettings,
    /// `[provider.*]`: who offers candidates.
    pub provider: ProviderSettings,
    /// `[artwork]`: what is chosen.
    pub artwork: ArtworkSettings,
    /// `[nfo]`: whether metadata documents are published.
    pub nfo: DocumentSettings,
    /// `[[mount]]`: the views that the daemon mounts.
    #[serde(deserialize_with = "super::service::mounts")]
    pub mount: Vec<MountSettings>,
    /// `[http]`: where the daemon listens.
    pub http: HttpSettings,
    /// `[manager.*]`: who tells the daemon what happens in the libraries.
    pub manager: ManagersSettings,
    /// `[player.*]`: who is told what has changed.
    pub player: PlayersSettings,
    /// `[schedule]`: what the daemon does by itself.
    pub schedule: ScheduleSettings,
    /// `[log]`: what the daemon logs.
    pub log: LogSettings,
    /// Secrets that come from elsewhere than the file, by key.
    #[serde(skip)]
    pub(super) secret_sources: BTreeMap<&'static str, SettingSource>,
}

impl Config {
    /// Reads the file given on the command line, else the default one if it is there: `/etc/posterfs/config.toml` for
    /// root, `$XDG_CONFIG_HOME/posterfs/config.toml` for others.
    ///
    /// # Errors
    /// When a file was given and is not there, cannot be read, or says something unknown.
    pub fn load(given: Option<&Path>) -> Result<(Self, Option<PathBuf>), ConfigError> {
        let (mut config, path) = Self::read(given)?;
        config.take_secrets(|name| variable(&format!("POSTERFS_{name}")), variable("CREDENTIALS_DIRECTORY").as_deref());
        Ok((config, path))
    }

    fn read(given: Option<&Path>) -> Result<(Self, Option<PathBuf>), ConfigError> {
        let Some(path) = given.map(Path::to_owned).or_else(default_path) else { return Ok((Self::default(), None)) };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if given.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok((Self::default(), None));
            }
            Err(source) => return Err(ConfigError::Read { path, source }),
        };
        let config = Self::parse(&text, &path)?;
        Ok((config, Some(path)))
    }

    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let wrong = |source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) };
        let config: Self = toml::from_str(text).map_err(wrong)?;
        match range::out_of_range(&config) {
            Some((key, range)) => Err(ConfigError::Range { path: path.to_owned(), key, range }),
            None => Ok(config),
        }
    }

    /// What holds for writes and deletions in the library of that name.
    #[must_use]
    pub fn writes_in(&self, library: &str) -> WriteSettings {
        let mut settings = self.write.clone();
        if let Some(own) = self.library.get(library) {
            settings.on_write = own.on_write.unwrap_or(settings.on_write);
            settings.on_write_by_managers = own.on_write_by_managers.unwrap_or(settings.on_write_by_managers);
            settings.on_delete = own.on_delete.unwrap_or(settings.on_delete);
            settings.grace_period = own.grace_period.unwrap_or(settings.grace_period);
            settings.managers = own.managers.clone().unwrap_or(settings.managers);
        }
        settings
    }

    /// Takes secrets from the environment (`POSTERFS_TMDB_KEY`), else from the files that systemd hands over
    /// (`LoadCredential=tmdb_key:…`); either comes before what the file says.
    pub(super) fn take_secrets(&mut self, environment: impl Fn(&str) -> Option<PathBuf>, credentials: Option<&Path>) {
        let of_http = [("http.api_key", "API_KEY", &mut self.http.api_key)];
        let secrets = self.provider.secrets().into_iter().chain(self.player.secrets()).chain(of_http);
        for (key, name, secret) in secrets {
            let of_file = || std::fs::read_to_string(credentials?.join(name.to_ascii_lowercase())).ok();
            let found = match environment(name).and_then(|value| value.into_os_string().into_string().ok()) {
                Some(value) => Some((value, SettingSource::Environment)),
                None => of_file().map(|value| (value, SettingSource::Credential)),
            };
            if let Some((value, source)) = found {
                *secret = Secret::from(value);
                self.secret_sources.insert(key, source);
            }
        }
    }

    /// What is chosen in the library of that name.
    #[must_use]
    pub fn artwork_of(&self, library: &str) -> ArtworkSettings {
        self.artwork.of_library(self.library.get(library).map(|own| &own.artwork))
    }
}

fn default_path() -> Option<PathBuf> {
    if geteuid().is_root() {
        return Some(PathBuf::from("/etc/posterfs/config.toml"));
    }
    let base = variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")))?;
    Some(base.join("posterfs/config.toml"))
}
