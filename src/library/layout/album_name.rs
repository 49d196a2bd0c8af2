//! Title and year of an album in the name of its folder.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::MediaIdentity;

use super::provider_ids::take_ids;
use super::season_name::without_title;
use super::title::{clean, decode, without_square_groups};

// The patterns are constants, so `unwrap` cannot fail that a test has not seen fail.
static YEAR_FIRST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:\((\d{4})\)|\[(\d{4})\]|(\d{4})[ _]*[-–.])[ ._-]*(.+)$").unwrap());

static YEAR_BEHIND: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[\(\[](\d{4})[\)\]]").unwrap());

static DISC: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^(?:cd|digital media|disc|disk|dvd|vol|vol\.|volume|part|act)[ ._-]*(\d{1,3})(?:[^\p{L}\p{N}].*)?$",
    )
    .unwrap()
});

/// What the name of an album's folder tells: `1979 - The Wall`, `The Wall (1979) [FLAC]`, `Pink Floyd - The Wall`.
#[must_use]
pub fn album_identity(name: &[u8], artist: Option<&str>) -> MediaIdentity {
    let text = decode(name);
    let rest = artist.map_or_else(|| text.clone(), |artist| without_artist(&text, artist));
    let (year, rest) = year_first(&rest);
    let rest = artist.map_or_else(|| rest.clone(), |artist| without_artist(&rest, artist));
    let (ids, rest) = take_ids(&rest);
    let (year, rest) = match (year, year_in_brackets(&rest)) {
        (None, Some((year, before))) => (Some(year), before.to_owned()),
        (Some(year), Some((again, before))) if again == year => (Some(year), before.to_owned()),
        (year, _) => (year, rest),
    };
    let without_groups = clean(&without_square_groups(&rest));
    let title = if without_groups.is_empty() { clean(&rest) } else { without_groups };
    MediaIdentity { title, year, ids }
}

/// Whether a folder of that name is one disc of an album.
pub(super) fn is_album_disc(name: &[u8]) -> bool {
    DISC.is_match(decode(name).trim())
}

fn year_first(text: &str) -> (Option<u16>, String) {
    let whole = || (None, text.to_owned());
    let Some(found) = YEAR_FIRST.captures(text) else { return whole() };
    let year = (1..=3).find_map(|group| found.get(group)?.as_str().parse().ok());
    match year.filter(|year| (1900..=2099).contains(year)) {
        Some(year) => (Some(year), found[4].to_owned()),
        None => whole(),
    }
}

/// A year in brackets behind a title, and that title. Other words in the brackets are of the title: `(2012 Remaster)`.
fn year_in_brackets(text: &str) -> Option<(u16, &str)> {
    let found = YEAR_BEHIND.captures(text)?;
    let year = found[1].parse().ok().filter(|year| (1900..=2099).contains(year))?;
    Some((year, &text[..found.get(0)?.start()])).filter(|(_, before)| !before.trim().is_empty())
}

/// The name without the artist and a dash at its start. An album called like its artist keeps its name.
fn without_artist(text: &str, artist: &str) -> String {
    let rest = without_title(text, artist);
    let is_cut_at_dash = text[..text.len() - text.len().min(rest.len())].contains(['-', '–']);
    if is_cut_at_dash && rest.chars().any(char::is_alphabetic) { rest } else { text.to_owned() }
}
