//! What a file is by its name alone.

use crate::naming::{fold_case, split_extension};

use super::Rule;
use super::title::{decode, title_key};

/// What a file is by its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Something players show as a film.
    Video,
    /// A subtitle.
    Subtitle,
    /// A picture.
    Picture,
    /// Metadata.
    Nfo,
    /// Audio.
    Audio,
    /// Anything else.
    Other,
}

/// What Kodi, Jellyfin or Plex take for a video, without playlists and descriptors (m3u, sdp, url, …), which are no
/// films, without `ifo`, which is part of a
/// disc, without archives, and without `dat`, which nowadays is hardly ever a video CD.
const VIDEO: &[&str] = &[
    "001", "3g2", "3gp", "amv", "asf", "avc", "avi", "avs", "bin", "bivx", "disc", "divx", "dv", "dvr-ms", "evo",
    "f4v", "fli", "flv", "h264", "img", "iso", "m2t", "m2ts", "m2v", "m4v", "mk3d", "mkv", "mov", "mp4", "mpe", "mpeg",
    "mpg", "mts", "mxf", "nrg", "nsv", "nuv", "ogm", "ogv", "pva", "qt", "rcv", "rec", "rm", "rmvb", "strm", "svq3",
    "tp", "trp", "ts", "ty", "udf", "vc1", "vdr", "viv", "vob", "vp3", "webm", "wmv", "wtv", "xvid",
];
const SUBTITLE: &[&str] = &["ass", "idx", "mks", "sami", "smi", "srt", "ssa", "sub", "sup", "utf", "vtt"];
const PICTURE: &[&str] = &["bmp", "gif", "jpeg", "jpg", "png", "svg", "tbn", "webp"];
const AUDIO: &[&str] = &[
    "aac", "ac3", "aif", "aiff", "alac", "ape", "dsf", "dts", "eac3", "flac", "m4a", "m4b", "mka", "mp2", "mp3", "mpc",
    "oga", "ogg", "opus", "wav", "wma", "wv",
];

/// Ends of names that make an extra, behind a dash; digits behind them do not matter. The first is a [`Rule::Trailer`],
/// the second a [`Rule::Sample`].
const SUFFIXES: &[&str] = &[
    "trailer",
    "sample",
    "scene",
    "clip",
    "interview",
    "behindthescenes",
    "deleted",
    "deletedscene",
    "featurette",
    "short",
    "extra",
    "other",
];

/// What a file is by its extension, in any case.
#[must_use]
pub fn kind_by_extension(file_name: &[u8]) -> FileKind {
    let (_, extension) = split_extension(file_name);
    let lower = extension.to_ascii_lowercase();
    let is_in = |table: &[&str]| table.iter().any(|known| known.as_bytes() == lower);
    match () {
        () if is_in(VIDEO) => FileKind::Video,
        () if is_in(SUBTITLE) => FileKind::Subtitle,
        () if is_in(PICTURE) => FileKind::Picture,
        () if is_in(AUDIO) => FileKind::Audio,
        () if lower == b"nfo" => FileKind::Nfo,
        () => FileKind::Other,
    }
}

/// Whether a video is an extra by its name (without extension). What is named like its folder is the film itself,
/// whatever its name says: `The Big-Short` in `The Big Short (2015)`.
pub(super) fn extra_rule(base: &[u8], folder: Option<&[u8]>) -> Option<Rule> {
    let text = String::from_utf8_lossy(&fold_case(base)).into_owned();
    if folder.is_some_and(|folder| is_named_like(base, folder)) {
        return None;
    }
    if is_trailer(&text) {
        return Some(Rule::Trailer);
    }
    let folder_has_word = folder.is_some_and(|folder| words(&decode(folder).to_lowercase()).any(|w| w == "sample"));
    if is_sample(&text) && !folder_has_word {
        return Some(Rule::Sample);
    }
    let (before, suffix) = text.trim_end_matches(|c: char| c.is_ascii_digit()).rsplit_once('-')?;
    (!before.is_empty() && SUFFIXES.contains(&suffix)).then_some(Rule::ExtraSuffix)
}

/// What kind of extra it is, by the words of file suffixes and of folders, in lower case without anything but letters.
const KINDS: &[(&str, &[&str])] = &[
    ("trailer", &["trailer", "trailers"]),
    ("sample", &["sample", "samples"]),
    ("scene", &["scene", "scenes"]),
    ("clip", &["clip", "clips"]),
    ("interview", &["interview", "interviews"]),
    ("behindthescenes", &["behindthescenes"]),
    ("deletedscene", &["deleted", "deletedscene", "deletedscenes"]),
    ("featurette", &["featurette", "featurettes"]),
    ("short", &["short", "shorts"]),
    ("theme", &["theme", "thememusic", "backdrops"]),
];

/// What kind of extra a file or folder is that counts as one by that rule. `other` where the name does not say.
#[must_use]
pub fn extra_kind(rule: Rule, name: &[u8]) -> &'static str {
    match rule {
        Rule::Trailer => return "trailer",
        Rule::Sample => return "sample",
        Rule::Theme => return "theme",
        _ => {}
    }
    let text = decode(name).to_lowercase();
    let word = match rule {
        Rule::ExtraSuffix => {
            let base = text.rsplit_once('.').map_or(text.as_str(), |(base, _)| base);
            base.rsplit_once('-').map_or(base, |(_, suffix)| suffix)
        }
        _ => text.as_str(),
    };
    let letters: String = word.chars().filter(|c| c.is_alphabetic()).collect();
    KINDS.iter().find(|(_, words)| words.contains(&letters.as_str())).map_or("other", |(kind, _)| kind)
}

/// The title of an extra without the word that makes it one: `Heat` of `Heat-trailer2`.
#[must_use]
pub fn title_of_extra(title: &str) -> &str {
    let Some((before, word)) = title.rsplit_once(['-', '.', '_', ' ']) else { return title };
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase();
    let before = before.trim_end_matches(['-', '.', '_', ' ']);
    if SUFFIXES.contains(&word.as_str()) && !before.is_empty() { before } else { title }
}

fn is_named_like(base: &[u8], folder: &[u8]) -> bool {
    let letters = |name: &[u8]| title_key(&decode(name)).chars().filter(|c| c.is_alphabetic()).collect::<String>();
    let of_base = letters(base);
    !of_base.is_empty() && of_base == letters(folder)
}

/// Whether what stands before the last word sets that apart. A space alone does not: `I Live in a Trailer`.
fn ends_with_mark(before: &str) -> bool {
    before.ends_with(['.', '_']) || before.trim_end().ends_with('-')
}

/// `trailer`, `movie-trailer…`, `Heat.trailer`, `Heat - trailer2`, `Heat-trailer-1080p`.
fn is_trailer(text: &str) -> bool {
    let without_digits = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let at_end =
        without_digits.strip_suffix("trailer").is_some_and(|before| before.is_empty() || ends_with_mark(before));
    let ends_word = |rest: &str| !rest.starts_with(char::is_alphabetic);
    at_end || text.split("-trailer").skip(1).any(ends_word)
}

/// `sample`, `sample-heat`, `heat-sample`, `heat.sample.1080p`. In the middle of words that spaces separate it is part of
/// a title: `The Sample Story`.
fn is_sample(text: &str) -> bool {
    if text.strip_suffix("sample").is_some_and(|before| before.is_empty() || ends_with_mark(before)) {
        return true;
    }
    text.match_indices("sample").any(|(at, word)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let is_edge = |c: Option<char>| c.is_none_or(|c| matches!(c, '!' | '-' | '.' | '_'));
        is_edge(before) && is_edge(after)
    })
}

fn words(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}
