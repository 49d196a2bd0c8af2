//! Title and year of an album in the name of its folder.

use crate::model::MediaIdentity;

use super::pattern::pattern;
use super::provider_ids::take_ids;
use super::season_name::without_title;
use super::title::{clean, decode, title_key, without_square_groups};

pattern!(YEAR_FIRST, r"^(?:\((\d{4})\)|\[(\d{4})\]|(\d{4})[ _]*[-–.])[ ._-]*(.+)$");
pattern!(YEAR_BEHIND, r"[\(\[](\d{4})[\)\]]");
pattern!(YEAR_AT_END, r"^(.+?)[ _]+[-–][ _]+(\d{4})$");
// Jellyfin knows the first, Lidarr writes the media that MusicBrainz tells.
pattern!(
    DISC,
    r#"(?i)^(?:(?:enhanced |hd)?cd|digital media|disc|disk|dvd(?:-audio)?|vol|vol\.|volume|part|act|(?:hybrid )?sacd|(?:\d{1,2}["”]? ?)?vinyl|cassette|blu-ray)[ ._-]*(\d{1,3})(?:[^\p{L}\p{N}].*)?$"#
);
pattern!(YEAR_BEFORE_FORMATS, r"^(.+?)[ _]+((?:19|20)\d{2})$");
pattern!(GENRE, r"^\([^()\d]*\) *(?:\[[^\[\]]*\] *)?([^ ].* - .*)$");
pattern!(ARTIST_AND_ALBUM, r"^(.*?[^ ]) +[-–] +([^ ].*)$");
// `Artist_Name-Album_Title-(Edition)-CD-FLAC-2014-GROUP`, or the year behind the artist.
pattern!(
    OF_SCENE,
    r"(?i)^([^-]+)-(?:(\d{4})-)?([^-]+(?:-[^-]+)*?)(?:-\([^)]*\))?(?:-(?:\d?cd[srm]?|web|flac|vinyl|lp|ep|dvd|proper|retail|remastered|[a-z ]+ edition))*(?:-(\d{4}))?-[a-z0-9]+$"
);
pattern!(
    FORMAT_GROUP,
    r"(?i)[ _]*[\(\[{](?:[ ,/_+~-]*(?:flac|mp3|aac|m4a|alac|ape|ogg|opus|wav|wavpack|wv|vbr|cbr|v0|v2|q\d+|lossless|web|cd|\d?cd|cdrip|vinyl|lp|log|cue|eac|tracks|image|\.cue|scans|covers|320|256|192|128|\d{2,4} ?kbps|kbps|\d{2} ?-?bits?|\d{2,3}([.,]\d)? ?khz|hi-?res|album))+[ ,/_+~-]*[\)\]}]$"
);
pattern!(
    FORMAT_WORD,
    r"(?i)[ _,-]+(?:flac|mp3|aac|m4a|alac|lossless|tracks|\d{2,4} ?kbps|cdrip|rip|\d?cd|\d{2}-?bit|\d{2,3}khz)$"
);

/// What the name of an album's folder tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlbumName {
    /// Title, year and ids.
    pub identity: MediaIdentity,
    /// The artist, where the name tells it and no folder does.
    pub artist: Option<String>,
}

/// What the name of an album's folder tells: `1979 - The Wall`, `The Wall (1979) [FLAC]`, `Pink Floyd - The Wall`. Without an
/// artist's folder around it, what stands before a dash is the artist.
#[must_use]
pub fn album_name(name: &[u8], artist: Option<&str>) -> AlbumName {
    let text = decode(name);
    let is_artists = |told: &AlbumName| match (&told.artist, artist) {
        (Some(told), Some(artist)) => title_key(told) == title_key(artist),
        _ => true,
    };
    if let Some(told) = of_scene(&text).filter(is_artists) {
        return told;
    }
    let text = if artist.is_none() { GENRE.replace(&text, "$1").into_owned() } else { text };
    let (year, rest) = year_first(&without_artist(&text, artist));
    let rest = without_artist(&rest, artist);
    let (ids, rest) = take_ids(&rest);
    let (in_front, rest) = match ARTIST_AND_ALBUM.captures(&rest).filter(|_| artist.is_none()) {
        Some(found) if found[1].contains(char::is_alphabetic) => (Some(clean(&found[1])), found[2].to_owned()),
        _ => (None, rest),
    };
    // `Artist - 1979 - Album`.
    let (year, rest) = match (year, year_first(&rest)) {
        (None, (Some(year), rest)) if in_front.is_some() => (Some(year), rest),
        (year, _) => (year, rest),
    };
    let (year, rest) = year_behind(year, &rest);
    let title = title(&without_formats(&rest));
    AlbumName { identity: MediaIdentity { title, year, ids }, artist: in_front }
}

/// A name as releases have it: words with underscores, parts with dashes.
fn of_scene(text: &str) -> Option<AlbumName> {
    let found = OF_SCENE.captures(text).filter(|_| !text.contains(" - "))?;
    let year: u16 = found.get(2).or(found.get(4))?.as_str().parse().ok()?;
    let is_year = (1900..=2099).contains(&year);
    let spaced = |group: usize| clean(&found[group].replace(['_', '.'], " "));
    let identity = MediaIdentity { title: spaced(3), year: Some(year), ids: Vec::new() };
    is_year.then(|| AlbumName { identity, artist: Some(spaced(1)) })
}

fn title(text: &str) -> String {
    let without_groups = clean(&without_square_groups(text));
    if without_groups.is_empty() { clean(text) } else { without_groups }
}

/// The name without what tells the format of the files, at its end.
fn without_formats(text: &str) -> String {
    let mut kept = text.trim_end();
    while let Some(found) = FORMAT_GROUP.find(kept).or_else(|| FORMAT_WORD.find(kept)) {
        if !kept[..found.start()].contains(char::is_alphanumeric) {
            break;
        }
        kept = kept[..found.start()].trim_end_matches([' ', '_', '-', ',']);
    }
    kept.to_owned()
}

/// A year in brackets behind a title, or at the very end, where none is known or it is the same one again; and that title.
fn year_behind(known: Option<u16>, text: &str) -> (Option<u16>, String) {
    let whole = without_formats(text);
    let at_end = || {
        let found = YEAR_AT_END.captures(&whole)?;
        let year = found[2].parse().ok().filter(|year| (1900..=2099).contains(year))?;
        Some((year, found.get(1)?.as_str()))
    };
    // `Album 1998 2CD 192kbps`.
    let before_formats = || {
        let found = YEAR_BEFORE_FORMATS.captures(&whole).filter(|_| whole.len() < text.trim_end().len())?;
        Some((found[2].parse().ok()?, found.get(1)?.as_str()))
    };
    match year_in_brackets(text).or_else(at_end).or_else(before_formats) {
        Some((year, before)) if known.is_none_or(|known| known == year) => (Some(year), before.to_owned()),
        _ => (known, text.to_owned()),
    }
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
fn without_artist(text: &str, artist: Option<&str>) -> String {
    let Some(artist) = artist else { return text.to_owned() };
    let rest = without_title(text, artist);
    let is_cut_at_dash = text[..text.len() - text.len().min(rest.len())].contains(['-', '–']);
    if is_cut_at_dash && rest.chars().any(char::is_alphabetic) { rest } else { text.to_owned() }
}
