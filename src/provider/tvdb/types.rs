//! What the numbers of TheTVDB's artwork types mean.
//!
//! The table is built in, as a reply that needs it should not cost another request. A number that it does not have is
//! one of a new type: then, and only then, the server is asked for its table, once in a run.

use std::collections::HashMap;

use crate::model::ImageKind;
use crate::provider::lenient::{count, list, object, text};

/// The meaning of a number: the kind of picture and whether it is of a season; `None` for what no player shows (icons,
/// company logos) and for moving pictures.
type Meaning = Option<(ImageKind, bool)>;

/// The types as they have been for years; 4, 9 and 17 are unused.
const BUILT_IN: &[(u32, Meaning)] = &[
    (1, Some((ImageKind::Banner, false))),
    (2, Some((ImageKind::Poster, false))),
    (3, Some((ImageKind::Fanart, false))),
    (5, None),
    (6, Some((ImageKind::Banner, true))),
    (7, Some((ImageKind::Poster, true))),
    (8, Some((ImageKind::Fanart, true))),
    (10, None),
    (11, None),
    (12, None),
    (13, None),
    (14, Some((ImageKind::Poster, false))),
    (15, Some((ImageKind::Fanart, false))),
    (16, Some((ImageKind::Banner, false))),
    (18, None),
    (19, None),
    (20, None),
    (21, None),
    (22, Some((ImageKind::ClearArt, false))),
    (23, Some((ImageKind::ClearLogo, false))),
    (24, Some((ImageKind::ClearArt, false))),
    (25, Some((ImageKind::ClearLogo, false))),
    (26, None),
    (27, None),
];

/// A table of artwork types.
#[derive(Debug, Clone)]
pub struct ArtworkTypes(HashMap<u32, Meaning>);

impl Default for ArtworkTypes {
    /// What is built in.
    fn default() -> Self {
        Self(BUILT_IN.iter().copied().collect())
    }
}

impl ArtworkTypes {
    /// What is built in, and what the reply to `/artwork/types` has besides.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let value = object(bytes)?;
        let mut types = Self::default();
        for entry in list(&value, "data") {
            if let Some(number) = count(entry, "id") {
                let record = text(entry, "recordType").unwrap_or_default();
                types.0.entry(number).or_insert_with(|| meaning(record, text(entry, "name").unwrap_or_default()));
            }
        }
        Ok(types)
    }

    /// Whether the table has that number.
    pub(super) fn knows(&self, number: u32) -> bool {
        self.0.contains_key(&number)
    }

    /// What that number means.
    pub(super) fn meaning(&self, number: u32) -> Meaning {
        self.0.get(&number).copied().flatten()
    }
}

fn meaning(record: &str, name: &str) -> Meaning {
    let is_of_season = match record {
        "series" | "movie" => false,
        "season" => true,
        _ => return None,
    };
    let kind = match name.to_ascii_lowercase().replace(' ', "").as_str() {
        "banner" => ImageKind::Banner,
        "poster" => ImageKind::Poster,
        "background" => ImageKind::Fanart,
        "clearart" => ImageKind::ClearArt,
        "clearlogo" => ImageKind::ClearLogo,
        _ => return None,
    };
    Some((kind, is_of_season))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_type_is_understood_by_its_name_and_a_known_one_stays_what_it_is() {
        let reply = br#"{"status":"success","data":[
            {"id":2,"name":"Cinemagraph","recordType":"series"},
            {"id":40,"name":"Poster","recordType":"season"},
            {"id":41,"name":"Clear Logo","recordType":"movie"},
            {"id":42,"name":"Cinemagraph","recordType":"season"},
            {"id":43,"name":"Poster","recordType":"list"},
            {"id":null,"name":"Poster","recordType":"series"}, null]}"#;
        let types = ArtworkTypes::parse(reply).unwrap();
        for (number, is_known, wanted) in [
            (2, true, Some((ImageKind::Poster, false))),
            (40, true, Some((ImageKind::Poster, true))),
            (41, true, Some((ImageKind::ClearLogo, false))),
            (42, true, None),
            (43, true, None),
            (20, true, None),
            (44, false, None),
        ] {
            assert_eq!((types.knows(number), types.meaning(number)), (is_known, wanted), "{number}");
        }
        assert!(!ArtworkTypes::default().knows(40));
        assert!(ArtworkTypes::parse(b"<html>").is_err());
    }
}
