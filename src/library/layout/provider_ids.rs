//! Provider ids in names: `[tmdbid-603]`, `{imdb-tt0133093}`, `(tvdb=81189)`, or a free `tt0133093`.

use crate::model::Provider;

/// The providers whose ids stand in brackets.
const IN_BRACKETS: &[&str] = &["tmdb", "imdb", "tvdb", "tvmaze", "anidb", "anilist"];

/// The shortest number that a free `tt…` must have: shorter ones are words.
const FREE_IMDB_DIGITS_MIN: usize = 7;

/// More than any provider's ids have.
const ID_BYTES_MAX: usize = 32;

/// The ids in a name and the name without them. The first id of each provider counts. Plex's `{edition-…}` goes as
/// well.
pub(super) fn take_ids(text: &str) -> (Vec<(Provider, String)>, String) {
    let mut ids = Vec::new();
    let mut rest = String::with_capacity(text.len());
    let mut remaining = text;
    while let Some(open) = remaining.find(['{', '[', '(']) {
        let (before, group) = remaining.split_at(open);
        rest.push_str(before);
        let found = bracketed(group).map(|(content, after)| (content, bracketed_id(content), after));
        remaining = match found {
            Some((_, Some((provider, value)), after)) => {
                add(&mut ids, provider, value);
                close_gap(&mut rest, after);
                after
            }
            Some((content, None, after)) if is_edition(content) => {
                close_gap(&mut rest, after);
                after
            }
            _ => {
                rest.push_str(&group[..1]);
                &group[1..]
            }
        };
    }
    rest.push_str(remaining);
    take_free_imdb(&mut ids, rest)
}

/// Puts a space where words on both sides of something taken out would become one. Nowhere else: one space in a name
/// means that its dots are no spaces.
pub(super) fn close_gap(before: &mut String, after: &str) {
    let ends_in_word = before.chars().next_back().is_some_and(char::is_alphanumeric);
    if ends_in_word && after.starts_with(char::is_alphanumeric) {
        before.push(' ');
    }
}

fn add(ids: &mut Vec<(Provider, String)>, provider: Provider, value: String) {
    if !ids.iter().any(|(known, _)| *known == provider) {
        ids.push((provider, value));
    }
}

/// What stands in the brackets that `text` begins with, and what follows them. Groups with brackets inside are none.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let close = match text.as_bytes().first()? {
        b'{' => '}',
        b'[' => ']',
        b'(' => ')',
        _ => return None,
    };
    let end = text[1..].find(['{', '[', '(', '}', ']', ')'])? + 1;
    text[end..].starts_with(close).then(|| (&text[1..end], &text[end + 1..]))
}

fn is_edition(content: &str) -> bool {
    let word = content.split(['-', '=']).next().filter(|word| word.len() < content.len());
    word.is_some_and(|word| word.trim().eq_ignore_ascii_case("edition"))
}

fn bracketed_id(content: &str) -> Option<(Provider, String)> {
    let (word, value) = content.split_once(['-', '='])?;
    let word = word.trim().to_ascii_lowercase();
    let word = word.strip_suffix("id").filter(|short| IN_BRACKETS.contains(short)).unwrap_or(&word);
    if IN_BRACKETS.contains(&word) { provider_id(word, value) } else { None }
}

/// An id of the provider of that word; `None` for a word that is none, and for a value that none of its ids has.
#[must_use]
pub fn provider_id(word: &str, value: &str) -> Option<(Provider, String)> {
    let provider = Provider::parse(word)?;
    let value = value.trim().to_ascii_lowercase();
    let is_hexadecimal = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    let is_valid = match provider.as_str() {
        "musicbrainz" | "musicbrainzreleasegroup" => {
            value.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && value.split('-').all(is_hexadecimal)
        }
        word => {
            let number = if word == "imdb" { value.strip_prefix("tt")? } else { &value };
            !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && value.len() <= ID_BYTES_MAX
        }
    };
    is_valid.then_some((provider, value))
}

/// Takes a `tt` with digits that stands alone out of the text.
fn take_free_imdb(ids: &mut Vec<(Provider, String)>, text: String) -> (Vec<(Provider, String)>, String) {
    let found = text.char_indices().find_map(|(start, _)| free_imdb_at(&text, start));
    let (Some((start, end)), Some(imdb)) = (found, Provider::parse("imdb")) else {
        return (std::mem::take(ids), text);
    };
    add(ids, imdb, text[start..end].to_ascii_lowercase());
    // What stood around it were separators, or it would not have stood free.
    (std::mem::take(ids), [&text[..start], &text[end..]].concat())
}

fn free_imdb_at(text: &str, start: usize) -> Option<(usize, usize)> {
    let rest = &text[start..];
    let stands_free = !text[..start].chars().next_back().is_some_and(char::is_alphanumeric);
    let is_tt = rest.get(..2).is_some_and(|two| two.eq_ignore_ascii_case("tt"));
    if !stands_free || !is_tt {
        return None;
    }
    let digits = rest[2..].bytes().take_while(u8::is_ascii_digit).count();
    let ends = !rest[2 + digits..].chars().next().is_some_and(char::is_alphanumeric);
    (ends && (FREE_IMDB_DIGITS_MIN..ID_BYTES_MAX).contains(&digits)).then_some((start, start + 2 + digits))
}
