//! The fields of metadata, and what can be locked.

use std::fmt;
use std::str::FromStr;

use super::{ImageType, ImageTypeError};

/// A field of metadata, as tables and commands call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Field(&'static str);

/// A word that is no field of metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no field; there are {known}", known = Field::words().join(", "))]
pub struct FieldError(String);

/// What a lock is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LockField {
    /// Everything that has no word of its own.
    Every,
    /// The pictures of one type.
    Image(ImageType),
    /// A field of metadata.
    Metadata(Field),
}

/// A word that nothing can be locked by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{word}` cannot be locked; there are all, the image types (poster, fanart, fanart1, …, see `posterfs select --help`), \
     actors, and the fields {known}",
    known = Field::words().join(", ")
)]
pub struct LockFieldError {
    /// What was said.
    word: String,
}

/// Name and whether it has several values.
const FIELDS: [(&str, bool); 23] = [
    ("title", false),
    ("sort_title", false),
    ("original_title", false),
    ("original_language", false),
    ("year", false),
    ("plot", false),
    ("outline", false),
    ("tagline", false),
    ("premiered", false),
    ("rating", false),
    ("votes", false),
    ("runtime", false),
    ("content_rating", false),
    ("status", false),
    ("set", false),
    ("genres", true),
    ("studios", true),
    ("countries", true),
    ("directors", true),
    ("writers", true),
    ("tags", true),
    ("styles", true),
    ("moods", true),
];

impl Field {
    /// The title that is shown.
    pub const TITLE: Self = Self("title");
    /// The title that lists are sorted by.
    pub const SORT_TITLE: Self = Self("sort_title");
    /// The year of release.
    pub const YEAR: Self = Self("year");

    /// The movie set.
    pub const SET: Self = Self("set");
    /// Who plays in it: it can be locked, and is edited where it is told.
    pub const ACTORS: Self = Self("actors");

    /// Every field.
    pub fn all() -> impl Iterator<Item = Self> {
        FIELDS.iter().map(|(word, _)| Self(word))
    }

    /// The words of all fields.
    #[must_use]
    pub fn words() -> Vec<&'static str> {
        FIELDS.iter().map(|(word, _)| *word).collect()
    }

    /// The word of the command line and of the catalog.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// Whether it has several values, kept as a JSON list.
    #[must_use]
    pub fn has_several(self) -> bool {
        FIELDS.iter().any(|(word, has_several)| *word == self.0 && *has_several)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl FromStr for Field {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.to_ascii_lowercase();
        Self::all().find(|field| field.0 == lower).ok_or_else(|| FieldError(text.to_owned()))
    }
}

impl LockField {
    /// The word that stands for everything.
    pub const EVERY: &'static str = "all";

    /// The field that is meant when somebody says this one of an entity of that type
    /// ([`ImageType::meant_for`]).
    #[must_use]
    pub fn meant_for(self, entity_type: super::EntityType) -> Self {
        match self {
            Self::Image(image_type) => Self::Image(image_type.meant_for(entity_type)),
            other => other,
        }
    }
}

impl fmt::Display for LockField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str(Self::EVERY),
            Self::Image(image_type) => image_type.fmt(f),
            Self::Metadata(field) => field.fmt(f),
        }
    }
}

impl FromStr for LockField {
    type Err = LockFieldError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case(Self::EVERY) {
            return Ok(Self::Every);
        }
        let image_type: Result<ImageType, ImageTypeError> = text.parse();
        let of_image = image_type.ok().filter(|image_type| image_type.is_picture()).map(Self::Image);
        let of_actors = text.eq_ignore_ascii_case(Field::ACTORS.0).then_some(Self::Metadata(Field::ACTORS));
        let found = of_image.or(of_actors).or_else(|| text.parse().ok().map(Self::Metadata));
        found.ok_or_else(|| LockFieldError { word: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_means_one_thing_and_comes_back() {
        let images = crate::model::ImageKind::ALL.map(|kind| kind.as_str().to_owned());
        let words = Field::words().into_iter().map(str::to_owned).chain(images).chain([
            "all".into(),
            "actors".into(),
            "fanart3".into(),
        ]);
        let mut seen = std::collections::BTreeSet::new();
        for word in words {
            let field: LockField = word.parse().unwrap();
            assert_eq!(field.to_string(), word);
            assert_eq!(word.to_uppercase().parse(), Ok(field));
            assert!(seen.insert(field), "{word} is there twice");
        }
    }

    #[test]
    fn what_is_unknown_is_told_with_what_is_known() {
        let said = "colour".parse::<LockField>().unwrap_err().to_string();
        assert!(["`colour`", "poster", "plot", "all"].iter().all(|word| said.contains(word)), "{said}");
        let said = "poster".parse::<Field>().unwrap_err().to_string();
        assert!(said.contains("sort_title") && said.contains("genres"), "{said}");
    }
}
