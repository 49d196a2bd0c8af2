//! What keeps posterfs from working here, or from working well, and what to do about it.
//!
//! Each function looks at one thing, changes nothing, and returns what it found. A check that finds nothing wrong says
//! so too: whoever asks for help shows the whole list.
//!
//! - `machine`: kernel, FUSE device and helper, passthrough, descriptors, clock, programs
//! - `places`: the state folder, the folders of libraries, and the file systems they are on
//! - `mounts`: what is mounted now; `care`: when everything was last found whole
//! - `guards`: rights, and what the system keeps others from
//! - `keys`: whether there are any, and who may read them; `network`: providers, players

mod care;
mod guards;
mod keys;
mod machine;
mod mounts;
mod network;
mod places;

use serde::Serialize;

pub use care::verified;
pub use guards::guards;
pub use keys::{exposed_keys, keys};
pub use machine::{clock, machine, videos};
pub use mounts::{dead_mounts, is_silent, mount};
pub use network::{certificates, listening, reached};
pub use places::{library, state, unanswered};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, but something is slower or less safe than it could be.
    Warn,
    /// Something does not work until this is put right.
    Fail,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: `kernel`, `state`, …
    pub check: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found.
    pub message: String,
    /// What to do, where there is something to do.
    pub remedy: Option<String>,
}

impl Verdict {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl Finding {
    /// Nothing wrong.
    #[must_use]
    pub fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, message: message.into(), remedy: None }
    }

    /// Not as good as it could be.
    #[must_use]
    pub fn warn(check: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warn, message: message.into(), remedy: Some(remedy.into()) }
    }

    /// Broken.
    #[must_use]
    pub fn fail(check: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Fail, message: message.into(), remedy: Some(remedy.into()) }
    }
}
