//! What a file is, told by its first bytes alone: never by its name, never by what a server said it was.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The formats that players show and the cache keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PictureFormat {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG, animated or not.
    Png,
    /// WebP, lossy or lossless.
    WebP,
    /// GIF, animated or not.
    Gif,
}

/// What a file of the cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StoredFormat {
    /// A picture.
    Picture(PictureFormat),
    /// A metadata document, made by posterfs itself.
    Nfo,
}

/// An extension that the cache gives to no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no extension of a cached file; there are jpg, png, webp, gif and nfo")]
pub struct StoredFormatError(String);

impl PictureFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Jpeg, Self::Png, Self::WebP, Self::Gif];

    /// Its media type.
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// The extension of its cache files, and its word in the catalog.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Gif => "gif",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
        }
    }
}

impl fmt::Display for PictureFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.extension())
    }
}

impl Serialize for PictureFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.extension())
    }
}

impl StoredFormat {
    /// Every format.
    pub const ALL: [Self; 5] = [
        Self::Picture(PictureFormat::Jpeg),
        Self::Picture(PictureFormat::Png),
        Self::Picture(PictureFormat::WebP),
        Self::Picture(PictureFormat::Gif),
        Self::Nfo,
    ];

    /// The extension of its files, and its word in the catalog.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Picture(format) => format.extension(),
            Self::Nfo => "nfo",
        }
    }
}

impl From<PictureFormat> for StoredFormat {
    fn from(format: PictureFormat) -> Self {
        Self::Picture(format)
    }
}

impl fmt::Display for StoredFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.extension())
    }
}

impl FromStr for StoredFormat {
    type Err = StoredFormatError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.extension() == text)
            .ok_or_else(|| StoredFormatError(text.to_owned()))
    }
}

impl Serialize for StoredFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.extension())
    }
}

/// What the first bytes of a file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sniffed {
    /// A picture that can be cached, by its beginning.
    Picture(PictureFormat),
    /// Something else, in words that follow "is ".
    Other(&'static str),
}

/// Beginnings that tell what a file is, the more telling ones first.
const BEGINNINGS: &[(&[u8], Sniffed)] = &[
    (b"\xff\xd8\xff", Sniffed::Picture(PictureFormat::Jpeg)),
    (b"\x89PNG\r\n\x1a\n", Sniffed::Picture(PictureFormat::Png)),
    (b"GIF87a", Sniffed::Picture(PictureFormat::Gif)),
    (b"GIF89a", Sniffed::Picture(PictureFormat::Gif)),
    (b"BM", Sniffed::Other("a BMP picture")),
    (b"II*\0", Sniffed::Other("a TIFF picture")),
    (b"MM\0*", Sniffed::Other("a TIFF picture")),
    (b"\0\0\x01\0", Sniffed::Other("an icon")),
    (b"8BPS", Sniffed::Other("a Photoshop picture")),
    (b"\0\0\0\x0cJXL ", Sniffed::Other("a JPEG XL picture")),
    (b"\xff\x0a", Sniffed::Other("a JPEG XL picture")),
    (b"\0\0\0\x0cjP  ", Sniffed::Other("a JPEG 2000 picture")),
    (b"DDS ", Sniffed::Other("a DDS texture")),
    (b"%PDF", Sniffed::Other("a PDF document")),
    (b"\x1f\x8b", Sniffed::Other("a gzip archive")),
    (b"PK\x03\x04", Sniffed::Other("a ZIP archive")),
    (b"\x1aE\xdf\xa3", Sniffed::Other("a Matroska video")),
];

/// How far into a text its kind is looked for: comments and declarations may come first.
const TEXT_BYTES: usize = 1024;

/// Tells what a file is from its beginning; the first kilobyte is enough.
pub(super) fn sniff(bytes: &[u8]) -> Sniffed {
    if bytes.is_empty() {
        return Sniffed::Other("an empty file");
    }
    let known = BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning));
    known.map(|(_, sniffed)| *sniffed).or_else(|| sniff_container(bytes)).unwrap_or_else(|| sniff_text(bytes))
}

/// The formats whose name stands behind a length.
fn sniff_container(bytes: &[u8]) -> Option<Sniffed> {
    match (bytes.get(..4)?, bytes.get(4..8)?, bytes.get(8..12)?) {
        (b"RIFF", _, b"WEBP") => Some(Sniffed::Picture(PictureFormat::WebP)),
        (b"RIFF", _, b"AVI ") => Some(Sniffed::Other("an AVI video")),
        (_, b"ftyp", b"avif" | b"avis") => Some(Sniffed::Other("an AVIF picture")),
        (_, b"ftyp", b"heic" | b"heix" | b"mif1" | b"msf1") => Some(Sniffed::Other("a HEIF picture")),
        (_, b"ftyp", _) => Some(Sniffed::Other("an MP4 video")),
        _ => None,
    }
}

fn sniff_text(bytes: &[u8]) -> Sniffed {
    let beginning = &bytes[..bytes.len().min(TEXT_BYTES)];
    let Some(text) = as_text(beginning) else { return Sniffed::Other("no picture") };
    let lower = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let has = |tag: &str| lower.contains(tag);
    Sniffed::Other(if has("<svg") {
        "an SVG picture"
    } else if has("<!doctype html") || has("<html") || has("<head") || has("<body") {
        "an HTML page"
    } else if lower.starts_with('<') {
        "an XML document"
    } else if lower.starts_with('{') || lower.starts_with('[') {
        "a JSON document"
    } else {
        "a text"
    })
}

/// The bytes as text, where they are one: a character cut in half at the end does no harm.
fn as_text(bytes: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}');
    (!text.chars().any(is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_file_is_is_told_by_its_content() {
        for (bytes, words) in [
            (&b""[..], "an empty file"),
            (b"BM\x36\0\0\0", "a BMP picture"),
            (b"II*\0\x08\0\0\0", "a TIFF picture"),
            (b"\0\0\0\x20ftypavif\0\0", "an AVIF picture"),
            (b"\0\0\0\x20ftypheic\0\0", "a HEIF picture"),
            (b"\0\0\0\x20ftypisom\0\0", "an MP4 video"),
            (b"\xff\x0a\0\0", "a JPEG XL picture"),
            (b"<!DOCTYPE html><html>", "an HTML page"),
            (b"\n\n <HTML lang=en>", "an HTML page"),
            (b"\xef\xbb\xbf<html>", "an HTML page"),
            (b"<?xml version=\"1.0\"?><!-- x --><svg>", "an SVG picture"),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "an SVG picture"),
            (b"<?xml version=\"1.0\"?><movie/>", "an XML document"),
            (b"{\"status_code\":34}", "a JSON document"),
            (b"404 not found\n", "a text"),
            (b"\x01\x02\x03\x04", "no picture"),
            (b"RIFF\0\0\0\0WAVEfmt ", "no picture"),
            (b"RIFF\0\0\0\0AVI LIST", "an AVI video"),
        ] {
            assert_eq!(sniff(bytes), Sniffed::Other(words), "{}", bytes.escape_ascii());
        }
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), Sniffed::Picture(PictureFormat::WebP));
        assert_eq!(sniff(b"\xff\xd8\xff\xe0"), Sniffed::Picture(PictureFormat::Jpeg));
        let half_a_character = ["é".repeat(TEXT_BYTES / 2).as_bytes(), b"\xc3"].concat();
        assert_eq!(sniff(&half_a_character[1..].iter().map(|_| b'a').collect::<Vec<_>>()), Sniffed::Other("a text"));
        assert_eq!(sniff(&["a".as_bytes(), &half_a_character].concat()), Sniffed::Other("a text"));
    }

    #[test]
    fn every_format_round_trips_through_its_extension() {
        for format in StoredFormat::ALL {
            assert_eq!(format.extension().parse(), Ok(format));
        }
        assert!(PictureFormat::ALL.iter().all(|format| StoredFormat::ALL.contains(&(*format).into())));
        assert!("jpeg".parse::<StoredFormat>().is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(bytes: Vec<u8>) {
            sniff(&bytes);
        }
    }
}
