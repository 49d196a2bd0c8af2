//! What becomes of what programs write over pictures that posterfs shows, and of what they delete.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What becomes of a program's write to a picture that posterfs shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnWrite {
    /// It becomes a real file, and the picture is taken into the cache, selected, locked and shown.
    Adopt,
    /// It becomes a candidate; what is shown does not change.
    Capture,
    /// It is refused.
    Deny,
}

/// What becomes of a picture that posterfs shows and a program deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDelete {
    /// It is back after a grace period, if its folder still exists.
    Restore,
    /// It stays away until it is published again.
    Withdraw,
}

/// What kind of program does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProgramKind {
    /// One through which a person acts: a file manager, an editor, a shell.
    Persons,
    /// A manager or player that acts by itself: Radarr, Jellyfin, …
    Manager,
}

impl OnWrite {
    /// The word of the configuration and the catalog.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Capture => "capture",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for OnWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
