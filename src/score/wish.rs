//! Which language a picture's text should have.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::{Language, LanguageError};

/// One entry of a list of languages, the most wanted first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Wish {
    /// `original`: the language the film, series or album was made in.
    Original,
    /// `none`: no text at all.
    NoText,
    /// A language (`de`), or a language as a region has it (`pt-BR`).
    Language(Language),
}

/// A word that is no wish.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is neither a language such as `de` or `pt-BR` nor `original` or `none`")]
pub struct WishError {
    word: String,
    source: LanguageError,
}

impl FromStr for Wish {
    type Err = WishError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "original" => Ok(Self::Original),
            "none" => Ok(Self::NoText),
            _ => word.parse().map(Self::Language).map_err(|source| WishError { word: word.to_owned(), source }),
        }
    }
}

impl TryFrom<String> for Wish {
    type Error = WishError;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        word.parse()
    }
}

impl From<Wish> for String {
    fn from(wish: Wish) -> Self {
        wish.to_string()
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Original => f.write_str("original"),
            Self::NoText => f.write_str("none"),
            Self::Language(language) => language.fmt(f),
        }
    }
}

/// What is left of a place in the list when the language is right and the region is another one, or not told.
const OTHER_REGION: f64 = 0.8;

impl Wish {
    /// How well a picture of that language (`None`: without text) is what is wished: 0 to 1.
    #[must_use]
    pub fn granted(&self, language: Option<&Language>, original: Option<&Language>) -> f64 {
        match (self, language) {
            (Self::NoText, None) => 1.0,
            (Self::NoText, Some(_)) | (_, None) => 0.0,
            (Self::Original, Some(language)) => original.map_or(0.0, |original| alike(original, language)),
            (Self::Language(wished), Some(language)) => alike(wished, language),
        }
    }
}

/// A wish without region is content with any; one with a region prefers its own.
fn alike(wished: &Language, language: &Language) -> f64 {
    if wished.base() != language.base() {
        0.0
    } else if wished == language || wished.base() == wished.as_str() {
        1.0
    } else {
        OTHER_REGION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_round_trips() {
        for word in ["original", "none", "de", "pt-BR"] {
            assert_eq!(word.parse::<Wish>().unwrap().to_string(), word);
        }
        assert!("german".parse::<Wish>().unwrap_err().to_string().contains("german"));
    }

    #[test]
    fn wishes_and_what_grants_them() {
        let language = |tag: &str| (!tag.is_empty()).then(|| tag.parse::<Language>().unwrap());
        for (wish, picture, original, wanted) in [
            ("de", "de", "en", 1.0),
            ("de", "de-AT", "en", 1.0),
            ("de", "en", "de", 0.0),
            ("de", "", "de", 0.0),
            ("pt-BR", "pt-BR", "en", 1.0),
            ("pt-BR", "pt-PT", "en", 0.8),
            ("pt-BR", "pt", "en", 0.8),
            ("original", "ja", "ja", 1.0),
            ("original", "en", "ja", 0.0),
            ("original", "ja", "", 0.0),
            ("none", "", "ja", 1.0),
            ("none", "ja", "ja", 0.0),
        ] {
            let granted =
                wish.parse::<Wish>().unwrap().granted(language(picture).as_ref(), language(original).as_ref());
            assert!((granted - wanted).abs() < 1e-9, "{wish} {picture} {original}: {granted}");
        }
    }
}
