//! The configuration file.

use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use serde::{Deserialize, Serialize};

use super::state::variable;

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
    /// How many requests are served at once.
    pub threads: u16,
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

impl Default for MountSettings {
    fn default() -> Self {
        Self { attr_timeout: 1.0, entry_timeout: 1.0, threads: 8 }
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
        if !(1..=256).contains(&config.mount.threads) {
            return range("mount.threads", "between 1 and 256");
        }
        if !(1..=3600).contains(&config.video.timeout) {
            return range("video.timeout", "between 1 and 3600 seconds");
        }
        Ok(config)
    }

    /// Every key as it is in force, and where its value comes from.
    #[must_use]
    pub fn settings(&self, file: Option<&Path>) -> Vec<Setting> {
        let given: toml::Table = file
            .and_then(|path| std::fs::read_to_string(path).ok())
            .and_then(|text| toml::from_str(&text).ok())
            .unwrap_or_default();
        let serde_json::Value::Object(sections) = serde_json::to_value(self).unwrap_or_default() else {
            return Vec::new();
        };
        let keys = sections.into_iter().flat_map(|(section, value)| {
            let keys = value.as_object().cloned().unwrap_or_default();
            keys.into_iter().map(move |(key, value)| (section.clone(), key, value))
        });
        keys.map(|(section, key, value)| {
            let is_given = given.get(&section).and_then(|section| section.get(&key)).is_some();
            let source = if is_given { SettingSource::File } else { SettingSource::Default };
            Setting { key: format!("{section}.{key}"), value, source }
        })
        .collect()
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
        assert!(parse("[mount]\nthreads = 0\n").unwrap_err().contains("mount.threads"));
        assert!(parse("[mount]\nattr_timeout = -1\n").unwrap_err().contains("attr_timeout"));
        assert!(parse("[video]\ntimeout = 0\n").unwrap_err().contains("video.timeout"));
        assert!(parse("[mount\n").unwrap_err().contains("c.toml"));
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
}
