//! What can go wrong with a player.

use super::PlayerKind;

/// Why a player was not told. Addresses in it are shown without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlayerError {
    /// A setting cannot be used.
    #[error("the setting player.{player}.{key} is wrong: {reason}")]
    Setting {
        /// Who.
        player: PlayerKind,
        /// The key in its section.
        key: &'static str,
        /// Why.
        reason: String,
    },
    /// It does not take our key, or the user may not do that.
    #[error("{player} refuses the request ({status}); check key, user and password in [player.{player}]")]
    Refused {
        /// Who.
        player: PlayerKind,
        /// The status.
        status: u16,
    },
    /// It cannot be reached, which is normal for one that is off.
    #[error("{player} cannot be reached at {url}: {reason}")]
    Unreachable {
        /// Who.
        player: PlayerKind,
        /// What was asked.
        url: String,
        /// Why.
        reason: String,
    },
    /// It answered with a status that is no answer.
    #[error("{player} answered {url} with status {status}{}", said(message))]
    Status {
        /// Who.
        player: PlayerKind,
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// What it says.
        message: String,
    },
    /// It says that it cannot do what it was told.
    #[error("{player} cannot do {command}: {message}")]
    Command {
        /// Who.
        player: PlayerKind,
        /// What it was told.
        command: String,
        /// What it says.
        message: String,
    },
    /// It is doing what must not be disturbed.
    #[error("{player} {doing}; it is told later")]
    Busy {
        /// Who.
        player: PlayerKind,
        /// What it is doing.
        doing: &'static str,
    },
    /// Its reply is not what was asked for.
    #[error("the reply of {player} to {url} is not understood: {reason}")]
    NotUnderstood {
        /// Who.
        player: PlayerKind,
        /// What was asked.
        url: String,
        /// Why.
        reason: String,
    },
}

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

impl PlayerError {
    /// Whether the same may succeed a while later, with the settings as they are.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Busy { .. } => true,
            Self::Status { status, .. } => *status >= 500 || matches!(status, 408 | 425 | 429),
            Self::Setting { .. } | Self::Refused { .. } | Self::Command { .. } | Self::NotUnderstood { .. } => false,
        }
    }
}
