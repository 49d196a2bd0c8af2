//! From the bytes of a body to what it means.
//!
//! Managers of ten years send these, and forks of them; so only what is needed is read, each value by itself: a key that
//! is missing, new or of another type costs that value and never the event. What is no JSON object is refused, and JSON
//! nested more than 128 deep, which nobody sends.

use serde_json::Value;

use crate::model::Provider;

use super::event::{DeleteReason, Event, Move, Subject, Webhook};

/// The longest word of an event or title that is kept, in bytes.
const WORD_BYTES_MAX: usize = 200;

/// How many renamed files of one event are followed one by one: more than any series has.
const MOVES_MAX: usize = 20_000;

/// A body that is no webhook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not JSON.
    #[error("the body is no JSON: {0}")]
    NoJson(String),
    /// JSON, but no object.
    #[error("the body is no JSON object")]
    NoObject,
}

/// Understands a body. Events and keys that are not known are no error.
///
/// # Errors
/// When the body is no JSON object.
pub fn parse(body: &[u8]) -> Result<Webhook, BodyError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let value: Value = serde_json::from_slice(body).map_err(|error| BodyError::NoJson(error.to_string()))?;
    if !value.is_object() {
        return Err(BodyError::NoObject);
    }
    let name = short(value.get("eventType").and_then(Value::as_str).unwrap_or_default());
    Ok(Webhook { event: event(&name, &value), name })
}

fn event(name: &str, body: &Value) -> Event {
    if name.eq_ignore_ascii_case("test") {
        return Event::Test;
    }
    let Some(of) = subject(body) else { return Event::Other };
    match name.to_ascii_lowercase().as_str() {
        "download" => Event::Import(of),
        "movieadded" | "movieadd" | "seriesadd" | "seriesadded" | "artistadd" | "artistadded" => Event::Added(of),
        "rename" => Event::Renamed { moves: moves(body, &of), of },
        "moviedelete" | "moviedeleted" | "seriesdelete" | "seriesdeleted" | "artistdelete" | "artistdeleted" => {
            Event::Removed { of, files_are_gone: flag(body, "deletedFiles") }
        }
        // An album is a folder of its artist, which the body does not tell: what is gone shows in the artist's.
        "albumdelete" | "albumdeleted" => Event::FileRemoved { of, reason: DeleteReason::Other },
        "moviefiledelete" | "episodefiledelete" => Event::FileRemoved { reason: reason(body), of },
        _ => Event::Other,
    }
}

/// The object decides, not the address: forks and old versions send any of them.
fn subject(body: &Value) -> Option<Subject> {
    let (of, kind) = ["movie", "series", "artist"].into_iter().find_map(|kind| {
        let of = body.get(kind)?;
        of.is_object().then_some((of, kind))
    })?;
    let folder = if kind == "movie" { text(of, "folderPath").or_else(|| text(of, "path")) } else { text(of, "path") };
    let title = text(of, "title").or_else(|| text(of, "name")).or_else(|| text(of, "artistName"));
    let remote = body.get("remoteMovie").filter(|_| kind == "movie");
    let id = |key: &str| of.get(key).or_else(|| remote?.get(key));
    let ids = [
        ("tmdb", id("tmdbId").and_then(number)),
        ("tvdb", id("tvdbId").and_then(number)),
        ("imdb", id("imdbId").and_then(imdb)),
        ("tvmaze", id("tvMazeId").and_then(number)),
        ("musicbrainz", id("mbId").or_else(|| id("foreignArtistId")).and_then(uuid)),
    ];
    let ids = ids.into_iter().filter_map(|(provider, id)| Some((Provider::parse(provider)?, id?))).collect();
    Some(Subject { title: short(title.unwrap_or_default()), folder: folder.map(str::to_owned), ids })
}

/// Files that were renamed. Where the new path is not told, it lies beneath the folder of the item.
fn moves(body: &Value, of: &Subject) -> Vec<Move> {
    let lists = ["renamedMovieFiles", "renamedEpisodeFiles", "renamedTrackFiles"];
    let files = lists.into_iter().filter_map(|key| body.get(key)?.as_array()).flatten();
    let moved = |file: &Value| {
        let from = text(file, "previousPath")?.to_owned();
        let beneath = || Some(beneath(of.folder.as_deref()?, text(file, "relativePath")?));
        let to = text(file, "path").map(str::to_owned).or_else(beneath)?;
        (from != to).then_some(Move { from, to })
    };
    files.filter_map(moved).take(MOVES_MAX).collect()
}

/// A path beneath a folder, with the separator that the folder is written with.
fn beneath(folder: &str, relative: &str) -> String {
    let separator = if folder.contains('\\') && !folder.contains('/') { '\\' } else { '/' };
    format!("{}{separator}{relative}", folder.trim_end_matches(['/', '\\']))
}

fn reason(body: &Value) -> DeleteReason {
    match text(body, "deleteReason") {
        Some(word) if word.eq_ignore_ascii_case("upgrade") => DeleteReason::Upgrade,
        _ => DeleteReason::Other,
    }
}

/// Some versions write a truth as text. A list is no truth: it stands in imports.
fn flag(value: &Value, key: &str) -> bool {
    match value.get(key) {
        Some(Value::Bool(truth)) => *truth,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// A text that is not empty, byte for byte: names of files may begin or end with blanks.
fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// A number above 0, also as text; 0 is "not known".
fn number(value: &Value) -> Option<String> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    (number > 0).then(|| number.to_string())
}

fn imdb(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let digits = text.strip_prefix("tt")?;
    let is_id = (7..=10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then(|| text.to_owned())
}

fn uuid(value: &Value) -> Option<String> {
    let text = value.as_str()?.to_ascii_lowercase();
    let is_id = text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    is_id.then_some(text)
}

/// A word for people and logs: one line, not endless.
fn short(text: &str) -> String {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|&end| end <= WORD_BYTES_MAX).last();
    text[..end.unwrap_or(0)].chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
