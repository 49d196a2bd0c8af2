//! The language of a picture's text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// A language tag as the providers use them: a language of two or three letters, in lower case, with an optional
/// region or script behind it (`de`, `pt-BR`, `zh-Hant`). A picture without text has no language: `None`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Language(String);

/// A text that is no language tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no language tag such as `de` or `pt-BR`")]
pub struct LanguageError(String);

impl Language {
    /// The whole tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language without region or script.
    #[must_use]
    pub fn base(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }
}

impl FromStr for Language {
    type Err = LanguageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || LanguageError(text.to_owned());
        let mut parts = text.split(['-', '_']);
        let base = parts.next().unwrap_or_default();
        let is_base = (2..=3).contains(&base.len()) && base.bytes().all(|b| b.is_ascii_alphabetic());
        let region = parts.next();
        let is_region =
            region.is_none_or(|r| (2..=4).contains(&r.len()) && r.bytes().all(|b| b.is_ascii_alphanumeric()));
        if !is_base || !is_region || parts.next().is_some() {
            return Err(refused());
        }
        let base = base.to_ascii_lowercase();
        Ok(Self(region.map_or_else(|| base.clone(), |region| format!("{base}-{}", region_case(region)))))
    }
}

impl TryFrom<String> for Language {
    type Error = LanguageError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Regions are written in capitals (`BR`), scripts with one capital (`Hant`).
fn region_case(region: &str) -> String {
    if region.len() < 4 {
        return region.to_ascii_uppercase();
    }
    let (first, rest) = region.split_at(1);
    first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_brought_into_one_form() {
        for (text, tag) in
            [("DE", "de"), ("pt-br", "pt-BR"), ("zh_HANT", "zh-Hant"), ("fil", "fil"), ("es-419", "es-419")]
        {
            assert_eq!(text.parse::<Language>().unwrap().as_str(), tag);
        }
        assert_eq!("pt-BR".parse::<Language>().unwrap().base(), "pt");
    }

    #[test]
    fn other_words_are_refused() {
        for text in ["", "d", "00", "germany", "de-", "de-DE-x", "d-e", "de-é"] {
            assert!(text.parse::<Language>().is_err(), "{text}");
        }
    }
}
