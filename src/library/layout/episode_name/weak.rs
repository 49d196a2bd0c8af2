//! Numbers that are episodes only because of what stands around them.

use regex::{Captures, Regex};

use crate::library::layout::Rule;
use crate::library::layout::release::is_release_word;
use crate::library::layout::title::before_release;
use crate::model::EpisodeRange;

use super::patterns::{
    BRACKETED, BRACKETED_RANGE, CHAPTER, COUNTED, COUNTED_BEHIND, DASHED, DASHED_TIGHTLY, EPISODE_ONLY, LEADING,
    LEADING_RANGE, LEADING_WORD, OF, PART, SEASON_BEFORE, SEASON_WORD_AT_END, SPECIAL, TRAILING, TRAILING_RANGE,
};
use super::{Hit, hit, is_year_or_size, number};

/// A season and an episode at the start take no more than `123-123`.
const MARK_BYTES_MAX: usize = 7;

/// What is marked as an episode by a word, or as groups mark it: `[Group] Name 12`, `Name - 12 [720p]`, `Name - 012 - Title`;
/// a part only where a release is told behind it.
pub(super) fn marked(name: &str) -> Option<Hit> {
    let is_of_group = name.starts_with('[');
    let is_marked = |hit: &Hit| {
        let (number, behind) = (&name[hit.start..hit.end], name[hit.end..].trim_start());
        let is_padded = number.trim_start_matches([' ', '_', '.', '-', '[', '{', '(']).starts_with('0');
        let first_word = behind.split([' ', '.', '_']).next().unwrap_or_default();
        is_padded
            || is_of_group
            || behind.starts_with(['[', '('])
            || behind.starts_with("- ")
            || is_release_word(first_word)
    };
    // `Name S21 999`.
    let is_behind_season = |hit: &Hit| SEASON_BEFORE.is_match(&name[..hit.start]);
    let of_release = || part(name).filter(|_| before_release(name).len() < name.len());
    by_word(name)
        .filter(|hit| hit.season != Some(0))
        .or_else(|| absolute(name).filter(is_marked))
        .or_else(|| trailing(name, None).filter(|hit| is_of_group || is_behind_season(hit)))
        .or_else(of_release)
}

/// `E03`, `ep 3`, `Episode 16`, `Cap.201`, `SP01` (a special), `第03話`, `5of9`.
pub(super) fn by_word(name: &str) -> Option<Hit> {
    if let Some(found) = CHAPTER.captures(name) {
        return chapter(&found);
    }
    if let Some(found) = SPECIAL.captures(name) {
        return Some(Hit { season: Some(0), ..hit(&found, 1, Rule::EpisodeOnly)? });
    }
    let patterns: [&Regex; 4] = [&EPISODE_ONLY, &COUNTED, &COUNTED_BEHIND, &OF];
    patterns.into_iter().find_map(|pattern| hit(&pattern.captures(name)?, 1, Rule::EpisodeOnly))
}

/// `Cap.201`, `Cap.111_120`.
fn chapter(found: &Captures<'_>) -> Option<Hit> {
    let (season, episode) = (number(found, 1), number(found, 2)?);
    let last = number(found, 4).filter(|_| number(found, 3) == season);
    let last = last.and_then(|last| EpisodeRange::new(episode, last)).map(EpisodeRange::last).filter(|&l| l > episode);
    let end = found.get(4).filter(|_| last.is_some()).or(found.get(2))?.end();
    Some(Hit { season, episode, last, start: found.get(0)?.start(), end, rule: Rule::EpisodeOnly })
}

/// `01-12`, `01 ~ 12`, where the title of the series stood before it.
pub(super) fn leading_range(name: &str) -> Option<Hit> {
    let found = range(&LEADING_RANGE.captures(name)?)?;
    Some(Hit { rule: Rule::LeadingNumber, ..found })
}

/// `02.avi`, `02 - Title`, `2. Title`, `02-04`; `4-12 - Title` names season and episode where no folder names the season.
pub(super) fn leading(name: &str, season: Option<u16>) -> Option<Hit> {
    if let Some(found) = LEADING_RANGE.captures(name)
        && season.is_none()
        && found.get(2)?.end() < name.len()
        && found.get(2)?.end() <= MARK_BYTES_MAX
    {
        let (season, episode) = (number(&found, 1)?, number(&found, 2)?);
        let end = found.get(2)?.end();
        return Some(Hit { season: Some(season), episode, last: None, start: 0, end, rule: Rule::LeadingNumber });
    }
    let hit = folded(hit(&LEADING.captures(name)?, 1, Rule::LeadingNumber)?, season)?;
    // Four digits are a year or a title, unless they begin with the season.
    (hit.episode < 1000).then_some(hit)
}

/// `16 Some Title`, in a season folder only.
pub(super) fn leading_word(name: &str, season: Option<u16>) -> Option<Hit> {
    season?;
    folded(hit(&LEADING_WORD.captures(name)?, 1, Rule::LeadingNumber)?, season)
}

/// `[Group] Name - 12`, `[Group][Name][04]`, `Name - 101`, `Name (01-12)`.
pub(super) fn absolute(name: &str) -> Option<Hit> {
    let is_number = |hit: &Hit| !is_year_or_size(hit.episode);
    dashed(name)
        .filter(is_number)
        .or_else(|| {
            BRACKETED.captures_iter(name).filter_map(|found| hit(&found, 1, Rule::AbsoluteNumber)).find(is_number)
        })
        .or_else(|| range(&BRACKETED_RANGE.captures(name)?))
        .or_else(|| {
            let found = DASHED_TIGHTLY.captures(name)?;
            let start = found.get(1)?.start();
            Some(Hit { start, ..hit(&found, 2, Rule::AbsoluteNumber)? })
        })
}

/// The number behind a dash: of several, the last that brackets follow, as in the names of groups, else the first.
fn dashed(name: &str) -> Option<Hit> {
    let of = |found: Captures<'_>| {
        let start = found.get(1)?.start();
        Some(Hit { start, ..hit(&found, 2, Rule::AbsoluteNumber)? })
    };
    let all = || DASHED.captures_iter(name).filter_map(of);
    let is_followed_by_group = |hit: &Hit| name[hit.end..].trim_start().starts_with(['[', '(']);
    all().filter(is_followed_by_group).last().or_else(|| all().next())
}

/// `01-12`, but no years: `2009-2013`.
fn range(found: &Captures<'_>) -> Option<Hit> {
    let (first, last) = (number(found, 1)?, number(found, 2)?);
    let is_range = first < last && !is_year_or_size(first) && !is_year_or_size(last);
    let (start, end) = (found.get(1)?.start(), found.get(2)?.end());
    let last = EpisodeRange::new(first, last).map(EpisodeRange::last);
    is_range.then_some(Hit { season: None, episode: first, last, start, end, rule: Rule::AbsoluteNumber })
}

/// `Name 05`, with release words and groups in brackets behind it, or at least one certain word of a release.
pub(super) fn trailing(name: &str, season: Option<u16>) -> Option<Hit> {
    let mut text = name.trim_end();
    while let Some((before, last)) = without_last(text) {
        if !last.is_empty() && !is_release_word(last) {
            break;
        }
        text = before;
    }
    let before_release = before_release(name).trim_end_matches([' ', '_', '.', '[', '(', '-']);
    [text, before_release].into_iter().find_map(|text| at_end(text, season))
}

fn at_end(text: &str, season: Option<u16>) -> Option<Hit> {
    if let Some(range) = TRAILING_RANGE.captures(text).and_then(|found| range(&found)) {
        return Some(range);
    }
    let found = TRAILING.captures(text)?;
    let group = if found.get(1).is_some() { 1 } else { 2 };
    let start = found.get(group)?.start();
    // `Show - Season 1` is all of it.
    let is_season = SEASON_WORD_AT_END.is_match(text[..start].trim_end_matches([' ', '_', '.']));
    let hit = hit(&found, group, Rule::TrailingNumber).filter(|hit| hit.episode > 0 && !is_season)?;
    folded(Hit { start, ..hit }, season).filter(|hit| !is_year_or_size(hit.episode))
}

/// A text without the group in brackets, or the word, that it ends with; the word, empty for a group.
fn without_last(text: &str) -> Option<(&str, &str)> {
    let open = match text.chars().next_back()? {
        ']' => '[',
        ')' => '(',
        _ => {
            let (before, last) = text.rsplit_once([' ', '_'])?;
            return Some((before.trim_end_matches([' ', '_']), last));
        }
    };
    let before = text[..text.rfind(open)?].trim_end_matches([' ', '_']);
    (!before.is_empty()).then_some((before, ""))
}

/// `Part 2`, `Pt.III`.
pub(super) fn part(name: &str) -> Option<Hit> {
    let found = PART.captures(name)?;
    let matched = found.get(1)?;
    let episode = matched.as_str().parse().ok().or_else(|| roman_or_word(matched.as_str()))?;
    let (start, end) = (found.get(0)?.start(), matched.end());
    Some(Hit { season: None, episode, last: None, start, end, rule: Rule::EpisodePart })
}

fn roman_or_word(text: &str) -> Option<u16> {
    const ROMAN: &[&str] = &["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii"];
    const WORDS: &[&str] = &["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let lower = text.to_ascii_lowercase();
    let place = [ROMAN, WORDS].into_iter().find_map(|table| table.iter().position(|known| *known == lower))?;
    u16::try_from(place + 1).ok()
}

/// `Name.103`: season 1, episode 3. Between spaces only with a leading zero (`0807`), as titles have numbers there.
pub(super) fn digits(name: &str, is_spaced: bool) -> Option<Hit> {
    let is_separator = |c: char| matches!(c, '.' | '_' | '-' | ' ');
    let (mut start, mut separator, mut previous) = (0, None, "");
    for piece in name.split_inclusive(is_separator) {
        let token = piece.trim_end_matches(is_separator);
        let is_number = (3..=4).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_digit());
        let is_codec = matches!(previous.to_ascii_lowercase().as_str(), "h" | "x" | "ddp5" | "dd5");
        let is_marked = match separator {
            None => false,
            Some(' ') => is_spaced && token.len() == 4 && token.starts_with('0'),
            Some(_) => !is_spaced,
        };
        if is_number && !is_codec && is_marked {
            let value: u16 = token.parse().ok()?;
            if !is_year_or_size(value) && !value.is_multiple_of(100) && value > 100 {
                let (season, episode) = (Some(value / 100), value % 100);
                let end = start + token.len();
                return Some(Hit { season, episode, last: None, start, end, rule: Rule::SeasonDigits });
            }
        }
        (previous, separator) = (token, piece.chars().next_back().filter(|c| is_separator(*c)));
        start += piece.len();
    }
    None
}

/// `203` in the folder of season 2 is its episode 3.
fn folded(hit: Hit, season: Option<u16>) -> Option<Hit> {
    match season {
        Some(season) if season > 0 && hit.episode / 100 == season && !hit.episode.is_multiple_of(100) => {
            Some(Hit { episode: hit.episode % 100, season: Some(season), ..hit })
        }
        _ => Some(hit),
    }
}
