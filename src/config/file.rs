//! The configuration file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use serde::{Deserialize, Serialize};

use crate::model::{OnDelete, OnWrite};

use super::state::variable;
use super::{ArtworkSettings, LibraryArtworkSettings, NetworkSettings, ProviderSettings, Secret};

/// Everything that can be set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `[mount]`: how the view is served.
    pub mount: MountSettings,
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
    /// `[network]`: how providers are reached.
    pub network: NetworkSettings,
    /// `[provider.*]`: who offers candidates.
    pub provider: ProviderSettings,
    /// `[artwork]`: what is chosen.
    pub artwork: ArtworkSettings,
    /// Secrets that come from elsewhere than the file, by key.
    #[serde(skip)]
    secret_sources: BTreeMap<&'static str, SettingSource>,
}

/// `[mount]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MountSettings {
    /// How long the kernel may rely on attributes of the source, in seconds, where changes behind the mount go
    /// unnoticed.
    pub attr_timeout: f64,
    /// How long the kernel may rely on names of the source, in seconds, where changes behind the mount go unnoticed.
    pub entry_timeout: f64,
    /// How many requests may wait for the source at once.
    pub threads: u16,
    /// How long a request waits for a source that does not answer before it fails, in seconds; 0: for ever. A disk that
    /// has to start first takes ten seconds, and some twice that.
    pub source_timeout: f64,
    /// Whoever watches a view (inotify) is told by real events of what is published in it.
    pub poke: bool,
}

/// `[picture]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PictureSettings {
    /// Largest picture taken into the cache, in bytes.
    pub bytes_max: u64,
    /// Most pixels (width × height) of a picture taken into the cache.
    pub pixels_max: u64,
}

/// `[video]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VideoSettings {
    /// The program that tells what is in a video, and what stands before its arguments (`["nice", "ffprobe"]`). Where it
    /// is not installed, and with an empty list, stream details are not read.
    pub ffprobe: Vec<String>,
    /// How long it may take for one file, in seconds.
    pub timeout: u64,
}

impl Default for VideoSettings {
    fn default() -> Self {
        Self { ffprobe: vec!["ffprobe".to_owned()], timeout: 30 }
    }
}

/// `[history]`: a generation is kept that is among the newest, or young enough, or has a name. With 0 for both all are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HistorySettings {
    /// How many of the newest are kept.
    pub generations: u32,
    /// For how many days they are kept.
    pub days: u32,
}

impl HistorySettings {
    /// Whether nothing is ever forgotten.
    #[must_use]
    pub fn keeps_all(&self) -> bool {
        self.generations == 0 && self.days == 0
    }
}

impl Default for HistorySettings {
    fn default() -> Self {
        Self { generations: 1000, days: 365 }
    }
}

/// `[write]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WriteSettings {
    /// What becomes of what a person's program writes: `adopt`, `capture` or `deny`.
    pub on_write: OnWrite,
    /// What becomes of what a manager or player writes.
    pub on_write_by_managers: OnWrite,
    /// What becomes of what a program deletes: `restore` or `withdraw`.
    pub on_delete: OnDelete,
    /// After how many seconds a deleted picture is back.
    pub grace_period: f64,
    /// Managers and players, by the beginning of their program's name; upper and lower case are the same.
    pub managers: Vec<String>,
}

/// `[library.NAME]`: `None` is as in `[write]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LibrarySettings {
    /// See [`WriteSettings::on_write`].
    pub on_write: Option<OnWrite>,
    /// See [`WriteSettings::on_write_by_managers`].
    pub on_write_by_managers: Option<OnWrite>,
    /// See [`WriteSettings::on_delete`].
    pub on_delete: Option<OnDelete>,
    /// See [`WriteSettings::grace_period`].
    pub grace_period: Option<f64>,
    /// See [`WriteSettings::managers`].
    pub managers: Option<Vec<String>>,
    /// `[library.NAME.artwork]`: what is chosen differently.
    pub artwork: LibraryArtworkSettings,
}

/// The managers and players that write artwork by themselves.
const MANAGERS: &[&str] = &[
    "Radarr",
    "Sonarr",
    "Lidarr",
    "Whisparr",
    "jellyfin",
    "emby",
    "Plex",
    "kodi",
    "tinyMediaManager",
    "bazarr",
    "kometa",
];

impl Default for WriteSettings {
    fn default() -> Self {
        Self {
            on_write: OnWrite::Adopt,
            on_write_by_managers: OnWrite::Capture,
            on_delete: OnDelete::Restore,
            grace_period: 10.0,
            managers: MANAGERS.iter().map(|&name| name.to_owned()).collect(),
        }
    }
}

impl Default for MountSettings {
    fn default() -> Self {
        Self { attr_timeout: 1.0, entry_timeout: 1.0, threads: 8, source_timeout: 30.0, poke: true }
    }
}

impl Default for PictureSettings {
    fn default() -> Self {
        Self { bytes_max: 64 << 20, pixels_max: 100_000_000 }
    }
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read the configuration {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It says something that posterfs does not understand.
    #[error("the configuration {} is wrong: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What and where.
        source: Box<toml::de::Error>,
    },
    /// A value is out of range.
    #[error("the configuration {} is wrong: {key} must be {range}", path.display())]
    Range {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What it may be.
        range: &'static str,
    },
}

/// Where the value of a key comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingSource {
    /// Built in.
    Default,
    /// The configuration file.
    File,
    /// A variable of the environment.
    Environment,
    /// A credential that systemd hands over.
    Credential,
}

impl SettingSource {
    /// Its word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Credential => "credential",
        }
    }
}

/// One key as it is in force.
#[derive(Debug, Clone, Serialize)]
pub struct Setting {
    /// `section.key`
    pub key: String,
    /// Its value.
    pub value: serde_json::Value,
    /// Where the value comes from.
    pub source: SettingSource,
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

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let wrong = |source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) };
        let config: Self = toml::from_str(text).map_err(wrong)?;
        let range = |key, range| Err(ConfigError::Range { path: path.to_owned(), key, range });
        let is_duration = |seconds: f64| (0.0..=1e9).contains(&seconds);
        if !is_duration(config.mount.attr_timeout) || !is_duration(config.mount.entry_timeout) {
            return range("mount.attr_timeout and mount.entry_timeout", "between 0 and 1000000000 seconds");
        }
        if !is_duration(config.mount.source_timeout) {
            return range("mount.source_timeout", "between 0 and 1000000000 seconds");
        }
        if !(1..=256).contains(&config.mount.threads) {
            return range("mount.threads", "between 1 and 256");
        }
        let network = &config.network;
        if !(network.budget > 0.0
            && is_duration(network.budget)
            && network.silence > 0.0
            && is_duration(network.silence))
        {
            return range("network.budget and network.silence", "above 0 seconds");
        }
        if !is_duration(network.wait) {
            return range("network.wait", "between 0 and 1000000000 seconds");
        }
        let is_pace =
            |(rate, connections): (f64, u16)| (0.01..=1000.0).contains(&rate) && (1..=64).contains(&connections);
        if !config.provider.paces().into_iter().all(is_pace) {
            return range("requests_per_second and connections", "between 0.01 and 1000, and between 1 and 64");
        }
        if !(0.0..=100.0).contains(&config.artwork.margin) {
            return range("artwork.margin", "between 0 and 100 points");
        }
        if !(1..=3600).contains(&config.video.timeout) {
            return range("video.timeout", "between 1 and 3600 seconds");
        }
        let graces = config.library.values().filter_map(|library| library.grace_period);
        if !graces.chain([config.write.grace_period]).all(|seconds| (0.0..=86_400.0).contains(&seconds)) {
            return range("grace_period", "between 0 and 86400 seconds");
        }
        Ok(config)
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
    fn take_secrets(&mut self, environment: impl Fn(&str) -> Option<PathBuf>, credentials: Option<&Path>) {
        for (key, name, secret) in self.provider.secrets() {
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

    /// Every key as it is in force, and where its value comes from.
    #[must_use]
    pub fn settings(&self, file: Option<&Path>) -> Vec<Setting> {
        let given: toml::Table = file
            .and_then(|path| std::fs::read_to_string(path).ok())
            .and_then(|text| toml::from_str(&text).ok())
            .unwrap_or_default();
        let mut leaves = Vec::new();
        flatten("", serde_json::to_value(self).unwrap_or_default(), &mut leaves);
        let setting = |(key, value): (String, serde_json::Value)| {
            let mut parts = key.split('.');
            let first = parts.next().and_then(|part| given.get(part));
            let is_given = parts.fold(first, |value, part| value.and_then(|value| value.get(part))).is_some();
            let usual = if is_given { SettingSource::File } else { SettingSource::Default };
            let source = self.secret_sources.get(key.as_str()).cloned().unwrap_or(usual);
            Setting { key, value, source }
        };
        leaves.into_iter().map(setting).collect()
    }
}

/// The leaves of a tree of settings, each with its whole key. An empty table is a leaf: it can be filled.
fn flatten(key: &str, value: serde_json::Value, leaves: &mut Vec<(String, serde_json::Value)>) {
    match value {
        serde_json::Value::Object(table) if !table.is_empty() => {
            for (part, value) in table {
                let key = if key.is_empty() { part } else { format!("{key}.{part}") };
                flatten(&key, value, leaves);
            }
        }
        leaf => leaves.push((key.to_owned(), leaf)),
    }
}

fn default_path() -> Option<PathBuf> {
    if geteuid().is_root() {
        return Some(PathBuf::from("/etc/posterfs/config.toml"));
    }
    let base = variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")))?;
    Some(base.join("posterfs/config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("c.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_set_is_the_default_and_one_key_changes_one_value() {
        assert_eq!(parse("").unwrap(), Config::default());
        let config = parse("[mount]\nthreads = 3\n").unwrap();
        assert_eq!(config.mount, MountSettings { threads: 3, ..MountSettings::default() });
    }

    #[test]
    fn what_is_unknown_or_out_of_range_is_refused_by_name() {
        assert!(parse("[mount]\nthread = 3\n").unwrap_err().contains("thread"));
        assert!(parse("[mont]\n").unwrap_err().contains("mont"));
        assert!(parse("[mount]\nsource_timeout = -1\n").unwrap_err().contains("source_timeout"));
        assert!(parse("[mount]\nthreads = 0\n").unwrap_err().contains("mount.threads"));
        assert!(parse("[mount]\nattr_timeout = -1\n").unwrap_err().contains("attr_timeout"));
        assert!(parse("[video]\ntimeout = 0\n").unwrap_err().contains("video.timeout"));
        assert!(parse("[mount\n").unwrap_err().contains("c.toml"));
    }

    #[test]
    fn a_library_has_its_own_rules_where_it_says_so() {
        let config =
            parse("[write]\non_write = 'deny'\n[library.films]\non_write = 'capture'\ngrace_period = 2").unwrap();
        assert_eq!(config.writes_in("films").on_write, OnWrite::Capture);
        assert_eq!((config.writes_in("films").grace_period, config.writes_in("tv").grace_period), (2.0, 10.0));
        assert_eq!(
            (config.writes_in("tv").on_write, config.writes_in("tv").on_delete),
            (OnWrite::Deny, OnDelete::Restore)
        );
        assert!(parse("[library.films]\non_wrote = 'deny'").unwrap_err().contains("on_wrote"));
        assert!(parse("[write]\non_delete = 'purge'").unwrap_err().contains("purge"));
        assert!(parse("[library.films]\ngrace_period = -1").unwrap_err().contains("grace_period"));
    }

    #[test]
    fn settings_tell_where_each_value_comes_from() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), b"[mount]\nthreads = 3\n").unwrap();
        let (config, found) = Config::load(Some(&path)).unwrap();
        let settings = config.settings(found.as_deref());
        let source = |key: &str| settings.iter().find(|setting| setting.key == key).unwrap().source.clone();
        assert_eq!(source("mount.threads"), SettingSource::File);
        assert_eq!(source("picture.bytes_max"), SettingSource::Default);
        assert!(Config::load(Some(&folder.path().join("absent.toml"))).is_err());
    }

    #[test]
    fn secrets_come_from_environment_then_credentials_then_the_file_and_are_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            std::io::Write::write_all(&mut std::fs::File::create(folder.path().join(name)).unwrap(), text.as_bytes())
                .unwrap();
        };
        file("tvdb_key", "from-credential\n");
        file("tmdb_key", "not this one");
        let mut config = parse("[provider.tvdb]\nkey = 'from-file'\npin = 'a-pin'\n").unwrap();
        let environment = |name: &str| (name == "TMDB_KEY").then(|| PathBuf::from("from-environment"));
        config.take_secrets(environment, Some(folder.path()));
        assert_eq!(config.provider.tmdb.key.reveal(), "from-environment");
        assert_eq!(config.provider.tvdb.key.reveal(), "from-credential");
        assert_eq!(config.provider.tvdb.pin.reveal(), "a-pin");
        let settings = config.settings(None);
        let of = |key: &str| settings.iter().find(|setting| setting.key == key).unwrap();
        assert_eq!(of("provider.tmdb.key").source, SettingSource::Environment);
        assert_eq!(of("provider.tvdb.key").source, SettingSource::Credential);
        assert_eq!(of("provider.tvdb.pin").value, "(hidden)");
        let shown = format!("{config:?} {}", serde_json::to_string(&settings).unwrap());
        assert!(!shown.contains("from-") && !shown.contains("a-pin"), "{shown}");
    }

    #[test]
    fn every_key_of_providers_and_artwork_is_checked() {
        for (text, word) in [
            ("[provider.tmdb]\npin = 'x'", "pin"),
            ("[provider.tmdb]\nrequests_per_second = 0", "requests_per_second"),
            ("[provider.nobody]", "nobody"),
            ("[network]\nbudget = 0", "network.budget"),
            ("[artwork]\nmargin = 101", "artwork.margin"),
            ("[artwork]\nlanguages = ['german']", "german"),
            ("[artwork.wishes]\nposter = ['nothing']", "nothing"),
            ("[artwork.limits]\npostcard = 1", "postcard"),
            ("[library.films.artwork]\nlimit = 3", "limit"),
        ] {
            assert!(parse(text).unwrap_err().contains(word), "{text}");
        }
        let config = parse("[library.films.artwork]\nlanguages = ['de']\n[artwork]\nlimits = { fanart = 7 }").unwrap();
        let films = config.artwork_of("films");
        assert_eq!(films.languages[0].as_str(), "de");
        assert_eq!(films.limit_of(crate::model::ImageKind::Fanart), 7);
        assert_eq!(config.artwork_of("others").languages[0].as_str(), "en");
    }
}
