//! What a picture is of: poster, fanart, … And the one thing that is published like a picture and is none: the metadata
//! document.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// The kind of a picture, without its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageKind {
    /// Portrait, 2:3, with the title on it.
    Poster,
    /// Background, 16:9, without text. The only kind that is numbered.
    Fanart,
    /// Wide strip with the title.
    Banner,
    /// The title as a transparent picture.
    ClearLogo,
    /// Characters and title, transparent.
    ClearArt,
    /// The label of the disc, round, transparent.
    DiscArt,
    /// 16:9 with the title on it.
    Landscape,
    /// Portrait without text.
    KeyArt,
    /// One character, transparent.
    CharacterArt,
    /// A still: of an episode, mostly.
    Thumb,
    /// Front of an album.
    Cover,
    /// Back of an album.
    Back,
    /// Spine of an album.
    Spine,
    /// Portrait of an actor.
    ActorThumb,
    /// No picture: the metadata document (NFO). It is made of what is known, never chosen, and published like a picture.
    #[serde(skip_deserializing)]
    Nfo,
}

/// What a picture is of: its kind and, for fanart, its place in the row (0 is the main one).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageType {
    kind: ImageKind,
    number: u8,
}

/// A word that names no image type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no image type; there are poster, fanart (fanart1, fanart2, … for more), banner, clearlogo, clearart, \
     discart, landscape, keyart, characterart, thumb, cover, back, spine and actorthumb; and nfo, the metadata document"
)]
pub struct ImageTypeError(String);

impl ImageKind {
    /// Every kind of picture, in the order in which lists show them.
    pub const ALL: [Self; 14] = [
        Self::Poster,
        Self::Fanart,
        Self::Banner,
        Self::ClearLogo,
        Self::ClearArt,
        Self::DiscArt,
        Self::Landscape,
        Self::KeyArt,
        Self::CharacterArt,
        Self::Thumb,
        Self::Cover,
        Self::Back,
        Self::Spine,
        Self::ActorThumb,
    ];

    /// The word of the command line and of the catalog.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Poster => "poster",
            Self::Fanart => "fanart",
            Self::Banner => "banner",
            Self::ClearLogo => "clearlogo",
            Self::ClearArt => "clearart",
            Self::DiscArt => "discart",
            Self::Landscape => "landscape",
            Self::KeyArt => "keyart",
            Self::CharacterArt => "characterart",
            Self::Thumb => "thumb",
            Self::Cover => "cover",
            Self::Back => "back",
            Self::Spine => "spine",
            Self::ActorThumb => "actorthumb",
            Self::Nfo => "nfo",
        }
    }

    /// Whether an entity may have several of it (`fanart`, `fanart1`, …).
    #[must_use]
    pub fn is_numbered(self) -> bool {
        self == Self::Fanart
    }
}

impl ImageType {
    /// The highest number a fanart can carry.
    pub const NUMBER_MAX: u8 = 99;

    /// The metadata document.
    pub const NFO: Self = Self::main(ImageKind::Nfo);

    /// The image type of that kind with number 0: the one and only, or the main one.
    #[must_use]
    pub const fn main(kind: ImageKind) -> Self {
        Self { kind, number: 0 }
    }

    /// A numbered fanart.
    ///
    /// # Errors
    /// When the kind is not numbered and `number` is not 0, or `number` is above [`Self::NUMBER_MAX`].
    pub fn numbered(kind: ImageKind, number: u8) -> Result<Self, ImageTypeError> {
        if number == 0 || (kind.is_numbered() && number <= Self::NUMBER_MAX) {
            Ok(Self { kind, number })
        } else {
            Err(ImageTypeError(format!("{}{number}", kind.as_str())))
        }
    }

    /// Whether it is a picture, and not the metadata document.
    #[must_use]
    pub fn is_picture(self) -> bool {
        self.kind != ImageKind::Nfo
    }

    /// The kind.
    #[must_use]
    pub fn kind(self) -> ImageKind {
        self.kind
    }

    /// Whether it is what a person means who says `word`: `fanart` is each of them, `fanart2` that one.
    #[must_use]
    pub fn is_meant_by(self, word: Self) -> bool {
        self.kind == word.kind && (word.number == 0 || self == word)
    }

    /// The number, 0 for the main one.
    #[must_use]
    pub fn number(self) -> u8 {
        self.number
    }
}

impl fmt::Display for ImageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        if self.number > 0 { write!(f, "{}", self.number) } else { Ok(()) }
    }
}

impl FromStr for ImageType {
    type Err = ImageTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.to_ascii_lowercase();
        let word = lower.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = &lower[word.len()..];
        let unknown = || ImageTypeError(text.to_owned());
        let mut kinds = ImageKind::ALL.into_iter().chain([ImageKind::Nfo]);
        let kind = kinds.find(|kind| kind.as_str() == word).ok_or_else(unknown)?;
        if digits.is_empty() {
            return Ok(Self::main(kind));
        }
        let number: u8 = digits.parse().map_err(|_| unknown())?;
        if digits.starts_with('0') {
            return Err(unknown());
        }
        Self::numbered(kind, number).map_err(|_| unknown())
    }
}

impl Serialize for ImageType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_round_trips_through_its_word() {
        for kind in ImageKind::ALL {
            let image_type = ImageType::main(kind);
            assert_eq!(image_type.to_string().parse(), Ok(image_type));
            assert_eq!(kind.as_str().to_uppercase().parse(), Ok(image_type));
        }
    }

    #[test]
    fn the_metadata_document_has_a_word_and_is_no_picture() {
        assert_eq!("nfo".parse(), Ok(ImageType::NFO));
        assert!(!ImageType::NFO.is_picture() && !ImageKind::ALL.contains(&ImageKind::Nfo));
        assert!("nfo1".parse::<ImageType>().is_err());
    }

    #[test]
    fn a_word_without_number_means_each_of_them() {
        let [fanart, second, poster] = ["fanart", "fanart2", "poster"].map(|word| word.parse::<ImageType>().unwrap());
        assert!(second.is_meant_by(fanart) && second.is_meant_by(second) && fanart.is_meant_by(fanart));
        assert!(!fanart.is_meant_by(second) && !poster.is_meant_by(fanart));
    }

    #[test]
    fn only_fanart_is_numbered() {
        assert_eq!("fanart2".parse(), ImageType::numbered(ImageKind::Fanart, 2));
        for text in ["", "poster1", "fanart0", "fanart00", "fanart01", "fanart100", "fanart999", "folder", "1"] {
            assert!(text.parse::<ImageType>().is_err(), "{text}");
        }
    }
}
