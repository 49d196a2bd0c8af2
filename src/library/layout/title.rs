//! Title and year from a name.
//!
//! A year in brackets is the year, so that `2001 A Space Odyssey (1968)` and `1917 (2019)` keep their titles. Without
//! one, a year between separators counts, but never the first word of a name. Behind the year everything is cut, and so
//! are release words (`1080p`, `BluRay`).

use crate::model::MediaIdentity;

use super::provider_ids::{close_gap, take_ids};

/// Years are taken from here on, as Kodi and Jellyfin do.
const YEAR_MIN: u16 = 1900;
/// The last year that counts in brackets.
const YEAR_MAX: u16 = 2099;
/// The last year that counts without brackets: `Blade Runner 2049` is a title.
const FREE_YEAR_MAX: u16 = 2039;

/// A word of a name: a run without separators, by its byte offsets.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

/// What a word says about the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Release {
    /// It is never part of a title.
    Certain,
    /// It is no part of a title at the very end, or before a certain one.
    Edition,
    /// It is no part of a title only directly before a certain one: `German`, `Limited`.
    Possible,
}

const CERTAIN: &[&str] = &[
    "480p",
    "480i",
    "576p",
    "576i",
    "720p",
    "720i",
    "1080p",
    "1080i",
    "1440p",
    "2160p",
    "4320p",
    "uhd",
    "bluray",
    "brrip",
    "bdrip",
    "bdremux",
    "remux",
    "dvdrip",
    "dvdscr",
    "dvd5",
    "dvd9",
    "webrip",
    "webdl",
    "hdtv",
    "hdtvrip",
    "hdrip",
    "hddvd",
    "pdtv",
    "dsrip",
    "x264",
    "x265",
    "h264",
    "h265",
    "hevc",
    "xvid",
    "divx",
    "aac",
    "aac2",
    "ac3",
    "eac3",
    "ddp5",
    "dd5",
    "truehd",
    "dts",
    "hdr10",
    "10bit",
    "8bit",
    "xvidvd",
    "dvdivx",
    "screener",
    "dvdscreener",
    "telesync",
    "telecine",
    "multisubs",
    "nfofix",
];
const EDITION: &[&str] = &[
    "hdc",
    "extended",
    "unrated",
    "remastered",
    "repack",
    "rerip",
    "uncut",
    "theatrical",
    "4k",
    "hdr",
    "ultrahd",
    "multi",
];
const POSSIBLE: &[&str] = &[
    "german", "dutch", "swedish", "french", "italian", "spanish", "english", "dubbed", "subbed", "dl", "ml", "limited",
    "internal", "proper", "retail", "custom", "festival", "complete", "dc", "se", "ws", "fs", "ts", "tc", "cam", "r5",
    "pal", "ntsc", "dv", "imax", "3d", "hsbs", "aka", "read", "web", "hd", "dvd", "bd",
];
/// Certain words that are written in two.
const PAIRS: &[(&str, &str)] = &[
    ("web", "dl"),
    ("web", "rip"),
    ("blu", "ray"),
    ("bd", "rip"),
    ("br", "rip"),
    ("dvd", "rip"),
    ("hd", "dvd"),
    ("h", "264"),
    ("h", "265"),
    ("x", "264"),
    ("x", "265"),
];

/// What a name tells: the name of a folder, or of a file without its extension. Bytes that are not UTF-8 are read as
/// Latin-1.
#[must_use]
pub fn parse_name(name: &[u8]) -> MediaIdentity {
    let (ids, text) = take_ids(&decode(name));
    let stripped = without_square_groups(&text);
    // `[REC] (2007)`: the bracket is the title.
    let (title, year) = title_and_year(if begins_with_year(&stripped) { &text } else { &stripped });
    let title = if title.is_empty() { clean(&text) } else { title };
    MediaIdentity { title, year, ids }
}

/// Whether a word stands for the release and not for a title, wherever it stands.
pub(super) fn is_release_word(word: &str) -> bool {
    release(word).is_some() || is_resolution(&word.to_ascii_lowercase())
}

/// The letters and digits of a title in lower case: what has to be equal for two spellings to be one title.
pub(super) fn title_key(title: &str) -> String {
    title.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The name as text; control characters become spaces.
pub(super) fn decode(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().copied().map(char::from));
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn title_and_year(text: &str) -> (String, Option<u16>) {
    let words = words(text);
    let certain = (1..words.len()).find(|&at| is_certain(&words, at));
    let year = year(text, &words, certain);
    let release_start = match (year, certain) {
        (Some((at, _)), Some(certain)) if at < certain => None,
        (Some(_), None) => None,
        (_, certain) => Some(before_editions(&words, certain)),
    };
    let year_start = year.map(|(at, _)| words[at].start);
    let release_start = release_start.and_then(|at| words.get(at)).map(|word| word.start);
    let cut = [year_start, release_start].into_iter().flatten().min().unwrap_or(text.len());
    (clean(&text[..cut]), year.map(|(_, year)| year))
}

/// The first of the words that stand for the release: those before the first certain one, or at the end.
fn before_editions(words: &[Word<'_>], certain: Option<usize>) -> usize {
    let mut first = certain.unwrap_or(words.len());
    while first > 1 {
        match release(words[first - 1].text) {
            Some(Release::Edition) => {}
            Some(Release::Possible) if certain.is_some() => {}
            _ => break,
        }
        first -= 1;
    }
    first
}

/// The year and the index of its word.
fn year(text: &str, words: &[Word<'_>], certain: Option<usize>) -> Option<(usize, u16)> {
    let years = || (1..words.len()).filter_map(|at| Some((at, year_at(words, at)?)));
    if let Some(found) = years().find(|&(at, year)| year <= YEAR_MAX && is_bracketed(text, &words[at])) {
        return Some(found);
    }
    let free = || years().filter(|&(at, year)| year <= FREE_YEAR_MAX && !is_date(words, at));
    let before_release = || free().filter(|&(at, _)| certain.is_none_or(|certain| at < certain));
    let is_followed_by_release = |at: usize| words.get(at + 1).is_some_and(|next| is_release_word(next.text));
    let first_before_words = before_release().find(|&(at, _)| is_followed_by_release(at));
    first_before_words.or_else(|| before_release().next_back()).or_else(|| free().next())
}

/// Whether there is nothing before a year in brackets, or nothing at all.
fn begins_with_year(text: &str) -> bool {
    let words = words(text);
    words.first().is_none_or(|first| is_bracketed(text, first) && year_at(&words, 0).is_some())
}

fn year_at(words: &[Word<'_>], at: usize) -> Option<u16> {
    let text = words[at].text;
    let is_number = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|year| is_number && *year >= YEAR_MIN)
}

fn is_bracketed(text: &str, word: &Word<'_>) -> bool {
    let before = text[..word.start].trim_end().chars().next_back();
    let after = text[word.end..].trim_start().chars().next();
    matches!((before, after), (Some('('), Some(')')) | (Some('['), Some(']')) | (Some('{'), Some('}')))
}

/// Whether a year is the first part of a date: `2010-05-12`.
fn is_date(words: &[Word<'_>], at: usize) -> bool {
    let in_range = |at: usize, max: u8| {
        words.get(at).is_some_and(|w| w.text.len() == 2 && w.text.parse().is_ok_and(|n: u8| (1..=max).contains(&n)))
    };
    in_range(at + 1, 12) && in_range(at + 2, 31)
}

fn is_certain(words: &[Word<'_>], at: usize) -> bool {
    let lower = words[at].text.to_ascii_lowercase();
    let next = words.get(at + 1).map(|word| word.text.to_ascii_lowercase()).unwrap_or_default();
    CERTAIN.contains(&lower.as_str()) || PAIRS.contains(&(lower.as_str(), next.as_str())) || is_resolution(&lower)
}

fn release(word: &str) -> Option<Release> {
    let lower = word.to_ascii_lowercase();
    let tables = [(CERTAIN, Release::Certain), (EDITION, Release::Edition), (POSSIBLE, Release::Possible)];
    tables.into_iter().find(|(table, _)| table.contains(&lower.as_str())).map(|(_, release)| release)
}

/// `1920x1080` and the like.
fn is_resolution(lower: &str) -> bool {
    let is_size = |digits: &str| (3..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    lower.split_once('x').is_some_and(|(width, height)| is_size(width) && is_size(height))
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '_' | '.' | ',' | '-' | '+' | '(' | ')' | '[' | ']' | '{' | '}')
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = 0;
    for piece in text.split_inclusive(is_separator) {
        let word = piece.trim_end_matches(is_separator);
        if !word.is_empty() {
            words.push(Word { text: word, start, end: start + word.len() });
        }
        start += piece.len();
    }
    words
}

/// The text without its `[…]` groups, except such as hold nothing but a number.
pub(super) fn without_square_groups(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let Some(length) = rest[open..].find(']') else { break };
        let content = rest[open + 1..open + length].trim();
        kept.push_str(&rest[..open]);
        let is_number = !content.is_empty() && content.bytes().all(|b| b.is_ascii_digit());
        let after = &rest[open + length + 1..];
        if is_number {
            kept.push_str(&rest[open..=open + length]);
        } else {
            close_gap(&mut kept, after);
        }
        rest = after;
    }
    kept + rest
}

/// The text with spaces for what counts as one, except the dots of an abbreviation (`S.W.A.T`).
fn spaced(text: &str, is_space: impl Fn(char) -> bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let is_letter = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphabetic());
    let is_end = |at: Option<usize>| !at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphanumeric());
    let is_single = |at: Option<usize>| {
        let around = at.map(|at| (at.checked_sub(1), at + 1));
        is_letter(at) && around.is_some_and(|(before, after)| is_end(before) && is_end(Some(after)))
    };
    let kept = |(at, c): (usize, &char)| {
        let is_abbreviation = *c == '.' && is_single(at.checked_sub(1)) && is_single(Some(at + 1));
        if is_space(*c) && !is_abbreviation { ' ' } else { *c }
    };
    chars.iter().enumerate().map(kept).collect()
}

/// A title as people write it: separators at the ends go, underscores are spaces, dots are spaces where nothing else
/// separates the words.
pub(super) fn clean(text: &str) -> String {
    let has_spaces = text.trim_start().contains(|c: char| c.is_whitespace() || c == '_');
    let is_space = |c: char| c.is_whitespace() || c == '_' || (c == '.' && !has_spaces);
    let spaced = spaced(text, is_space).replace("()", " ").replace("[]", " ").replace("{}", " ");
    let joined = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_left_over = |c: char| matches!(c, ' ' | '-' | ',' | '+');
    let trimmed = joined
        .trim_end_matches(|c| is_left_over(c) || matches!(c, '(' | '[' | '{'))
        .trim_start_matches(|c| is_left_over(c) || matches!(c, ')' | ']' | '}'));
    trimmed.to_owned()
}
