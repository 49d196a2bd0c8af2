//! Edit: what a person says of an item. It is locked by that, and comes before what anybody else says.

use std::str::FromStr;

use crate::catalog::{Catalog, CatalogError, Edited, EntityEdit, PublishMode};
use crate::model::{EntityId, EntityType, Field, Provider, UnixSeconds};

use super::PhaseError;

/// The most characters of a text.
const TEXT_MAX: usize = 10_000;
/// The most characters of a text that stands in one line, and of one of several values.
const LINE_MAX: usize = 500;
/// The most values of a field.
const VALUES_MAX: usize = 200;

/// Something that a person types about an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit(EntityEdit);

/// A text that is no edit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It has no `=`.
    #[error("`{0}` is no FIELD=VALUE, such as tmdb=603 or title=Heat")]
    NoValue(String),
    /// Its field is none.
    #[error(
        "`{word}` is neither a provider of ids ({}) nor a field ({})", Provider::KNOWN.join(", "), Field::words().join(", ")
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
    /// A value that the field cannot have.
    #[error("{field} cannot be that: it is {wanted}")]
    Value {
        /// The field.
        field: Field,
        /// What it may be.
        wanted: &'static str,
    },
    /// A value with characters that no player shows.
    #[error("the value of {field} holds the control character {character}; leave it out")]
    Control {
        /// The field.
        field: Field,
        /// The character, as it is written in programs.
        character: String,
    },
    /// A value that is too long, or of too many parts.
    #[error("{field} is too long: at most {most} {of}")]
    TooLong {
        /// The field.
        field: Field,
        /// How many.
        most: usize,
        /// Of what.
        of: &'static str,
    },
}

impl FromStr for Edit {
    type Err = EditError;

    /// `FIELD=VALUE`. Several values have commas between them; empty means that there shall be none.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (word, value) = text.split_once('=').ok_or_else(|| EditError::NoValue(text.to_owned()))?;
        match named(word)? {
            Named::Id(provider) => id(provider, value.trim()).map(Self),
            Named::Field(field) => Ok(Self(EntityEdit::SetField(field, checked(field, value)?))),
        }
    }
}

impl Edit {
    /// Takes back what was said of a field, or an id that was given.
    ///
    /// # Errors
    /// When there is no such field.
    pub fn unset(word: &str) -> Result<Self, EditError> {
        Ok(Self(match named(word)? {
            Named::Id(provider) => EntityEdit::UnsetId(provider),
            Named::Field(field) => EntityEdit::UnsetField(field),
        }))
    }
}

enum Named {
    Id(Provider),
    Field(Field),
}

fn named(word: &str) -> Result<Named, EditError> {
    let provider = Provider::parse(word).map(Named::Id);
    let found = provider.or_else(|| word.parse().ok().map(Named::Field));
    found.ok_or_else(|| EditError::NoField { word: word.to_owned() })
}

/// The value as it is kept.
fn checked(field: Field, value: &str) -> Result<String, EditError> {
    let is_text = matches!(field.as_str(), "plot" | "outline");
    let is_refused = |c: &char| c.is_control() && !(is_text && matches!(c, '\n' | '\t'));
    if let Some(c) = value.chars().find(is_refused) {
        return Err(EditError::Control { field, character: c.escape_default().to_string() });
    }
    let too_long = |most, of| EditError::TooLong { field, most, of };
    if field.has_several() {
        let values: Vec<&str> = value.split(',').map(str::trim).filter(|value| !value.is_empty()).collect();
        return match values.iter().map(|value| value.chars().count()).max() {
            Some(longest) if longest > LINE_MAX => Err(too_long(LINE_MAX, "characters each")),
            _ if values.len() > VALUES_MAX => Err(too_long(VALUES_MAX, "values")),
            _ => Ok(serde_json::Value::from(values).to_string()),
        };
    }
    let value = value.trim();
    let most = if is_text { TEXT_MAX } else { LINE_MAX };
    if value.chars().count() > most {
        return Err(too_long(most, "characters"));
    }
    match wanted(field, value) {
        Some(wanted) => Err(EditError::Value { field, wanted }),
        None => Ok(value.to_owned()),
    }
}

/// What a value of the field looks like, where this one does not.
fn wanted(field: Field, value: &str) -> Option<&'static str> {
    let is_count = || value.bytes().all(|b| b.is_ascii_digit()) && value.len() <= 9;
    let (is_right, wanted) = match field.as_str() {
        "title" => (!value.is_empty(), "a text that is not empty; `--unset title` gives it back"),
        "year" => {
            (value.is_empty() || value.parse().is_ok_and(|year: u16| (1800..=2200).contains(&year)), "1800 to 2200")
        }
        "premiered" => (value.is_empty() || value.parse::<jiff::civil::Date>().is_ok(), "a day: 1995-12-15"),
        "rating" => {
            (value.is_empty() || value.parse().is_ok_and(|rating: f64| (0.0..=10.0).contains(&rating)), "0 to 10")
        }
        "votes" => (is_count(), "a number"),
        "runtime" => (is_count(), "a number of minutes"),
        "original_language" => (value.is_empty() || value.parse::<crate::model::Language>().is_ok(), "a language: en"),
        _ => (true, ""),
    };
    (!is_right).then_some(wanted)
}

fn id(provider: Provider, value: &str) -> Result<EntityEdit, EditError> {
    let is_number = |text: &str| !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    let is_mbid = |text: &str| text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let (is_right, shape) = match provider.as_str() {
        "imdb" => (value.strip_prefix("tt").is_some_and(is_number), "tt and digits"),
        "musicbrainz" | "musicbrainzreleasegroup" => (is_mbid(value), "36 digits and hyphens"),
        _ => (is_number(value), "digits only"),
    };
    if is_right {
        Ok(EntityEdit::SetId(provider, value.to_owned()))
    } else {
        Err(EditError::NoId { provider, value: value.to_owned(), shape })
    }
}

/// Writes down what a person says of an item, all of it or nothing. Another id than before makes it another item to
/// providers: what they said of the former goes, choices by hand stay. A trial tells what would come of it.
///
/// # Errors
/// When the item cannot have another title, or the catalog cannot be written.
pub fn edit(
    catalog: &mut Catalog,
    item: EntityId,
    edits: &[Edit],
    mode: PublishMode,
    now: UnixSeconds,
) -> Result<Edited, PhaseError> {
    let item = catalog.entity(item)?.ok_or(CatalogError::NoSuchEntity { id: item })?;
    let is_named_by_title = matches!(item.entity_type, EntityType::Actor | EntityType::MovieSet | EntityType::Artist);
    let is_title = |edit: &Edit| matches!(&edit.0, EntityEdit::SetField(Field::TITLE, _));
    if is_named_by_title && edits.iter().any(is_title) {
        return Err(PhaseError::NamedByTitle { entity_type: item.entity_type, id: item.id });
    }
    let edits: Vec<EntityEdit> = edits.iter().map(|edit| edit.0.clone()).collect();
    Ok(match mode {
        PublishMode::Apply => catalog.edit(item.id, &edits, now)?,
        PublishMode::DryRun => catalog.try_edit(item.id, &edits, now)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> Option<String> {
        text.parse().ok().map(|Edit(edit)| match edit {
            EntityEdit::SetId(provider, value) => format!("{provider}:{value}"),
            EntityEdit::SetField(field, value) => format!("{field}:{value}"),
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn what_is_an_edit_and_what_is_not() {
        for (text, wanted) in [
            ("tmdb=603", Some("tmdb:603")),
            ("IMDB=tt0133093", Some("imdb:tt0133093")),
            ("plot=a=b", Some("plot:a=b")),
            ("plot=one\ntwo", Some("plot:one\ntwo")),
            ("genres=Crime, Drama,,", Some(r#"genres:["Crime","Drama"]"#)),
            ("genres=", Some("genres:[]")),
            ("Title= Heat ", Some("title:Heat")),
            ("tagline=", Some("tagline:")),
            ("year=1995", Some("year:1995")),
            ("rating=8.3", Some("rating:8.3")),
            ("premiered=1995-12-15", Some("premiered:1995-12-15")),
            ("runtime=170", Some("runtime:170")),
            ("original_language=en", Some("original_language:en")),
            ("title=", None),
            ("title=one\ntwo", None),
            ("title=bell\u{7}", None),
            ("tagline=\u{9b}31m", None),
            ("plot=\u{1b}[31mred", None),
            ("year=95", None),
            ("year=soon", None),
            ("rating=11", None),
            ("rating=NaN", None),
            ("premiered=1995-13-01", None),
            ("runtime=long", None),
            ("imdb=0133093", None),
            ("tmdb=six", None),
            ("tmdb=", None),
            ("musicbrainz=603", None),
            ("postcard=1", None),
            ("tmdb", None),
        ] {
            assert_eq!(kept(text).as_deref(), wanted, "{text:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_at_its_length() {
        for (field, most) in [("plot", TEXT_MAX), ("title", LINE_MAX), ("genres", LINE_MAX)] {
            let of_length = |length: usize| format!("{field}={}", "ü".repeat(length)).parse::<Edit>();
            assert!(of_length(most).is_ok(), "{field}");
            assert!(matches!(of_length(most + 1), Err(EditError::TooLong { .. })), "{field}");
        }
        let values = vec!["x"; VALUES_MAX + 1].join(",");
        assert!(matches!(format!("tags={values}").parse::<Edit>(), Err(EditError::TooLong { .. })));
    }

    #[test]
    fn unknown_fields_are_refused_with_those_that_are_known() {
        for said in [Edit::unset("colour").unwrap_err(), "colour=red".parse::<Edit>().unwrap_err()] {
            assert!(["`colour`", "tmdb", "sort_title", "moods"].iter().all(|word| said.to_string().contains(word)));
        }
        assert_eq!(Edit::unset("TITLE"), Ok(Edit(EntityEdit::UnsetField(Field::TITLE))));
    }
}
