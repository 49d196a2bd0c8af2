//! Which series a name is of.

use crate::model::{MediaIdentity, Name};

use super::air_date::{date_in, short_date_in};
use super::episode_name::certain_episode;
use super::pattern::pattern;
use super::season_name::before_season;
use super::title::{before_release, decode, parse_name, plain_brackets, title_key};

// What may stand between a title and the season and episode: the number among all episodes, or the episode before its day.
pattern!(NUMBER_AT_END, r"^(\[.*[^ ._-])[ ._]+-[ ._]+\d{1,4}(?:\.\d)?$");
pattern!(EPISODE_AT_END, r"(?i)^(.*[^ ._-])[ ._-]+e\d{1,4}$");
pattern!(
    SEASON_AT_END,
    r"(?i)^(.*[^ ._-])[ ._-]+(?:season|staffel|saison|temporada|stagione|seizoen|sezon|sesong|säsong|kausi|сезон)[ ._-]*\d{1,3}[ ._-]*$"
);
// `The Show Complete Series S01-S04`, of which the seasons are cut off already.
pattern!(COMPLETE_AT_END, r"(?i)^(.*[^ ._-])[ ._-]+(?:the[ ._])?complete(?:[ ._]series)?[ ._-]*$");
pattern!(GROUP, r"\[[^\]]*\]");
// A number alone in brackets is the year.
pattern!(GROUPS_AT_END, r"^(.*[^ ._\]-])(?:[ ._-]*\[[^\]]*[^\]\d][^\]]*\])+$");
// What fansub groups write about the season a show was on.
pattern!(STARS, r"★?\d{1,2}月新番★?");

/// What the name of a series' folder tells; what it says of a season or episode (`The.Show.S01.1080p`) is cut off.
#[must_use]
pub fn series_identity(name: &Name) -> MediaIdentity {
    let text = decode(name.as_bytes());
    let of_episode = certain_episode(&text).map(|episode| episode.before);
    let of_season = || before_season(&text).map(|(before, _)| before.to_owned());
    let whole = parse_name(name.as_bytes());
    match of_episode.or_else(of_season).filter(|before| !before.trim().is_empty()) {
        None => whole,
        Some(before) => MediaIdentity { ids: whole.ids, ..series_before(&before) },
    }
}

/// What stands before the episode in the name of a file tells of the series.
pub(super) fn series_before(before: &str) -> MediaIdentity {
    let plain = plain_brackets(before);
    let plain = STARS.replace_all(&plain, "");
    let mut text = without_open_bracket(without_date(&plain)).trim_end();
    for end in [&GROUPS_AT_END, &EPISODE_AT_END, &NUMBER_AT_END, &SEASON_AT_END, &COMPLETE_AT_END] {
        text = end.captures(text).and_then(|found| found.get(1)).map_or(text, |rest| rest.as_str());
    }
    parse_name(between_groups(text).as_bytes())
}

/// Whether what stands before an episode is that title, or nothing.
pub(super) fn is_of_title(before: &str, title: &str) -> bool {
    let key = title_key(&series_before(before).title);
    key.is_empty() || key == title_key(title)
}

/// `Judge 2016 02 25`, `Judge 2016 02 25 WEBRip`, `160225 Judge`, of which the day is not of the title.
fn without_date(text: &str) -> &str {
    let Some((_, start, end)) = date_in(text).or_else(|| short_date_in(text).filter(|(_, start, _)| *start == 0))
    else {
        return text;
    };
    let behind = before_release(text).get(end..).unwrap_or_default();
    match start {
        0 if behind.contains(char::is_alphabetic) => text[end..].trim_start_matches([' ', '.', '_', '-']),
        1.. if !behind.contains(char::is_alphanumeric) => {
            text[..start].trim_end_matches([' ', '.', '_', '-', '(', '['])
        }
        _ => text,
    }
}

/// `Show [HDTV` of `Show [HDTV][Cap.101]`.
fn without_open_bracket(text: &str) -> &str {
    match text.rfind('[') {
        Some(open) if open > 0 && !text[open..].contains(']') => &text[..open],
        _ => text,
    }
}

/// The name in `[Group][Name]`: where brackets are all there is, the first tells who made it. Of several further ones, the
/// one in Latin letters, as providers know it.
fn between_groups(text: &str) -> &str {
    if GROUP.replace_all(text, "").contains(char::is_alphanumeric) {
        return text;
    }
    let is_name = |group: &&str| group.contains(char::is_alphabetic);
    let groups: Vec<&str> = text.split('[').filter_map(|group| group.split(']').next()).filter(is_name).collect();
    let further = groups.get(1..).unwrap_or_default();
    let in_latin = further.iter().find(|group| group.contains(|c: char| c.is_ascii_alphabetic()));
    in_latin.or(further.first()).or(groups.first()).copied().unwrap_or(text)
}
