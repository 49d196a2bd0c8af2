//! The number of a season in the name of its folder.

use regex::Regex;

use super::pattern::pattern;
use super::title::{parse_name, title_key};

/// Words for a season in the languages that Jellyfin knows, and some more; the number stands before or behind.
macro_rules! season_words {
    () => {
        "season|seasong|sæson|saison|staffel|series|stagione|säsong|sesong|seizoen|sezon|sezona|sezóna|sezonul|sezoni\
         |sezonas|série|séria|serie|seria|temporada|kausi|évad|hooaeg|musim|mùa|сезон|сезона|σεζόν|κύκλος|עונה|الموسم\
         |시즌|シーズン"
    };
}

/// Numbers as words: `Season One`, `Second Season`.
const NUMBERS: &[[&str; 2]] = &[
    ["one", "first"],
    ["two", "second"],
    ["three", "third"],
    ["four", "fourth"],
    ["five", "fifth"],
    ["six", "sixth"],
    ["seven", "seventh"],
    ["eight", "eighth"],
    ["nine", "ninth"],
    ["ten", "tenth"],
];

pattern!(TOKEN, r"(?i)(?:^|[^\p{L}\p{N}])s(\d{1,4})(?:[^\p{L}\p{N}]|$)");
pattern!(TOKEN_EPISODE, r"(?i)s\d{1,4}[ ._-]*e\d");
pattern!(WORD_FIRST, concat!(r"(?i)^(?:", season_words!(), r")[ ._-]*(\d{1,4})([^\d].*)?$"));
pattern!(
    NUMBER_FIRST,
    concat!(
        r"(?i)^(\d{1,4})(?:st|nd|rd|th|ª|º|°|ère|ème|er|re|e|a|-й)?\.?[ ._-]*(?:",
        season_words!(),
        r")(?:[^\p{L}].*)?$"
    )
);
pattern!(WORD_BEHIND, concat!(r"(?i)[ ._-]+(?:", season_words!(), r")[ ._-]*(\d{1,4})(?:[^\d]|$)"));
pattern!(COUNTED, r"^第(\d{1,3})[季期]$");
pattern!(IN_WORDS, r"(?i)^(?:(?:season|series)[ ._-]+([a-z]+)|([a-z]+)[ ._-]+(?:season|series))$");
pattern!(EPISODE_BEHIND, r"(?i)^[ ._-]*e(?:p(?:isode)?)?[ ._-]*\d");

/// The season that a folder of a series is, by its name; the series' own title before it does not matter. 0 for
/// specials.
pub(super) fn season_number(folder: &str, series_title: &str) -> Option<u16> {
    let name = folder.trim().trim_start_matches('[').trim_end_matches(']');
    if let Some(found) = TOKEN.captures(name) {
        let before = title_key(&parse_name(&name.as_bytes()[..found.get(0)?.start()]).title);
        let is_of_series = before.is_empty() || before == title_key(series_title);
        return found[1].parse().ok().filter(|_| is_of_series && !TOKEN_EPISODE.is_match(name));
    }
    let rest = without_title(name, series_title);
    if is_specials(&rest) {
        return Some(0);
    }
    if (1..=4).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit()) {
        return rest.parse().ok();
    }
    if let Some(found) = WORD_FIRST.captures(&rest) {
        let is_episode = found.get(2).is_some_and(|behind| EPISODE_BEHIND.is_match(behind.as_str()));
        return found[1].parse().ok().filter(|_| !is_episode);
    }
    let patterns: [&Regex; 2] = [&NUMBER_FIRST, &COUNTED];
    patterns.into_iter().find_map(|pattern| pattern.captures(&rest)?[1].parse().ok()).or_else(|| in_words(&rest))
}

fn in_words(name: &str) -> Option<u16> {
    let found = IN_WORDS.captures(name)?;
    let (word, of_words) = found.get(1).map(|word| (word, 0)).or(found.get(2).map(|word| (word, 1)))?;
    let place = NUMBERS.iter().position(|words| words[of_words].eq_ignore_ascii_case(word.as_str()))?;
    u16::try_from(place + 1).ok()
}

/// What stands before the season in the name of a whole season's release (`The.Show.S01.1080p`, `The Show Season 1`), and
/// the season. `None` where there is nothing before it.
pub(super) fn before_season(name: &str) -> Option<(&str, u16)> {
    let patterns: [&Regex; 2] = [&TOKEN, &WORD_BEHIND];
    let found = patterns.into_iter().find_map(|pattern| pattern.captures(name))?;
    let before = name[..found.get(0)?.start()].trim_matches(|c: char| matches!(c, ' ' | '.' | '_' | '-' | '['));
    (!before.is_empty() && !TOKEN_EPISODE.is_match(name)).then(|| Some((before, found[1].parse().ok()?)))?
}

/// `Specials`, and what they are called elsewhere.
fn is_specials(name: &str) -> bool {
    const SPECIALS: &[&str] = &[
        "special",
        "specials",
        "seasonspecials",
        "especiales",
        "especiais",
        "speciali",
        "spéciaux",
        "horssérie",
        "horsséries",
        "sonderfolgen",
        "specjalne",
        "odcinkispecjalne",
        "specialer",
        "speciální",
        "erikoisjaksot",
        "спецвыпуски",
        "特典",
        "スペシャル",
        "특집",
    ];
    SPECIALS.contains(&title_key(name).as_str())
}

/// The name without the series' title and a year at its start.
pub(super) fn without_title(name: &str, title: &str) -> String {
    let key = title_key(title);
    let ends = name.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = (!key.is_empty()).then(|| ends.take_while(|&end| title_key(&name[..end]).len() <= key.len())).into_iter();
    let end = end.flatten().filter(|&end| title_key(&name[..end]) == key).last();
    let rest = end.map_or(name, |end| &name[end..]);
    let trimmed = rest.trim_start_matches([' ', '.', '_', '-', '[', '(']);
    let without_year = match (end, trimmed.split_once([')', ']'])) {
        (Some(_), Some((year, rest))) if year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => trimmed,
    };
    let rest = without_year.trim_matches(|c: char| matches!(c, ' ' | '.' | '_' | '-'));
    // A title that is all there is, is no title that was put before: `24` in the folder of `24`.
    if rest.is_empty() { name.to_owned() } else { rest.to_owned() }
}
