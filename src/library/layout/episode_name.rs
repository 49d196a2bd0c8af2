//! Seasons and episodes in the names of files and folders.
//!
//! The patterns are tried in the order of the functions below: what names season and episode is certain, what names
//! only an episode is a guess that needs a folder of a series around it. Numbers of resolutions, years and release words
//! are no episodes.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::model::EpisodeRange;

use super::Rule;
use super::air_date::{AirDate, date_in};
use super::season_name::without_title;
use super::title::is_release_word;

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
    start: usize,
    end: usize,
    rule: Rule,
}

/// A pattern that is compiled when first used. It is a constant, so `unwrap` cannot fail that a test has not seen fail.
macro_rules! pattern {
    ($name:ident, $pattern:literal) => {
        static $name: LazyLock<Regex> = LazyLock::new(|| Regex::new($pattern).unwrap());
    };
}

pattern!(S_E, r"(?i)s(\d{1,4})[\]\[ ._-]*x?[\]\[ ._-]*e(?:p(?:isode)?)?[ ._-]*(\d{1,5})");
pattern!(S_X, r"(?i)(?:^|[^\p{L}\p{N}])s(\d{1,4})x(\d{1,4})");
pattern!(
    SEASON_WORDS,
    r"(?i)(?:season|series|staffel|saison|temporada|stagione|seizoen|sezon|sæson|säsong|kausi|serie)[ ._-]*(\d{1,4})[ ._,-]*(?:episode|episodio|épisode|folge|aflevering|afsnit|avsnitt|jakso|odcinek|ep|e)[ ._-]*(\d{1,4})"
);
pattern!(N_X_N, r"(?i)(?:^|[ ._\-\[(])(\d{1,4})x(\d{1,4})");
pattern!(
    EPISODE_ONLY,
    r"(?i)(?:^|[^\p{L}\p{N}])(?:(?:ep|eps|episode|episodio|épisode|folge|aflevering|avsnitt|odc|odcinek)[ ._-]*|e|#)(\d{1,5})"
);
pattern!(CHAPTER, r"(?i)(?:^|[^\p{L}\p{N}])cap(?:[ií]tulo)?[ ._-]*(\d{1,2})(\d{2})(?:[^\p{L}\p{N}]|$)");
pattern!(SPECIAL, r"(?i)(?:^|[^\p{L}\p{N}])sp(\d{1,3})(?:[^\p{L}\p{N}]|$)");
pattern!(COUNTED, r"第(\d{1,4})[話话集回]");
pattern!(OF, r"(?i)(?:^|[^\p{L}\p{N}])(\d{1,3})[ ._]?of[ ._]?\d{1,3}(?:[^\p{L}\p{N}]|$)");
pattern!(BRACKETED, r"(?i)[\[{](\d{1,4})(?:v\d)?(?:[ _]?end)?[\]}]");
pattern!(DASHED, r"(?i)[^ _]([ _]+-[ _]+)(\d{1,4})(?:v\d)?(?:$|[^\p{L}\p{N}.]|\.[^\d])");
pattern!(LEADING, r"^(\d{1,4})(?:v\d)?(?:[ _]*[-\[({]|\.|$)");
pattern!(LEADING_RANGE, r"^(\d{1,3})-(\d{1,3})(?:$|[^\p{L}\p{N}])");
pattern!(LEADING_WORD, r"^(\d{1,3})[ _]");
pattern!(TRAILING, r"(?i)[^\d ._-][ _]+(\d{1,4})(?:v\d)?$");
pattern!(
    PART,
    r"(?i)(?:^|[^\p{L}])p(?:ar)?t[ ._-]*(\d{1,3}|[ivx]{1,5}|one|two|three|four|five|six|seven|eight|nine|ten)(?:[^\p{L}\p{N}]|$)"
);
pattern!(NEXT_S_E, r"(?i)^[ ._]*[-~&+,]?[ ._]*s(\d{1,4})[ ._-]*e(?:p)?[ ._]?(\d{1,5})");
pattern!(NEXT_N_X_N, r"(?i)^[ ._]*[-~&+,]?[ ._]*(\d{1,4})x(\d{1,4})");
pattern!(NEXT_E, r"(?i)^[ ._]*[-~&+,]?[ ._]*(?:x?e(?:p)?[ ._]?|x)(\d{1,5})");
pattern!(S_E_START, r"(?i)^s\d{1,4}e\d");
pattern!(CHECKSUM, r"[\[(][0-9A-Fa-f]{8}[\])]");
pattern!(GROUPS, r"^(?:\[[^\]]*\][ ._-]*)+");
pattern!(NEXT_NUMBER, r"^[-_~](\d{1,4})");

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
    match (hit, date_in(name)) {
        (Some(hit), _) => Some(numbered(name, &hit)),
        (None, Some((date, start, end))) => Some(EpisodeName {
            season: None,
            episodes: Vec::new(),
            date: Some(date),
            before: before(name, start),
            after: name[end..].to_owned(),
            rule: Rule::EpisodeDate,
        }),
        (None, None) => None,
    }
}

/// What a name tells in the folder of a series of that title, of that season where the folder tells one. The title, and
/// groups in brackets before it, are taken off first: numbers in them are no episodes.
pub(super) fn episode_of_series(name: &str, title: &str, season: Option<u16>) -> Option<EpisodeName> {
    let name = CHECKSUM.replace_all(name, "");
    let rest = without_title(&GROUPS.replace(&name, ""), title);
    let after_title = (rest != name).then(|| leading_word(&rest, season.or(Some(0)))).flatten();
    let of_rest = episode_in_series(&rest, season).or_else(|| Some(numbered(&rest, &after_title?)));
    // `Show.203`: without the title, the three digits would be one number.
    let is_vague = |found: &EpisodeName| found.rule == Rule::LeadingNumber && found.episodes[0] > 99;
    match of_rest {
        Some(found) if !is_vague(&found) => Some(found),
        vague => episode_in_series(&name, season).or(vague),
    }
}

/// What a name tells in a series, of that season where the folder tells one.
pub(super) fn episode_in_series(name: &str, season: Option<u16>) -> Option<EpisodeName> {
    certain_episode(name).or_else(|| {
        let hit = episode_only(name)
            .or_else(|| leading(name, season))
            .or_else(|| anime(name))
            .or_else(|| digits(name, false))
            .or_else(|| leading_word(name, season))
            .or_else(|| trailing(name, season))
            .or_else(|| part(name))
            .or_else(|| digits(name, true))?;
        Some(numbered(name, &hit))
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
    Some(Hit { season: None, episode: matched.as_str().parse().ok()?, start, end, rule })
}

/// `E03`, `ep 3`, `Episode 16`, `Cap.201`, `SP01` (a special), `第03話`, `5of9`.
fn episode_only(name: &str) -> Option<Hit> {
    if let Some(found) = CHAPTER.captures(name) {
        let last = found.get(2)?;
        let (season, episode) = (number(&found, 1), number(&found, 2)?);
        return Some(Hit { season, episode, start: found.get(0)?.start(), end: last.end(), rule: Rule::EpisodeOnly });
    }
    if let Some(found) = SPECIAL.captures(name) {
        return Some(Hit { season: Some(0), ..hit(&found, 1, Rule::EpisodeOnly)? });
    }
    let patterns: [&Regex; 3] = [&EPISODE_ONLY, &COUNTED, &OF];
    patterns.into_iter().find_map(|pattern| hit(&pattern.captures(name)?, 1, Rule::EpisodeOnly))
}

/// `02.avi`, `02 - Title`, `2. Title`, `02-04`; `4-12 - Title` names season and episode where no folder names the season.
fn leading(name: &str, season: Option<u16>) -> Option<Hit> {
    if let Some(found) = LEADING_RANGE.captures(name)
        && season.is_none()
        && found.get(2)?.end() < name.len()
    {
        let (season, episode) = (number(&found, 1)?, number(&found, 2)?);
        let end = found.get(2)?.end();
        return Some(Hit { season: Some(season), episode, start: 0, end, rule: Rule::LeadingNumber });
    }
    let hit = folded(hit(&LEADING.captures(name)?, 1, Rule::LeadingNumber)?, season)?;
    // Four digits are a year or a title, unless they begin with the season.
    (hit.episode < 1000).then_some(hit)
}

/// `16 Some Title`, in a season folder only.
fn leading_word(name: &str, season: Option<u16>) -> Option<Hit> {
    season?;
    folded(hit(&LEADING_WORD.captures(name)?, 1, Rule::LeadingNumber)?, season)
}

/// `[Group] Name - 12`, `[Group][Name][04]`, `Name - 101`.
fn anime(name: &str) -> Option<Hit> {
    let dashed = DASHED.captures(name).and_then(|found| {
        let start = found.get(1)?.start();
        Some(Hit { start, ..hit(&found, 2, Rule::AbsoluteNumber)? })
    });
    let bracketed = || BRACKETED.captures_iter(name).find_map(|found| hit(&found, 1, Rule::AbsoluteNumber));
    dashed
        .filter(|hit| !is_year_or_size(hit.episode))
        .or_else(|| bracketed().filter(|hit| !is_year_or_size(hit.episode)))
}

/// `Name 05`, with release words and groups in brackets behind it.
fn trailing(name: &str, season: Option<u16>) -> Option<Hit> {
    let mut text = name.trim_end();
    while let Some((before, last)) = without_last(text) {
        if !last.is_empty() && !is_release_word(last) {
            break;
        }
        text = before;
    }
    let hit = hit(&TRAILING.captures(text)?, 1, Rule::TrailingNumber)?;
    let start = hit.end - hit.episode.to_string().len();
    folded(Hit { start: start.min(hit.end), ..hit }, season).filter(|hit| !is_year_or_size(hit.episode))
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
fn part(name: &str) -> Option<Hit> {
    let found = PART.captures(name)?;
    let matched = found.get(1)?;
    let episode = matched.as_str().parse().ok().or_else(|| roman_or_word(matched.as_str()))?;
    Some(Hit { season: None, episode, start: found.get(0)?.start(), end: matched.end(), rule: Rule::EpisodePart })
}

fn roman_or_word(text: &str) -> Option<u16> {
    const ROMAN: &[&str] = &["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii"];
    const WORDS: &[&str] = &["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let lower = text.to_ascii_lowercase();
    let place = [ROMAN, WORDS].into_iter().find_map(|table| table.iter().position(|known| *known == lower))?;
    u16::try_from(place + 1).ok()
}

/// `Name.103`: season 1, episode 3. Between spaces only with a leading zero (`0807`), as titles have numbers there.
fn digits(name: &str, is_spaced: bool) -> Option<Hit> {
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
                return Some(Hit { season, episode, start, end: start + token.len(), rule: Rule::SeasonDigits });
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

/// The hit with the further episodes behind it.
fn numbered(name: &str, hit: &Hit) -> EpisodeName {
    let mut episodes = vec![hit.episode];
    let mut end = hit.end;
    let mut is_dashed = false;
    // `S01E02a`: a half of an episode.
    if name[end..].starts_with(|c: char| ('a'..='i').contains(&c.to_ascii_lowercase()))
        && !name[end + 1..].starts_with(|c: char| c.is_alphanumeric())
    {
        end += 1;
    }
    while let Some((episode, length, has_dash)) = next_episode(&name[end..], hit, &episodes) {
        episodes.push(episode);
        end += length;
        is_dashed = has_dash;
    }
    episodes.extend(apart(name, end, hit, &episodes));
    if let ([first, last], true) = (episodes.as_slice(), is_dashed) {
        episodes = (*first..=*last).collect();
    }
    EpisodeName {
        season: hit.season,
        episodes,
        date: None,
        before: before(name, hit.start),
        after: name[end..].to_owned(),
        rule: hit.rule,
    }
}

/// What stands before a place in a name, without the separators that lead to it.
fn before(name: &str, end: usize) -> String {
    name[..end].trim_end_matches([' ', '.', '_', '-', '[', '(']).to_owned()
}

/// One more episode at the start of `rest`: its number, how long it is, and whether a dash leads to it.
fn next_episode(rest: &str, hit: &Hit, known: &[u16]) -> Option<(u16, usize, bool)> {
    let with_season: [&Regex; 2] = [&NEXT_S_E, &NEXT_N_X_N];
    let same_season = with_season.into_iter().find_map(|pattern| {
        let found = pattern.captures(rest)?;
        let is_same = hit.season.is_some() && number(&found, 1) == hit.season;
        is_same.then_some((number(&found, 2)?, found.get(0)?.end()))
    });
    let by_letter = || {
        let found = NEXT_E.captures(rest)?;
        let is_codec = matches!(&found[1], "264" | "265" | "266");
        (!is_codec).then_some((number(&found, 1)?, found.get(0)?.end()))
    };
    // A number alone must directly follow, and be no resolution (`-1080p`) or size.
    let bare = || {
        let found = NEXT_NUMBER.captures(rest)?;
        let end = found.get(0)?.end();
        let is_whole = !rest[end..].starts_with(char::is_alphanumeric) || S_E_START.is_match(&rest[end..]);
        is_whole.then_some((number(&found, 1)?, end))
    };
    let (episode, length) = same_season.or_else(by_letter).or_else(bare)?;
    let last = *known.last()?;
    let is_range = EpisodeRange::new(*known.first()?, episode).is_some() && episode > last;
    let is_whole = !rest[length..].starts_with(|c: char| c.is_ascii_digit());
    (is_range && is_whole).then(|| (episode, length, rest[..length].contains(['-', '~'])))
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
