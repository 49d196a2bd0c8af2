//! Players: what is told to Kodi, Jellyfin, Emby and Plex when artwork has changed. The only module that knows their
//! dialects.
//!
//! All four keep copies of pictures, and look again at what they know only when they are told to. What is told depends on
//! how much has changed: of a few items each one is looked up and refreshed, of many only the folders of whole libraries
//! are named, since hundreds of refreshes would keep a player busy for hours.
//!
//! - [`Change`], [`Changes`]: what has changed, in paths of the view
//! - [`PathMap`]: the same paths as a player sees them
//! - [`Access`]: how one is reached, from `settings`; `wire`: requests, with their time limits and tries
//! - `kodi`, `jellyfin` (also Emby), `plex`: one file each
//! - [`Told`], [`Greeting`], [`PlayerError`]: what came of it

mod change;
mod error;
mod jellyfin;
mod kodi;
mod path_map;
mod plex;
mod settings;
mod wire;

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use url::Url;

use crate::config::Secret;

pub use change::{Change, Changes, Item};
pub use error::PlayerError;
pub use path_map::{PathMap, Replacement};

use wire::Wire;

/// What can be told. The word is that of the configuration (`[player.kodi]`) and of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlayerKind {
    /// Kodi, by JSON-RPC.
    Kodi,
    /// Jellyfin.
    Jellyfin,
    /// Emby.
    Emby,
    /// Plex.
    Plex,
}

impl fmt::Display for PlayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kodi => "kodi",
            Self::Jellyfin => "jellyfin",
            Self::Emby => "emby",
            Self::Plex => "plex",
        })
    }
}

/// One player, and how it is reached.
#[derive(Debug, Clone)]
pub struct Access {
    /// Which of them.
    pub kind: PlayerKind,
    /// Where its API is.
    pub url: Url,
    /// Its key or token; empty where it has a user instead.
    pub key: Secret,
    /// The user of Kodi's web server; empty for none.
    pub user: String,
    /// The password that goes with the user.
    pub password: Secret,
    /// Our paths as it sees them.
    pub paths: PathMap,
    /// How long one request may take.
    pub timeout: Duration,
    /// How often a request is tried again.
    pub retries: u16,
    /// The wait before it is tried again the first time.
    pub wait: Duration,
}

/// One thing that a player was told, or in a rehearsal would have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The command of its API: `VideoLibrary.RefreshMovie`, `POST /Items/{id}/Refresh`, …
    pub command: String,
    /// The path or title that it is about.
    pub about: String,
}

/// What a player says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Greeting {
    /// Its name, as it calls itself.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What is wrong with it or with how it is configured, in sentences.
    pub hints: Vec<String>,
}

/// Tells a player what has changed. With `is_rehearsal` it is only asked what it knows; what it would have been told comes
/// back all the same.
///
/// # Errors
/// When it cannot be reached, refuses, or is busy with something that must not be disturbed; [`PlayerError::may_pass`] says
/// whether to try again later. What was told until then has been told; telling it again does no harm.
pub async fn tell(access: &Access, changes: &Changes, is_rehearsal: bool) -> Result<Vec<Told>, PlayerError> {
    let wire = Wire::new(access, is_rehearsal)?;
    match access.kind {
        PlayerKind::Kodi => kodi::tell(&wire, &access.paths, changes).await?,
        PlayerKind::Jellyfin | PlayerKind::Emby => jellyfin::tell(&wire, access, changes).await?,
        PlayerKind::Plex => plex::tell(&wire, &access.paths, changes).await?,
    }
    Ok(wire.into_told())
}

/// Asks a player who it is, and whether it takes our key.
///
/// # Errors
/// When it cannot be reached or refuses.
pub async fn greet(access: &Access) -> Result<Greeting, PlayerError> {
    let wire = Wire::new(access, true)?;
    match access.kind {
        PlayerKind::Kodi => kodi::greet(&wire).await,
        PlayerKind::Jellyfin | PlayerKind::Emby => jellyfin::greet(&wire).await,
        PlayerKind::Plex => plex::greet(&wire).await,
    }
}
