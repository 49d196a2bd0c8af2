//! Keys, pins and tokens: used, never shown.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A secret of the user. Neither `Debug` nor JSON shows it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for a request and nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    /// Takes a text; blanks and line ends around it, as editors and `echo` leave them, are no part of a secret.
    fn from(text: String) -> Self {
        Self(text.trim().to_owned())
    }
}

/// What is shown of one that is set.
pub(super) const HIDDEN: &str = "(hidden)";

/// What is shown of it.
fn shown(secret: &Secret) -> &'static str {
    if secret.is_empty() { "" } else { HIDDEN }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(shown(self))
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(shown(self))
    }
}
