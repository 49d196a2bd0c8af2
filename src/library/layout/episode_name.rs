//! Seasons and episodes in the names of files and folders.
//!
//! The patterns are tried in the order of the functions below: what names season and episode is certain, what names
//! only an episode is a guess that needs a folder of a series around it, or at least a title before it. Numbers of
//! resolutions, years and release words are no episodes.
//!
//! - `patterns.rs`: the patterns.
//! - `several.rs`: several episodes in one file.
//! - `weak.rs`: what is a guess.

mod patterns;
mod several;
mod weak;

use regex::{Captures, Regex};

use self::patterns::{CHECKSUM, COUNTED_BEHIND, GROUPS, N_X_N, S_E, S_X, SEASON_WORDS};
use self::several::{before, numbered};
use super::Rule;
use super::air_date::{AirDate, date_in, short_date_in};
use super::season_name::without_title;

/// What the name of a file tells about the episodes in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EpisodeName {
    /// The season, where the name tells it.
    pub(super) season: Option<u16>,
    /// The episodes in their order; empty for one that is known by its date.
    pub(super) episodes: Vec<u16>,
    /// The day it was first shown.
    pub(super) date: Option<AirDate>,
    /// What stands before it: the title of the series, mostly.
    pub(super) before: String,
    /// What stands behind it: the title of the episode, mostly.
    pub(super) after: String,
    /// The pattern.
    pub(super) rule: Rule,
}

/// A pattern that fits, before the numbers behind it are looked at.
struct Hit {
    season: Option<u16>,
    episode: u16,
    /// The last one, where the pattern tells a range.
    last: Option<u16>,
    start: usize,
    end: usize,
    rule: Rule,
}

/// Seasons that are resolutions (`1920x1080`) or nonsense, as Jellyfin draws the line.
fn is_season(season: u16) -> bool {
    season < 200 || (1928..=2500).contains(&season)
}

/// Numbers that a name without certain signs hardly means as episodes.
fn is_year_or_size(number: u16) -> bool {
    (1900..=2099).contains(&number) || matches!(number, 240 | 360 | 480 | 540 | 576 | 720 | 1080 | 1440 | 2160 | 4320)
}

/// What a name tells that says season and episode, or the day. That is certain enough to stand alone.
pub(super) fn certain_episode(name: &str) -> Option<EpisodeName> {
    let hit = certain_hits(name).min_by_key(|hit| hit.rule != Rule::SeasonEpisode);
    // `60. Bölüm (31.01.2023)` is the 60th episode.
    let date = || dated(name, date_in(name).filter(|_| !COUNTED_BEHIND.is_match(name))?);
    hit.map(|hit| numbered(name, &hit)).or_else(date)
}

/// What a name tells outside the folder of a series: what is certain, or a number that is marked as an episode's and has a
/// title before it. A number at the end is none: `Apollo 13`.
pub(super) fn titled_episode(name: &str) -> Option<EpisodeName> {
    certain_episode(name).or_else(|| {
        let name = CHECKSUM.replace_all(name, "");
        let marked = weak::marked(&name).map(|hit| numbered(&name, &hit));
        let short_date = || dated(&name, short_date_in(&name)?);
        let is_set_off = |hit: &Hit| name[..hit.start].ends_with(['.', '_']);
        let digits = || weak::digits(&name, false).filter(is_set_off).map(|hit| numbered(&name, &hit));
        let found = marked.or_else(short_date).or_else(digits)?;
        found.before.contains(char::is_alphabetic).then_some(found)
    })
}

/// What a name tells in the folder of a series of that title, of that season where the folder tells one. The title, and
/// groups in brackets before it, are taken off first: numbers in them are no episodes.
pub(super) fn episode_of_series(name: &str, title: &str, season: Option<u16>) -> Option<EpisodeName> {
    let name = CHECKSUM.replace_all(name, "");
    let rest = without_title(&GROUPS.replace(&name, ""), title);
    let after_title = (rest != name).then(|| weak::leading_word(&rest, season.or(Some(0)))).flatten();
    let range =
        (rest != name).then(|| weak::leading_range(&rest)).flatten().filter(|_| certain_episode(&rest).is_none());
    let of_rest = range
        .map(|hit| numbered(&rest, &hit))
        .or_else(|| episode_in_series(&rest, season))
        .or_else(|| Some(numbered(&rest, &after_title?)));
    // `Show.203`: without the title, the three digits would be one number.
    let is_vague = |found: &EpisodeName| {
        found.rule == Rule::LeadingNumber && matches!(found.episodes.as_slice(), [only] if *only > 99)
    };
    match of_rest {
        Some(found) if !is_vague(&found) => Some(found),
        vague => episode_in_series(&name, season).or(vague),
    }
}

/// What a name tells in a series, of that season where the folder tells one.
pub(super) fn episode_in_series(name: &str, season: Option<u16>) -> Option<EpisodeName> {
    let by_number = || {
        let hit = weak::leading(name, season)
            .or_else(|| weak::absolute(name))
            .or_else(|| weak::digits(name, false))
            .or_else(|| weak::leading_word(name, season))
            .or_else(|| weak::trailing(name, season))
            .or_else(|| weak::part(name))
            .or_else(|| weak::digits(name, true))?;
        Some(numbered(name, &hit))
    };
    certain_episode(name)
        .or_else(|| Some(numbered(name, &weak::by_word(name)?)))
        .or_else(|| dated(name, short_date_in(name)?))
        .or_else(by_number)
}

fn dated(name: &str, (date, start, end): (AirDate, usize, usize)) -> Option<EpisodeName> {
    Some(EpisodeName {
        season: None,
        episodes: Vec::new(),
        date: Some(date),
        before: before(name, start).to_owned(),
        after: name[end..].to_owned(),
        rule: Rule::EpisodeDate,
    })
}

fn certain_hits(name: &str) -> impl Iterator<Item = Hit> {
    let of = |pattern: &'static Regex, rule: Rule| {
        pattern.captures_iter(name).filter_map(move |found| {
            let (season, episode) = (number(&found, 1)?, number(&found, 2)?);
            let whole = found.get(0)?;
            let is_whole = !name[whole.end()..].starts_with(|c: char| c.is_ascii_digit());
            let start = whole.start() + separator_length(whole.as_str());
            (is_season(season) && is_whole).then_some(Hit {
                season: Some(season),
                episode,
                last: None,
                start,
                end: whole.end(),
                rule,
            })
        })
    };
    of(&S_E, Rule::SeasonEpisode)
        .chain(of(&SEASON_WORDS, Rule::SeasonWords))
        .chain(of(&S_X, Rule::SeasonXEpisode))
        .chain(of(&N_X_N, Rule::SeasonXEpisode))
}

/// The length of the separator that a pattern needs in front.
fn separator_length(matched: &str) -> usize {
    matched.chars().next().filter(|c| !c.is_alphanumeric()).map_or(0, char::len_utf8)
}

fn number(found: &Captures<'_>, group: usize) -> Option<u16> {
    found.get(group)?.as_str().parse().ok()
}

fn hit(found: &Captures<'_>, group: usize, rule: Rule) -> Option<Hit> {
    let matched = found.get(group)?;
    let (start, end) = (found.get(0)?.start(), matched.end());
    Some(Hit { season: None, episode: matched.as_str().parse().ok()?, last: None, start, end, rule })
}
