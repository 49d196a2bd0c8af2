//! Words in names that stand for the release and not for a title.

/// What a word says about the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Release {
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
    "vostfr",
    "webdlrip",
    "bdmv",
    "bd25",
    "bd50",
    "hdr10plus",
    "dvdr",
    "dvdremux",
    "flac2",
    "ddp",
    "ddp2",
    "dd2",
    "atmos",
    "av1",
    "hi10",
    "hi10p",
    "10bits",
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
    "recut",
    "uncensored",
    "despecialized",
    "fanedit",
    "2in1",
    "3in1",
];
const POSSIBLE: &[&str] = &[
    "german",
    "dutch",
    "swedish",
    "french",
    "italian",
    "spanish",
    "english",
    "dubbed",
    "subbed",
    "dl",
    "ml",
    "limited",
    "internal",
    "proper",
    "retail",
    "custom",
    "festival",
    "complete",
    "dc",
    "se",
    "ws",
    "fs",
    "ts",
    "tc",
    "cam",
    "r5",
    "pal",
    "ntsc",
    "dv",
    "imax",
    "3d",
    "hsbs",
    "read",
    "web",
    "hd",
    "dvd",
    "bd",
    "truefrench",
    "ac3d",
    "ac3ld",
    "uhdbd",
    "amzn",
    "nf",
    "dsnp",
    "hmax",
    "atvp",
    "hulu",
    "itunes",
    "malayalam",
    "hindi",
    "tamil",
    "russian",
    "polish",
    "czech",
    "hungarian",
    "norwegian",
    "danish",
    "finnish",
    "nordic",
    "korean",
    "japanese",
    "chinese",
    "subs",
    "nlsubs",
    "korsub",
    "korsubs",
    "hc",
    "dual",
    "audio",
    "ld",
    "md",
    "hq",
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

/// Whether a word stands for the release and not for a title, wherever it stands.
pub(super) fn is_release_word(word: &str) -> bool {
    release(word).is_some() || is_resolution(&word.to_ascii_lowercase())
}

/// What a word says about the release; `None` for a word of titles.
pub(super) fn release(word: &str) -> Option<Release> {
    let lower = word.to_ascii_lowercase();
    let tables = [(CERTAIN, Release::Certain), (EDITION, Release::Edition), (POSSIBLE, Release::Possible)];
    tables.into_iter().find(|(table, _)| table.contains(&lower.as_str())).map(|(_, release)| release)
}

/// Whether a word, with the one behind it, is never part of a title.
pub(super) fn is_certain(word: &str, next: &str) -> bool {
    let (lower, next) = (word.to_ascii_lowercase(), next.to_ascii_lowercase());
    CERTAIN.contains(&lower.as_str()) || PAIRS.contains(&(lower.as_str(), next.as_str())) || is_resolution(&lower)
}

/// `1920x1080` and the like.
fn is_resolution(lower: &str) -> bool {
    let is_size = |digits: &str| (3..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    lower.split_once('x').is_some_and(|(width, height)| is_size(width) && is_size(height))
}
