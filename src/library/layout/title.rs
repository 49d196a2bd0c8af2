//! Title and year from a name.
//!
//! A year in brackets is the year, so that `2001 A Space Odyssey (1968)` and `1917 (2019)` keep their titles. Without
//! one, a year between separators counts, but never the first word of a name. Behind the year everything is cut, and so
//! are release words (`1080p`, `BluRay`).

use crate::model::MediaIdentity;

use super::edition::without_edition;
use super::pattern::pattern;
use super::provider_ids::{close_gap, take_ids};
use super::release::{Release, is_certain, is_release_word, release};

/// The first year that counts in brackets: no film is older.
const YEAR_MIN: u16 = 1888;
/// The first year that counts without brackets, as in Kodi and Jellyfin.
const FREE_YEAR_MIN: u16 = 1900;
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

// The site that a name comes from: in brackets, or before a dash.
pattern!(
    SITE,
    r"(?i)^ *(?:[\[(] *(?:www\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,6} *[\])] *-? *|(?:www\.[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,6}|[a-z0-9-]+\.(?:com|net|org|info|io|xyz)) - )"
);
// What groups write behind a title.
pattern!(OF_GROUP, r"(?i)^(.*?[^ ._-])(?: v\d| - \d{2,4}(?: ?[-~] ?\d{2,4})?| E\d{2,3}(?:[-~]E?\d{2,3})?(?: END)?)$");

/// What a name tells: the name of a folder, or of a file without its extension. Bytes that are not UTF-8 are read as
/// Latin-1.
#[must_use]
pub fn parse_name(name: &[u8]) -> MediaIdentity {
    let (ids, text) = take_ids(&SITE.replace(&plain_brackets(&decode(name)), ""));
    let stripped = without_square_groups(&text);
    // `[REC] (2007)`: the bracket is the title.
    let (title, year) = title_and_year(if begins_with_year(&stripped) { &text } else { &stripped });
    let title = if title.is_empty() { clean(&text) } else { title };
    // `[Group] Title v2 [1080p]`, `[Group] Title - 12 [720p]`.
    let of_group = OF_GROUP.captures(&title).filter(|_| text.starts_with('[') && !title.starts_with('['));
    let title = of_group.map(|found| found[1].to_owned()).unwrap_or(title);
    MediaIdentity { title, year, ids }
}

/// What the name of an episode's file tells behind the numbers: its title. A year is part of that, as long as it is not all.
pub(super) fn title_behind(text: &str) -> String {
    let (_, text) = take_ids(&plain_brackets(without_version(text)));
    let text = without_square_groups(&text);
    let words = words(&text);
    // The first word of what stands behind may be of the release already.
    let certain = (0..words.len()).find(|&at| is_certain_at(&words, at));
    let first = if certain == Some(0) { 0 } else { before_editions(&words, certain) };
    // Behind the numbers a year alone is of the release, too, where certain words of it follow, and so is a language in
    // names with dots; those with spaces are of managers, who write a title there.
    let is_of_release = || year_at(&words, 0).is_some() || (text.starts_with('.') && is_release_word(words[0].text));
    let is_nothing = first == 1 && certain.is_some() && is_of_release();
    let cut = words.get(if is_nothing { 0 } else { first }).map_or(text.len(), |word| word.start);
    clean(&text[..cut])
}

/// `v2` behind a number is the second try of its release.
fn without_version(text: &str) -> &str {
    match text.as_bytes() {
        [b'v' | b'V', b'0'..=b'9', rest @ ..] if !rest.first().is_some_and(u8::is_ascii_alphanumeric) => &text[2..],
        _ => text,
    }
}

/// What stands before the first word that is never part of a title.
pub(super) fn before_release(text: &str) -> &str {
    let words = words(text);
    first_certain(&words).map_or(text, |at| &text[..words[at].start])
}

/// The text with the brackets and digits of Asian scripts as others write them.
pub(super) fn plain_brackets(text: &str) -> String {
    let plain = |c: char| match c {
        '【' => '[',
        '】' => ']',
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10).unwrap_or(c),
        _ => c,
    };
    text.chars().map(plain).collect()
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
    if let Some(told) = year_in_front(text, &words) {
        return told;
    }
    let certain = first_certain(&words);
    let year = year(text, &words, certain);
    let release_start = match (year, certain) {
        (Some((at, _)), Some(certain)) if at < certain => None,
        (Some(_), None) => None,
        (_, certain) => Some(before_editions(&words, certain)),
    };
    let year_start = year.map(|(at, _)| words[at].start);
    let release_start = release_start.and_then(|at| words.get(at)).map(|word| word.start);
    let cut = [year_start, release_start].into_iter().flatten().min().unwrap_or(text.len());
    let is_of_release = cut < text.len() && !year.is_some_and(|(at, _)| is_bracketed(text, &words[at]));
    let kept = without_edition(&text[..cut], is_of_release);
    // `My Film.2013.720p`, of which the last dot only separates.
    let kept = if is_of_release && !is_dotted(kept) { kept.trim_end_matches('.') } else { kept };
    (clean(kept), year.map(|(_, year)| year))
}

/// `(1995) Title`, where no other year is behind it.
fn year_in_front(text: &str, words: &[Word<'_>]) -> Option<(String, Option<u16>)> {
    let first = words.first().filter(|first| is_bracketed(text, first))?;
    let year = year_at(words, 0).filter(|&year| year <= YEAR_MAX)?;
    let rest = text[first.end..].trim_start().strip_prefix([')', ']', '}']).filter(|rest| !begins_with_year(rest))?;
    let (title, other) = title_and_year(rest);
    (!title.is_empty() && other.is_none()).then_some((title, Some(year)))
}

fn first_certain(words: &[Word<'_>]) -> Option<usize> {
    (1..words.len()).find(|&at| is_certain_at(words, at))
}

fn is_certain_at(words: &[Word<'_>], at: usize) -> bool {
    is_certain(words[at].text, words.get(at + 1).map_or("", |next| next.text))
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
    let is_free = |year: u16| (FREE_YEAR_MIN..=FREE_YEAR_MAX).contains(&year);
    let free = || years().filter(|&(at, year)| is_free(year) && !is_date(words, at));
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

/// The text without its `[…]` groups, except such as hold nothing but a number that may be a year.
pub(super) fn without_square_groups(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let Some(length) = rest[open..].find(']') else { break };
        let content = rest[open + 1..open + length].trim();
        kept.push_str(&rest[..open]);
        let is_year = content.len() == 4 && content.parse().is_ok_and(|year| (YEAR_MIN..=YEAR_MAX).contains(&year));
        let after = &rest[open + length + 1..];
        if is_year {
            kept.push_str(&rest[open..=open + length]);
        } else {
            close_gap(&mut kept, after);
        }
        rest = after;
    }
    kept + rest
}

/// Words that end with a dot.
const SHORTENED: &[&str] = &["dr", "mr", "mrs", "ms"];

/// The text with spaces for what counts as one; the dots of abbreviations (`S.W.A.T.`, `Mr.`) stay.
fn spaced(text: &str, is_space: impl Fn(char) -> bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let is_end = |at: Option<usize>| !at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphanumeric());
    let is_single = |at: Option<usize>| {
        let is_letter = at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphabetic());
        is_letter && at.is_some_and(|at| is_end(at.checked_sub(1)) && is_end(Some(at + 1)))
    };
    let mut spaced = String::with_capacity(text.len());
    for (at, c) in chars.iter().enumerate() {
        let is_dot_of = |before: usize| at.checked_sub(before).is_some_and(|dot| chars[dot] == '.');
        let ends_single = *c == '.' && is_single(at.checked_sub(1));
        match is_space(*c) {
            false => spaced.push(*c),
            true if ends_single && is_single(Some(at + 1)) => spaced.push('.'),
            true if ends_single && is_dot_of(2) && is_single(at.checked_sub(3)) => spaced.push_str(". "),
            true if *c == '.' && SHORTENED.contains(&last_word(&spaced).to_lowercase().as_str()) => {
                spaced.push_str(". ")
            }
            true => spaced.push(' '),
        }
    }
    spaced
}

fn last_word(text: &str) -> &str {
    text.rsplit([' ', '-', '(']).next().unwrap_or_default()
}

/// Whether dots separate the words, rather than spaces.
fn is_dotted(text: &str) -> bool {
    let text = text.trim_matches([' ', '_', '-', '(', '[', '{']);
    let spaces = text.chars().filter(|c| c.is_whitespace() || *c == '_').count();
    let dots = text.split('.').filter(|part| !part.is_empty()).count().saturating_sub(1);
    dots > spaces || (spaces == 0 && text.contains('.'))
}

/// A title as people write it: separators at the ends go, underscores are spaces, dots are spaces where nothing else
/// separates the words.
pub(super) fn clean(text: &str) -> String {
    // `11.22.63`, of which no dot is a space.
    let numbers = text.trim_matches(is_separator);
    if numbers.contains('.') && numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return numbers.to_owned();
    }
    let is_dotted = is_dotted(text);
    let is_space = |c: char| c.is_whitespace() || c == '_' || (c == '.' && is_dotted);
    let spaced = spaced(text, is_space).replace("()", " ").replace("[]", " ").replace("{}", " ");
    let joined = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_left_over = |c: char| matches!(c, ' ' | '-' | ',' | '+');
    let trimmed = joined
        .trim_end_matches(|c| is_left_over(c) || matches!(c, '(' | '[' | '{'))
        .trim_start_matches(|c| is_left_over(c) || matches!(c, ')' | ']' | '}'));
    // `+` and `-` are albums.
    let whole = if trimmed.is_empty() && matches!(joined.as_str(), "+" | "-") { joined.as_str() } else { trimmed };
    whole.to_owned()
}
