//! Ids in addresses of providers, as they stand behind the XML of metadata files or instead of it.

use std::sync::LazyLock;

use regex::Regex;

use crate::library::layout::provider_id;
use crate::model::Provider;

/// Provider → what stands before its ids.
const ADDRESSES: &[(&str, &str)] = &[
    ("tmdb", r"themoviedb\.org/(?:movie|tv)/(\d+)"),
    ("imdb", r"imdb\.com/(?:[a-z-]{2,5}/)?title/(tt\d+)"),
    ("tvdb", r"thetvdb\.com/(?:derefer+er/series/|series/|\S*?[?&]id=)(\d+)"),
    ("tvmaze", r"tvmaze\.com/shows/(\d+)"),
    ("anidb", r"anidb\.net/(?:anime/|a|\S*?[?&]aid=)(\d+)"),
    ("anilist", r"anilist\.co/anime/(\d+)"),
    ("musicbrainz", r"musicbrainz\.org/artist/([0-9a-f-]{36})"),
    ("musicbrainzreleasegroup", r"musicbrainz\.org/release-group/([0-9a-f-]{36})"),
];

// The patterns are constants, so `unwrap` cannot fail that a test has not seen fail.
static PATTERNS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let compiled =
        |(provider, pattern): &(&'static str, &str)| (*provider, Regex::new(&format!("(?i){pattern}")).unwrap());
    ADDRESSES.iter().map(compiled).collect()
});
static FREE_IMDB: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:^|[^\p{L}\p{N}])(tt\d{7,10})(?:[^\p{L}\p{N}]|$)").unwrap());

/// The ids in a text, one of each provider at most. In a file that has nothing else, an IMDb id may stand alone.
pub(super) fn ids_in(text: &str, may_stand_alone: bool) -> Vec<(Provider, String)> {
    let mut ids: Vec<(Provider, String)> = Vec::new();
    for (provider, pattern) in PATTERNS.iter() {
        ids.extend(pattern.captures(text).and_then(|found| provider_id(provider, &found[1])));
    }
    let has_imdb = ids.iter().any(|(provider, _)| provider.as_str() == "imdb");
    if may_stand_alone && !has_imdb {
        ids.extend(FREE_IMDB.captures(text).and_then(|found| provider_id("imdb", &found[1])));
    }
    ids
}
