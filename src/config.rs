//! The configuration file, the environment and the state folder: the only place that reads them.
//!
//! Every key has a default, so a configuration file is never needed. A key that does not exist is an error: a
//! misspelled setting would otherwise be silently without effect.

mod artwork;
mod file;
mod provider;
mod secret;
mod state;

pub use artwork::{ArtworkSettings, ChoiceMode, LibraryArtworkSettings};
pub use file::{
    Config, ConfigError, HistorySettings, LibrarySettings, MountSettings, PictureSettings, Setting, SettingSource,
    VideoSettings, WriteSettings,
};
pub use provider::{
    CoverArtSettings, FanartTvSettings, LocalSettings, MusicBrainzSettings, NetworkSettings, NfoSettings,
    ProviderSettings, TmdbSettings, TvdbSettings,
};
pub use secret::Secret;
pub use state::{StateDir, StateError};
