//! Edit: what a person says of an item. It is locked by that, and comes before what anybody else says.

use std::str::FromStr;

use crate::catalog::Catalog;
use crate::model::{EntityId, Provider, UnixSeconds};

use super::PhaseError;

/// The metadata fields that can be edited; [`SEVERAL`] of them have several values.
pub const FIELDS: [&str; 15] = [
    "title",
    "original_title",
    "original_language",
    "plot",
    "outline",
    "tagline",
    "premiered",
    "rating",
    "votes",
    "runtime",
    "content_rating",
    "set",
    "genres",
    "studios",
    "tags",
];

/// Fields with several values; they are typed with commas between them and kept as a JSON list.
pub const SEVERAL: [&str; 3] = ["genres", "studios", "tags"];

/// One thing that a person says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// `tmdb=603`: its id at a provider.
    Id(Provider, String),
    /// `plot=…`: a metadata field; empty for "nothing at all".
    Field(&'static str, String),
}

/// A text that is no edit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It has no `=`.
    #[error("`{0}` is no FIELD=VALUE, such as tmdb=603 or title=Heat")]
    NoValue(String),
    /// Its field is none.
    #[error(
        "`{word}` is neither a provider of ids ({}) nor a field ({})", Provider::KNOWN.join(", "), FIELDS.join(", ")
    )]
    NoField {
        /// What was typed.
        word: String,
    },
    /// An id has a shape that no id of that provider has.
    #[error("`{value}` is no id of {provider}, which has {shape}")]
    NoId {
        /// The provider.
        provider: Provider,
        /// What was typed.
        value: String,
        /// What its ids look like.
        shape: &'static str,
    },
}

impl FromStr for Edit {
    type Err = EditError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (field, value) = text.split_once('=').ok_or_else(|| EditError::NoValue(text.to_owned()))?;
        if let Some(provider) = Provider::parse(field) {
            return id(provider, value.trim());
        }
        let lower = field.to_ascii_lowercase();
        let known = FIELDS.into_iter().find(|known| *known == lower);
        let value = if SEVERAL.contains(&lower.as_str()) { listed(value) } else { value.to_owned() };
        known.map(|field| Self::Field(field, value)).ok_or_else(|| EditError::NoField { word: field.to_owned() })
    }
}

fn listed(value: &str) -> String {
    let values = value.split(',').map(str::trim).filter(|value| !value.is_empty());
    serde_json::Value::from(values.collect::<Vec<_>>()).to_string()
}

fn id(provider: Provider, value: &str) -> Result<Edit, EditError> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_mbid = |text: &str| text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let (is_right, shape) = match provider.as_str() {
        "imdb" => (value.strip_prefix("tt").is_some_and(is_number), "tt and digits"),
        "musicbrainz" | "musicbrainzreleasegroup" => (is_mbid(value), "36 digits and hyphens"),
        _ => (is_number(value), "digits only"),
    };
    if is_right {
        Ok(Edit::Id(provider, value.to_owned()))
    } else {
        Err(EditError::NoId { provider, value: value.to_owned(), shape })
    }
}

/// Writes down what a person says of an item. Another id than before makes it another item to providers: what they said
/// of the former goes, choices by hand stay. Whether any id is another one.
///
/// # Errors
/// When there is no such item, or the catalog cannot be written.
pub fn edit(catalog: &mut Catalog, item: EntityId, edits: &[Edit], now: UnixSeconds) -> Result<bool, PhaseError> {
    let mut is_other = false;
    for edit in edits {
        match edit {
            Edit::Id(provider, value) => is_other |= catalog.set_external_id(item, provider, value)?,
            Edit::Field(field, value) => catalog.set_field_by_hand(item, field, value, now)?,
        }
    }
    Ok(is_other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_values_are_typed_with_commas() {
        let edit: Edit = "genres=Crime, Drama".parse().unwrap();
        assert_eq!(edit, Edit::Field("genres", r#"["Crime","Drama"]"#.into()));
    }

    #[test]
    fn what_is_an_edit_and_what_is_not() {
        for (text, wanted) in [
            ("tmdb=603", Some("tmdb")),
            ("IMDB=tt0133093", Some("imdb")),
            ("plot=a=b", Some("plot")),
            ("Title=", Some("title")),
            ("imdb=0133093", None),
            ("tmdb=six", None),
            ("tmdb=", None),
            ("musicbrainz=603", None),
            ("postcard=1", None),
            ("tmdb", None),
        ] {
            let found = text.parse::<Edit>().ok().map(|edit| match edit {
                Edit::Id(provider, _) => provider.as_str().to_owned(),
                Edit::Field(field, _) => field.to_owned(),
            });
            assert_eq!(found.as_deref(), wanted, "{text}");
        }
    }
}
