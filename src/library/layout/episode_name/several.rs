//! Several episodes in one file: what follows the first number.

use regex::Regex;

use crate::library::layout::Rule;
use crate::model::EpisodeRange;

use super::patterns::{NEXT_AND, NEXT_E, NEXT_N_X_N, NEXT_NUMBER, NEXT_S_E, NEXT_TO, S_E, S_E_START, SEASON_BEFORE};
use super::{EpisodeName, Hit, number};

/// One more episode.
struct Next {
    episode: u16,
    /// How long what tells it is.
    length: usize,
    /// Whether those between are meant as well: a dash leads to it, or a word.
    is_range: bool,
}

/// The hit with the further episodes behind it.
pub(super) fn numbered(name: &str, hit: &Hit) -> EpisodeName {
    let mut episodes = vec![hit.episode];
    let mut end = hit.end;
    let mut is_range = hit.last.is_some();
    episodes.extend(hit.last);
    // `S01E02a`: a half of an episode.
    if name[end..].starts_with(|c: char| ('a'..='i').contains(&c.to_ascii_lowercase()))
        && !name[end + 1..].starts_with(|c: char| c.is_alphanumeric())
    {
        end += 1;
    }
    while let Some(next) = next_episode(&name[end..], hit, &episodes) {
        episodes.push(next.episode);
        end += next.length;
        is_range = next.is_range;
    }
    episodes.extend(apart(name, end, hit, &episodes));
    if let ([first, last], true) = (episodes.as_slice(), is_range) {
        episodes = (*first..=*last).collect();
    }
    let (before, season) = season_before(before(name, hit.start), hit.season);
    EpisodeName { season, episodes, date: None, before, after: name[end..].to_owned(), rule: hit.rule }
}

/// What stands before a place in a name, without the separators that lead to it.
pub(super) fn before(name: &str, end: usize) -> &str {
    name[..end].trim_end_matches([' ', '.', '_', '-', '[', '('])
}

/// `Show S2 - 07`: the season stands apart from an episode that is counted alone.
fn season_before(before: &str, season: Option<u16>) -> (String, Option<u16>) {
    let found = SEASON_BEFORE.captures(before).filter(|_| season.is_none());
    match found.and_then(|found| Some((found.get(0)?.start(), (1..=3).find_map(|group| number(&found, group))?))) {
        Some((start, season)) if start > 0 => (before[..start].to_owned(), Some(season)),
        _ => (before.to_owned(), season),
    }
}

/// One more episode at the start of `rest`.
fn next_episode(rest: &str, hit: &Hit, known: &[u16]) -> Option<Next> {
    let (first, last) = (*known.first()?, *known.last()?);
    let is_certain = hit.season.is_some() && hit.rule != Rule::SeasonDigits;
    let next = with_season(rest, hit)
        .or_else(|| by_letter(rest))
        .or_else(|| bare(rest))
        .or_else(|| by_word(rest, last).filter(|_| is_certain))
        .or_else(|| digits(rest, hit))?;
    let is_further = EpisodeRange::new(first, next.episode).is_some() && next.episode > last;
    let is_whole = !rest[next.length..].starts_with(|c: char| c.is_ascii_digit());
    (is_further && is_whole).then_some(next)
}

fn with_season(rest: &str, hit: &Hit) -> Option<Next> {
    let patterns: [&Regex; 2] = [&NEXT_S_E, &NEXT_N_X_N];
    patterns.into_iter().find_map(|pattern| {
        let found = pattern.captures(rest)?;
        let is_same = hit.season.is_some() && number(&found, 1) == hit.season;
        is_same.then_some(Next::dashed(rest, number(&found, 2)?, found.get(0)?.end()))
    })
}

fn by_letter(rest: &str) -> Option<Next> {
    let found = NEXT_E.captures(rest)?;
    let is_codec = matches!(&found[1], "264" | "265" | "266");
    (!is_codec).then_some(Next::dashed(rest, number(&found, 1)?, found.get(0)?.end()))
}

/// A number alone must directly follow, and be no resolution (`-1080p`) or size.
fn bare(rest: &str) -> Option<Next> {
    let found = NEXT_NUMBER.captures(rest)?;
    let end = found.get(0)?.end();
    let is_whole = !rest[end..].starts_with(char::is_alphanumeric) || S_E_START.is_match(&rest[end..]);
    is_whole.then_some(Next::dashed(rest, number(&found, 1)?, end))
}

/// `1x01 to 10`; `S03E03 & 4`, only where that is the next one: `S01E05 and 20 more`.
fn by_word(rest: &str, last: u16) -> Option<Next> {
    if let Some(found) = NEXT_TO.captures(rest) {
        return Some(Next { episode: number(&found, 1)?, length: found.get(1)?.end(), is_range: true });
    }
    let found = NEXT_AND.captures(rest)?;
    let episode = number(&found, 1).filter(|&episode| Some(episode) == last.checked_add(1))?;
    Some(Next { episode, length: found.get(1)?.end(), is_range: false })
}

/// `Name.103.104`; in the folder of the season, `103` counts as a number in front.
fn digits(rest: &str, hit: &Hit) -> Option<Next> {
    let is_of_digits = matches!(hit.rule, Rule::SeasonDigits | Rule::LeadingNumber) && hit.season.is_some();
    let text = rest.strip_prefix(['.', '_', '-']).filter(|_| is_of_digits)?;
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u16 = text[..length].parse().ok().filter(|_| (3..=4).contains(&length))?;
    let is_same = Some(number / 100) == hit.season;
    is_same.then_some(Next { episode: number % 100, length: length + 1, is_range: false })
}

/// `S02E01-bar-S02E02-bar`: further episodes with words between, only where each is the next one.
fn apart(name: &str, end: usize, hit: &Hit, known: &[u16]) -> Vec<u16> {
    let mut further = Vec::new();
    let mut last = known.last().copied().unwrap_or(hit.episode);
    if hit.rule != Rule::SeasonEpisode {
        return further;
    }
    for found in S_E.captures_iter(&name[end..]) {
        if number(&found, 1) == hit.season && number(&found, 2) == last.checked_add(1) {
            last += 1;
            further.push(last);
        }
    }
    further
}

impl Next {
    /// The next one that the first so many bytes of `rest` tell.
    fn dashed(rest: &str, episode: u16, length: usize) -> Self {
        Self { episode, length, is_range: rest[..length].contains(['-', '~']) }
    }
}
