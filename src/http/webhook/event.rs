//! What a manager tells, as a value.

use serde::Serialize;

use crate::model::Provider;

/// Who sends webhooks: each has an address of its own, and its own way of seeing paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Manager {
    /// Films.
    Radarr,
    /// Series.
    Sonarr,
    /// Music.
    Lidarr,
}

impl Manager {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Radarr, Self::Sonarr, Self::Lidarr];

    /// Its word, in addresses and in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Radarr => "radarr",
            Self::Sonarr => "sonarr",
            Self::Lidarr => "lidarr",
        }
    }

    /// The manager of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|manager| manager.as_str() == word)
    }
}

/// A webhook that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The word of the event (`Download`), shortened where it is endless.
    pub name: String,
    /// What it means for us.
    pub event: Event,
}

/// What happened. Paths are as the manager sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody pressed the button.
    Test,
    /// Nothing that concerns artwork, or nothing that we know.
    Other,
    /// Files have come into the item's folder.
    Import(Subject),
    /// It is managed from now on; its folder may not be there yet.
    Added(Subject),
    /// Files have other names. Old versions do not tell which.
    Renamed {
        /// What they belong to.
        of: Subject,
        /// From where to where, absolute.
        moves: Vec<Move>,
    },
    /// It is not managed any more.
    Removed {
        /// What.
        of: Subject,
        /// Whether its files are gone, too.
        files_are_gone: bool,
    },
    /// A file is gone.
    FileRemoved {
        /// What it belonged to.
        of: Subject,
        /// Why.
        reason: DeleteReason,
    },
}

/// A file that was renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Where it was.
    pub from: String,
    /// Where it is.
    pub to: String,
}

/// Why a file is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteReason {
    /// A better one comes at once.
    Upgrade,
    /// Anything else.
    Other,
}

/// What an event is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its title, for people.
    pub title: String,
    /// Its folder; a few old bodies lack it.
    pub folder: Option<String>,
    /// How providers know it.
    pub ids: Vec<(Provider, String)>,
}

impl Event {
    /// What it is about, if it is about anything.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Self::Test | Self::Other => None,
            Self::Import(of) | Self::Added(of) => Some(of),
            Self::Renamed { of, .. } | Self::Removed { of, .. } | Self::FileRemoved { of, .. } => Some(of),
        }
    }
}
