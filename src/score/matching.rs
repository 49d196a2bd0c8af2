//! Whether a search found what was looked for. A wrong film's poster is worse than none, so only a confident match
//! counts; everything else waits for a person (`posterfs list --unidentified`).
//!
//! The rule (`docs/scoring.md`, "Identification"): the title must be the same but for case, accents, punctuation and a
//! leading article; then
//! 1. with a year: exactly one result of that year, or none of that year and exactly one of the year before or after;
//! 2. without a year: exactly one result.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// One result of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id at the provider.
    pub id: String,
    /// Everything it is called: title, original title, aliases.
    pub titles: Vec<String>,
    /// Its year.
    pub year: Option<u16>,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matched {
    /// That one, and no doubt about it.
    Certain(String),
    /// It may be one of these ids; nobody but a person can tell.
    Doubtful(Vec<String>),
    /// Nothing of that title.
    Nothing,
}

/// Articles that titles are listed with and without.
const ARTICLES: &[&str] = &[
    "the", "a", "an", "der", "die", "das", "ein", "eine", "le", "la", "les", "un", "une", "el", "los", "las", "il",
    "lo", "gli", "os", "as", "o", "de", "het", "een", "den", "det", "en", "et",
];

/// Decides among the results of a search. Results of the same id count once.
#[must_use]
pub fn confident(title: &str, year: Option<u16>, found: &[Found]) -> Matched {
    let wanted = folded(title);
    let same: Vec<&Found> = found.iter().filter(|one| one.titles.iter().any(|t| folded(t) == wanted)).collect();
    let Some(year) = year else { return only(&same, &same) };
    let of = |wanted: &dyn Fn(u16) -> bool| -> Vec<&Found> {
        same.iter().copied().filter(|one| one.year.is_some_and(wanted)).collect()
    };
    let exact = of(&|found| found == year);
    if exact.is_empty() { only(&of(&|found| found.abs_diff(year) <= 1), &same) } else { only(&exact, &same) }
}

/// The one id among the results; `all` is what a person would have to choose from.
fn only(results: &[&Found], all: &[&Found]) -> Matched {
    let ids = |results: &[&Found]| {
        let mut ids: Vec<String> = Vec::new();
        for one in results {
            if !ids.contains(&one.id) {
                ids.push(one.id.clone());
            }
        }
        ids
    };
    match ids(results).as_slice() {
        [id] => Matched::Certain(id.clone()),
        _ if all.is_empty() => Matched::Nothing,
        _ => Matched::Doubtful(ids(all)),
    }
}

/// A title for comparing: without case, accents, punctuation and a leading article. `&` is "and". A title that has
/// nothing else (`???`) stays as it is.
#[must_use]
pub fn folded(title: &str) -> String {
    let plain = title.replace('&', " and ").nfkd().filter(|&c| !is_combining_mark(c)).collect::<String>();
    let plain = plain.to_lowercase().replace('ß', "ss").replace('ø', "o").replace('æ', "ae").replace(['\'', '’'], "");
    let words: Vec<&str> = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [] => title.trim().to_owned(),
        [article, rest @ ..] if !rest.is_empty() && ARTICLES.contains(article) => rest.join(" "),
        all => all.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(id: &str, title: &str, year: u16) -> Found {
        Found { id: id.into(), titles: vec![title.into()], year: (year > 0).then_some(year) }
    }

    #[test]
    fn titles_that_are_one_title() {
        for (one, other) in [
            ("The Matrix", "matrix"),
            ("Amélie", "amelie"),
            ("Léon: The Professional", "Leon - The Professional"),
            ("Tom & Jerry", "Tom and Jerry"),
            ("Ocean's Eleven", "Oceans Eleven"),
            ("WALL·E", "Wall-E"),
            ("Straße", "STRASSE"),
            ("Das Boot", "Boot"),
            ("Æon Flux", "Aeon Flux"),
        ] {
            assert_eq!(folded(one), folded(other), "{one}");
        }
        for (one, other) in [("Heat", "Heat 2"), ("The", "A"), ("???", "!!!"), ("千と千尋", "千と")] {
            assert_ne!(folded(one), folded(other), "{one}");
        }
    }

    #[test]
    fn only_what_is_beyond_doubt_is_certain() {
        let doubtful = |ids: &[&str]| Matched::Doubtful(ids.iter().map(|id| (*id).to_owned()).collect());
        let certain = |id: &str| Matched::Certain(id.to_owned());
        let remakes = [found("1", "Remake", 1960), found("2", "Remake", 2005), found("3", "Remake II", 2005)];
        let near = [found("1", "Remake", 1960), found("2", "Remake", 1962)];
        for (what, year, results, wanted) in [
            ("the year decides", Some(2005), &remakes[..], certain("2")),
            ("a year beside it, alone", Some(2006), &remakes, certain("2")),
            ("two years beside it", Some(1961), &near, doubtful(&["1", "2"])),
            ("another year", Some(1999), &remakes, doubtful(&["1", "2"])),
            ("no year, two of them", None, &remakes, doubtful(&["1", "2"])),
            ("no year, one of them", None, &remakes[1..], certain("2")),
            (
                "two of one year",
                Some(2005),
                &[found("1", "Remake", 2005), found("2", "remake", 2005)],
                doubtful(&["1", "2"]),
            ),
            ("one of them twice", Some(2005), &[found("1", "Remake", 2005), found("1", "Remake", 2006)], certain("1")),
            ("of unknown year", Some(2005), &[found("1", "Remake", 0)], doubtful(&["1"])),
            ("other titles only", Some(2005), &remakes[2..], Matched::Nothing),
            ("nothing", Some(2005), &[], Matched::Nothing),
        ] {
            assert_eq!(confident("Remake", year, results), wanted, "{what}");
        }
        let known =
            Found { titles: vec!["Spirited Away".into(), "千と千尋の神隠し".into()], ..found("5", "", 2001) };
        assert_eq!(confident("千と千尋の神隠し", Some(2001), &[known]), certain("5"), "by its original title");
    }

    proptest! {
        #[test]
        fn a_folded_title_is_words_of_letters_and_digits_or_the_title_itself(title: String) {
            let folded = folded(&title);
            let is_word = |word: &str| !word.is_empty() && word.chars().all(char::is_alphanumeric);
            prop_assert!(folded == title.trim() || folded.split(' ').all(is_word), "{folded:?}");
        }

        #[test]
        fn what_is_certain_was_found(title: String, year: Option<u16>, other: String) {
            let results = [found("1", &title, 2000), found("2", &other, 2001)];
            match confident(&title, year, &results) {
                Matched::Certain(id) => prop_assert!(["1", "2"].contains(&id.as_str())),
                Matched::Doubtful(ids) => prop_assert!(!ids.is_empty()),
                Matched::Nothing => prop_assert!(folded(&title) != folded(&results[0].titles[0])),
            }
        }
    }
}
