//! The configuration file, the environment and the state folder: the only place that reads them.
//!
//! Every key has a default, so a configuration file is never needed. A key that does not exist is an error: a
//! misspelled setting would otherwise be silently without effect.

mod artwork;
mod documents;
mod error;
mod file;
mod journal;
mod provider;
mod range;
mod schedule;
mod secret;
mod sections;
mod service;
mod setting;
mod state;

#[cfg(test)]
mod tests;

pub use artwork::{ArtworkSettings, ChoiceMode, LibraryArtworkSettings};
pub use documents::{DocumentLibraries, DocumentSettings};
pub use error::ConfigError;
pub use file::Config;
pub use journal::stderr_is_journal;
pub use provider::{
    CoverArtSettings, FanartTvSettings, LocalSettings, MusicBrainzSettings, NetworkSettings, NfoSettings,
    ProviderSettings, TmdbSettings, TvdbSettings,
};
pub use schedule::{ScheduleSettings, Times, TimesError};
pub use secret::Secret;
pub use sections::{
    BackupSettings, HistorySettings, LibrarySettings, PictureSettings, RecycleSettings, VideoSettings, ViewSettings,
    WriteSettings,
};
pub use service::{
    HttpSettings, ListenError, LogSettings, ManagerSettings, ManagersSettings, MountSettings, PathMapping,
    PlayerSettings, PlayersSettings,
};
pub use setting::{Setting, SettingSource};
pub use state::{StateDir, StateError, has_display};
