//! Bytes that are mostly text, written into JSON so that they are read back exactly: text where they are UTF-8, else
//! `{"hex": "…"}`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes as they are written into JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ExactBytes {
    /// They are text.
    Text(String),
    /// They are not.
    Bytes {
        /// Two digits each.
        hex: String,
    },
}

impl ExactBytes {
    /// Takes bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Bytes { hex: bytes.iter().map(|byte| format!("{byte:02x}")).collect() },
        }
    }

    /// The bytes; `None` when they are no hexadecimal digits.
    #[must_use]
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.into_bytes()),
            Self::Bytes { hex } => from_hex(&hex),
        }
    }
}

fn from_hex(hex: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    rest.is_empty().then(|| pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect())?
}

/// For `#[serde(with)]`: a path beneath a library.
pub(super) mod rel_path {
    use super::{Deserialize, Deserializer, ExactBytes, Serialize, Serializer};
    use crate::model::RelPath;
    use serde::de::Error;

    pub fn serialize<S: Serializer>(path: &RelPath, serializer: S) -> Result<S::Ok, S::Error> {
        ExactBytes::of(path.as_bytes()).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RelPath, D::Error> {
        let bytes = ExactBytes::deserialize(deserializer)?.into_bytes().ok_or_else(|| D::Error::custom("no digits"))?;
        RelPath::parse(&bytes).map_err(D::Error::custom)
    }
}

/// For `#[serde(with)]`: a path beneath a library, where there is one.
pub(super) mod optional_rel_path {
    use super::{Deserialize, Deserializer, ExactBytes, Serialize, Serializer};
    use crate::model::RelPath;
    use serde::de::Error;

    pub fn serialize<S: Serializer>(path: &Option<RelPath>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_ref().map(|path| ExactBytes::of(path.as_bytes())).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RelPath>, D::Error> {
        let Some(exact) = Option::<ExactBytes>::deserialize(deserializer)? else { return Ok(None) };
        let bytes = exact.into_bytes().ok_or_else(|| D::Error::custom("no digits"))?;
        RelPath::parse(&bytes).map(Some).map_err(D::Error::custom)
    }
}

/// For `#[serde(with)]`: a path of the file system.
pub(super) mod path {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::path::{Path, PathBuf};

    use super::{Deserialize, Deserializer, ExactBytes, Serialize, Serializer};
    use serde::de::Error;

    pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        ExactBytes::of(path.as_os_str().as_bytes()).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        let bytes = ExactBytes::deserialize(deserializer)?.into_bytes().ok_or_else(|| D::Error::custom("no digits"))?;
        Ok(OsString::from_vec(bytes).into())
    }
}

/// For `#[serde(deserialize_with)]`: a word of a type that is parsed from text.
pub(super) fn parsed<'de, D: Deserializer<'de>, T: std::str::FromStr<Err: std::fmt::Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}
