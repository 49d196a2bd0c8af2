//! The Cover Art Archive: covers, backs, spines and discs of albums, by MusicBrainz' ids.

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use crate::config::ProviderSettings;
use crate::model::{EntityType, ImageKind};

use super::answer::{Answer, Identified, Offer};
use super::http::{Fetcher, FetcherSettings, Hosts, ProviderError, Reply, Request};
use super::lenient::{list, object, text, word};
use super::{ArtworkProvider, Asked, Subject, Surroundings, address, not_understood, offered_address};

/// The id of no album.
const NO_ALBUM: &str = "00000000-0000-4000-8000-000000000000";
const NAME: &str = "coverart";

/// See the module.
pub struct CoverArt {
    fetcher: Fetcher,
    base: Url,
}

impl CoverArt {
    pub(super) fn from_settings(
        settings: &ProviderSettings,
        surroundings: &Surroundings,
    ) -> Result<Option<Arc<dyn ArtworkProvider>>, ProviderError> {
        let settings = &settings.coverart;
        if !settings.enabled {
            return Ok(None);
        }
        let base = address("provider.coverart.base_url", &settings.base_url)?;
        let fetcher = FetcherSettings {
            provider: NAME,
            // Everything it lists lies at the Internet Archive.
            hosts: Hosts::new([&base], &["coverartarchive.org", "archive.org"]),
            requests_per_second: settings.requests_per_second,
            connections: settings.connections,
            remedy: "network.contact",
            has_login: false,
        };
        Ok(Some(Arc::new(Self { fetcher: Fetcher::new(fetcher, surroundings)?, base })))
    }

    async fn images(&self, subject: &Subject) -> Result<Answer, ProviderError> {
        let mbid = subject.mbid("musicbrainzreleasegroup").filter(|_| subject.entity_type == EntityType::Album);
        let Some(mbid) = mbid else { return Ok(Answer::default()) };
        let request = Request::new(&self.base, &["release-group", mbid]);
        let Reply::Body(body) = self.fetcher.ask(&request).await? else { return Ok(Answer::default()) };
        let mut answer = parse_images(&body).map_err(not_understood(NAME, &request))?;
        for offer in &mut answer.offers {
            if let Ok(url) = offer.url.parse() {
                offer.url = self.fetcher.hosts().upgraded(url).into();
            }
        }
        Ok(answer)
    }
}

impl ArtworkProvider for CoverArt {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self, entity_type: EntityType) -> &'static [ImageKind] {
        match entity_type {
            EntityType::Album => &[ImageKind::Cover, ImageKind::Back, ImageKind::Spine, ImageKind::DiscArt],
            _ => &[],
        }
    }

    fn greet(&self) -> Option<Asked<'_, ()>> {
        // An album that there is not, and that is an answer.
        let request = Request::new(&self.base, &["release-group", NO_ALBUM]);
        Some(Box::pin(async move { self.fetcher.ask(&request).await.map(drop) }))
    }

    fn identify<'a>(&'a self, _subject: &'a Subject) -> Asked<'a, Identified> {
        Box::pin(async { Ok(Identified::NotAsked) })
    }

    fn answer<'a>(&'a self, subject: &'a Subject) -> Asked<'a, Answer> {
        Box::pin(self.images(subject))
    }

    fn picture<'a>(&'a self, url: &'a str, bytes_max: u64) -> Asked<'a, Vec<u8>> {
        Box::pin(async move { self.fetcher.picture(&offered_address(NAME, url)?, bytes_max).await })
    }
}

/// The list of a release or release group.
///
/// # Errors
/// When it is no JSON object.
pub fn parse_images(bytes: &[u8]) -> Result<Answer, String> {
    let value = object(bytes)?;
    let mut answer = Answer::default();
    for entry in list(&value, "images") {
        // Of other types, or with nothing but a document to show for it.
        let Some((kind, (url, side))) = kind_of(entry).zip(address_of(entry)) else { continue };
        match word(entry, "id") {
            Some(key) => answer.offers.push(offer(entry, kind, key, url, side)),
            None => answer.dropped += 1,
        }
    }
    Ok(answer)
}

/// What it is of; `None` for booklets, stickers and everything else that no player shows.
fn kind_of(entry: &Value) -> Option<ImageKind> {
    let types: Vec<&str> = list(entry, "types").iter().filter_map(Value::as_str).collect();
    if types.iter().any(|name| ["Watermark", "Raw/Unedited"].contains(name)) {
        return None;
    }
    let says = |key: &str| entry.get(key).and_then(Value::as_bool) == Some(true);
    if types.contains(&"Front") || says("front") {
        Some(ImageKind::Cover)
    } else if types.contains(&"Back") || says("back") {
        Some(ImageKind::Back)
    } else if types.contains(&"Medium") {
        Some(ImageKind::DiscArt)
    } else if types.contains(&"Spine") {
        Some(ImageKind::Spine)
    } else {
        None
    }
}

/// The one of 1200 pixels if there is one, else of 500, with that size: originals may be PDF, and tens of megabytes.
fn address_of(entry: &Value) -> Option<(&str, Option<u32>)> {
    let thumbnails = entry.get("thumbnails").unwrap_or(&Value::Null);
    let sizes = [("1200", 1200), ("500", 500), ("large", 500)];
    let scaled = sizes.iter().find_map(|(key, side)| Some((text(thumbnails, key)?, Some(*side))));
    let is_picture = |url: &&str| !url.to_ascii_lowercase().ends_with(".pdf");
    scaled.or_else(|| text(entry, "image").filter(is_picture).map(|url| (url, None)))
}

fn offer(entry: &Value, kind: ImageKind, key: String, url: &str, side: Option<u32>) -> Offer {
    // Only the longer side is known, so the size is, for what is square.
    let side = side.filter(|_| matches!(kind, ImageKind::Cover | ImageKind::DiscArt));
    // The people of MusicBrainz look at every picture and approve of it.
    let is_approved = entry.get("approved").and_then(Value::as_bool) == Some(true);
    Offer {
        kind,
        key,
        url: url.to_owned(),
        width: side,
        height: side,
        language: None,
        vote_average: is_approved.then_some(10.0),
        vote_count: Some(u32::from(is_approved)),
        season: None,
    }
}
