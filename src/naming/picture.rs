//! Extensions of what is published.

use std::fmt;
use std::str::FromStr;

/// The extension that what is published carries: that of its true format, one spelling each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PictureExtension {
    /// JPEG. Always `jpg`: Kodi's person pictures and music thumbs do not know `jpeg`.
    Jpg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
    /// No picture: a metadata document.
    Nfo,
}

/// A word that is no extension under which pictures are published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no extension of what is published; there are jpg, png, webp, gif and nfo")]
pub struct PictureExtensionError(String);

impl PictureExtension {
    /// The extension without its dot.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Nfo => "nfo",
        }
    }
}

impl fmt::Display for PictureExtension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PictureExtension {
    type Err = PictureExtensionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => Ok(Self::Jpg),
            "png" => Ok(Self::Png),
            "webp" => Ok(Self::Webp),
            "gif" => Ok(Self::Gif),
            "nfo" => Ok(Self::Nfo),
            _ => Err(PictureExtensionError(text.to_owned())),
        }
    }
}

/// Splits a file name before its last dot into name and extension (without dot). A name without a dot, or with its only
/// dot in front (`.nomedia`), has no extension.
#[must_use]
pub fn split_extension(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().rposition(|&b| b == b'.') {
        Some(dot) if dot > 0 => (&name[..dot], &name[dot + 1..]),
        _ => (name, b""),
    }
}
