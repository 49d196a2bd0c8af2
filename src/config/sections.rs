//! What the phases and the view do: `[view]`, `[picture]`, `[video]`, `[history]`, `[recycle]`, `[write]`, `[library.NAME]`.

use serde::{Deserialize, Serialize};

use crate::model::{OnDelete, OnWrite};

use super::LibraryArtworkSettings;

/// `[view]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ViewSettings {
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

/// `[backup]`: into `backups` in the state folder. Before each change of its schema the database is copied there, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackupSettings {
    /// How many of the scheduled backups are kept; the oldest go.
    pub keep: u32,
}

impl Default for BackupSettings {
    fn default() -> Self {
        Self { keep: 7 }
    }
}

/// `[recycle]`: what was removed less than a day ago always stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecycleSettings {
    /// For how many days what was removed can be brought back; 0: for ever.
    pub days: u32,
    /// How large the recycle bin may grow, in bytes; the oldest goes first. 0: any size.
    pub bytes_max: u64,
}

impl Default for RecycleSettings {
    fn default() -> Self {
        Self { days: 30, bytes_max: 10 << 30 }
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
    /// Whether metadata documents are published; `None` is as in `[nfo]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nfo: Option<bool>,
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

impl Default for ViewSettings {
    fn default() -> Self {
        Self { attr_timeout: 1.0, entry_timeout: 1.0, threads: 8, source_timeout: 30.0, poke: true }
    }
}

impl Default for PictureSettings {
    fn default() -> Self {
        Self { bytes_max: 64 << 20, pixels_max: 100_000_000 }
    }
}
