//! fanart.tv, version 3 of its API: films and sets by TMDB's or IMDb's id, series by TheTVDB's, music by MusicBrainz'. It
//! has no search.

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use crate::config::{ProviderSettings, Secret};
use crate::model::{EntityType, ImageKind};

use super::answer::{Answer, Identified, Offer};
use super::http::{Fetcher, FetcherSettings, Hosts, ProviderError, Reply, Request};
use super::language::language;
use super::lenient::{count, object, pixels, text, word};
use super::{ArtworkProvider, Asked, Subject, Surroundings, address, not_understood, offered_address};

const NAME: &str = "fanarttv";

/// See the module.
pub struct FanartTv {
    fetcher: Fetcher,
    base: Url,
    key: Secret,
    client_key: Secret,
}

impl FanartTv {
    pub(super) fn from_settings(
        settings: &ProviderSettings,
        surroundings: &Surroundings,
    ) -> Result<Option<Arc<dyn ArtworkProvider>>, ProviderError> {
        let settings = &settings.fanarttv;
        if !settings.enabled || settings.key.is_empty() {
            return Ok(None);
        }
        let base = address("provider.fanarttv.base_url", &settings.base_url)?;
        let fetcher = FetcherSettings {
            provider: NAME,
            hosts: Hosts::new([&base], &["fanart.tv"]),
            requests_per_second: settings.requests_per_second,
            connections: settings.connections,
            remedy: "provider.fanarttv.key (a project's key) and provider.fanarttv.client_key (your own)",
            has_login: false,
        };
        let fetcher = Fetcher::new(fetcher, surroundings)?;
        let (key, client_key) = (settings.key.clone(), settings.client_key.clone());
        Ok(Some(Arc::new(Self { fetcher, base, key, client_key })))
    }

    fn request(&self, path: &[&str]) -> Request {
        let mut request = Request::new(&self.base, path);
        request.secret_headers.push(("api-key", self.key.clone()));
        if !self.client_key.is_empty() {
            request.secret_headers.push(("client-key", self.client_key.clone()));
        }
        request
    }

    async fn artwork(&self, subject: &Subject) -> Result<Answer, ProviderError> {
        let number = |provider| subject.number(provider).map(|number| number.to_string());
        let (group, id) = match subject.entity_type {
            EntityType::Movie => ("movies", number("tmdb").or_else(|| subject.imdb().map(str::to_owned))),
            EntityType::MovieSet => ("movies", number("tmdb")),
            EntityType::Series | EntityType::Season => ("tv", number("tvdb")),
            EntityType::Artist => ("music", subject.mbid("musicbrainz").map(str::to_owned)),
            EntityType::Album => ("music", subject.mbid("musicbrainzreleasegroup").map(str::to_owned)),
            EntityType::Episode | EntityType::Actor => return Ok(Answer::default()),
        };
        let Some(id) = id else { return Ok(Answer::default()) };
        let is_album = subject.entity_type == EntityType::Album;
        let path = if is_album { vec![group, "albums", &id] } else { vec![group, &id] };
        let request = self.request(&path);
        let Reply::Body(body) = self.fetcher.ask(&request).await? else { return Ok(Answer::default()) };
        let parsed = if is_album { parse_album(&body, &id) } else { parse_artwork(&body, subject.entity_type) };
        let mut answer = parsed.map_err(not_understood(NAME, &request))?;
        answer.offers.retain(|offer| offer.season == subject.season);
        for offer in &mut answer.offers {
            if let Ok(url) = offer.url.parse() {
                offer.url = self.fetcher.hosts().upgraded(url).into();
            }
        }
        Ok(answer)
    }
}

impl ArtworkProvider for FanartTv {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self, entity_type: EntityType) -> &'static [ImageKind] {
        use ImageKind::{
            Banner, CharacterArt, ClearArt, ClearLogo, Cover, DiscArt, Fanart, KeyArt, Landscape, Poster, Thumb,
        };
        match entity_type {
            EntityType::Movie | EntityType::MovieSet => {
                &[Poster, KeyArt, Fanart, Landscape, Banner, ClearLogo, ClearArt, DiscArt]
            }
            EntityType::Series => &[Poster, KeyArt, Fanart, Landscape, Banner, ClearLogo, ClearArt, CharacterArt],
            EntityType::Season => &[Poster, Fanart, Banner, Landscape],
            EntityType::Artist => &[Thumb, Fanart, ClearLogo, Banner],
            EntityType::Album => &[Cover, DiscArt],
            EntityType::Episode | EntityType::Actor => &[],
        }
    }

    fn greet(&self) -> Option<Asked<'_, ()>> {
        // There is no film 0, and that is an answer.
        Some(Box::pin(async { self.fetcher.ask(&self.request(&["movies", "0"])).await.map(drop) }))
    }

    fn identify<'a>(&'a self, _subject: &'a Subject) -> Asked<'a, Identified> {
        Box::pin(async { Ok(Identified::NotAsked) })
    }

    fn answer<'a>(&'a self, subject: &'a Subject) -> Asked<'a, Answer> {
        Box::pin(self.artwork(subject))
    }

    fn preview_url(&self, url: &str) -> Option<String> {
        let (base, name) = url.split_once("/fanart/")?;
        Some(format!("{base}/preview/{name}"))
    }

    fn picture<'a>(&'a self, url: &'a str, bytes_max: u64) -> Asked<'a, Vec<u8>> {
        Box::pin(async move { self.fetcher.picture(&offered_address(NAME, url)?, bytes_max).await })
    }
}

/// A kind of fanart.tv: what it is here, and the size that its upload rules demand.
type Row = (&'static str, ImageKind, u32, u32);

const MOVIE_ROWS: &[Row] = &[
    ("movieposter", ImageKind::Poster, 1000, 1426),
    ("moviebackground", ImageKind::Fanart, 1920, 1080),
    ("movie4kbackground", ImageKind::Fanart, 3840, 2160),
    ("hdmovielogo", ImageKind::ClearLogo, 800, 310),
    ("movielogo", ImageKind::ClearLogo, 400, 155),
    ("hdmovieclearart", ImageKind::ClearArt, 1000, 562),
    ("movieart", ImageKind::ClearArt, 500, 281),
    ("moviebanner", ImageKind::Banner, 1000, 185),
    ("moviethumb", ImageKind::Landscape, 1000, 562),
    ("moviedisc", ImageKind::DiscArt, 1000, 1000),
];
const SERIES_ROWS: &[Row] = &[
    ("tvposter", ImageKind::Poster, 1000, 1426),
    ("showbackground", ImageKind::Fanart, 1920, 1080),
    ("show4kbackground", ImageKind::Fanart, 3840, 2160),
    ("hdtvlogo", ImageKind::ClearLogo, 800, 310),
    ("clearlogo", ImageKind::ClearLogo, 400, 155),
    ("hdclearart", ImageKind::ClearArt, 1000, 562),
    ("clearart", ImageKind::ClearArt, 500, 281),
    ("tvbanner", ImageKind::Banner, 1000, 185),
    ("tvthumb", ImageKind::Landscape, 1000, 562),
    ("characterart", ImageKind::CharacterArt, 512, 512),
    ("seasonposter", ImageKind::Poster, 1000, 1426),
    ("seasonbanner", ImageKind::Banner, 1000, 185),
    ("seasonthumb", ImageKind::Landscape, 1000, 562),
];
const ARTIST_ROWS: &[Row] = &[
    ("artistthumb", ImageKind::Thumb, 1000, 1000),
    ("artistbackground", ImageKind::Fanart, 1920, 1080),
    ("artist4kbackground", ImageKind::Fanart, 3840, 2160),
    ("hdmusiclogo", ImageKind::ClearLogo, 800, 310),
    ("musiclogo", ImageKind::ClearLogo, 400, 155),
    ("musicbanner", ImageKind::Banner, 1000, 185),
];
const ALBUM_ROWS: &[Row] = &[("albumcover", ImageKind::Cover, 1000, 1000), ("cdart", ImageKind::DiscArt, 1000, 1000)];

/// The reply about a film, set, series (with its seasons) or artist.
///
/// # Errors
/// When it is no JSON object.
pub fn parse_artwork(bytes: &[u8], entity_type: EntityType) -> Result<Answer, String> {
    let rows = match entity_type {
        EntityType::Movie | EntityType::MovieSet => MOVIE_ROWS,
        EntityType::Series | EntityType::Season => SERIES_ROWS,
        EntityType::Artist => ARTIST_ROWS,
        EntityType::Album => ALBUM_ROWS,
        EntityType::Episode | EntityType::Actor => &[],
    };
    let mut answer = Answer::default();
    add_rows(&mut answer, &object(bytes)?, rows);
    Ok(answer)
}

/// The reply about an album, of its release group: a map by that id, or a list of records that tell it.
///
/// # Errors
/// When it is no JSON object.
pub fn parse_album(bytes: &[u8], release_group: &str) -> Result<Answer, String> {
    let value = object(bytes)?;
    let album = match value.get("albums") {
        Some(Value::Object(albums)) => albums.get(release_group),
        Some(Value::Array(albums)) => {
            albums.iter().find(|album| text(album, "release_group_id") == Some(release_group))
        }
        _ => None,
    };
    let mut answer = Answer::default();
    if let Some(album) = album {
        add_rows(&mut answer, album, ALBUM_ROWS);
    }
    Ok(answer)
}

fn add_rows(answer: &mut Answer, value: &Value, rows: &[Row]) {
    for row in rows {
        for entry in super::lenient::list(value, row.0) {
            match offer(entry, row) {
                Some(offer) => answer.offers.push(offer),
                None => answer.dropped += 1,
            }
        }
    }
}

fn offer(entry: &Value, &(name, kind, width, height): &Row) -> Option<Offer> {
    let likes = count(entry, "likes").unwrap_or(0);
    let language = text(entry, "lang").and_then(|code| language(code, None));
    Some(Offer {
        // A poster that is said to have no text is key art.
        kind: if kind == ImageKind::Poster && name != "seasonposter" && says_no_text(entry) {
            ImageKind::KeyArt
        } else {
            kind
        },
        key: word(entry, "id")?,
        url: text(entry, "url")?.to_owned(),
        width: pixels(entry, "width").or(Some(width)),
        height: pixels(entry, "height").or(Some(height)),
        language,
        // Whoever likes a picture gives it all it can get.
        vote_average: (likes > 0).then_some(10.0),
        vote_count: Some(likes),
        season: season(entry),
    })
}

fn says_no_text(entry: &Value) -> bool {
    matches!(entry.get("lang").and_then(Value::as_str), Some("" | "00" | "xx"))
}

/// `all`, nothing and what is no number belong to the series.
fn season(entry: &Value) -> Option<u16> {
    word(entry, "season")?.parse().ok()
}
