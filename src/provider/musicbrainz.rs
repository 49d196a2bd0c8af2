//! MusicBrainz: ids and facts of artists and albums. It has no pictures; the Cover Art Archive has them by its ids.

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use crate::config::ProviderSettings;
use crate::model::{EntityType, ImageKind};
use crate::score::{Found, Matched, confident, folded};

use super::answer::{Answer, Identified, id};
use super::http::{Fetcher, FetcherSettings, Hosts, ProviderError, Reply, Request};
use super::lenient::{list, object, several, text, year};
use super::subject::is_mbid;
use super::{ArtworkProvider, Asked, Subject, Surroundings, address, not_understood};

/// The artist of what is by many, which will always be there.
const NOBODY: &str = "89ad4ac3-39f7-470e-963a-56509c546377";
const NAME: &str = "musicbrainz";
const RELEASE_GROUP: &str = "musicbrainzreleasegroup";

/// See the module.
pub struct MusicBrainz {
    fetcher: Fetcher,
    base: Url,
}

impl MusicBrainz {
    pub(super) fn from_settings(
        settings: &ProviderSettings,
        surroundings: &Surroundings,
    ) -> Result<Option<Arc<dyn ArtworkProvider>>, ProviderError> {
        let settings = &settings.musicbrainz;
        if !settings.enabled {
            return Ok(None);
        }
        let base = address("provider.musicbrainz.base_url", &settings.base_url)?;
        let fetcher = FetcherSettings {
            provider: NAME,
            hosts: Hosts::new([&base], &["musicbrainz.org"]),
            requests_per_second: settings.requests_per_second,
            connections: settings.connections,
            remedy: "network.contact",
            has_login: false,
        };
        Ok(Some(Arc::new(Self { fetcher: Fetcher::new(fetcher, surroundings)?, base })))
    }

    async fn search(&self, subject: &Subject) -> Result<Identified, ProviderError> {
        let (path, key, provider, query) = match subject.entity_type {
            EntityType::Artist => ("artist", "artists", NAME, format!("artist:{}", quoted(&subject.title))),
            EntityType::Album => {
                let artist = subject.artist.as_deref().map(|artist| format!(" AND artist:{}", quoted(artist)));
                let query = format!("releasegroup:{}{}", quoted(&subject.title), artist.unwrap_or_default());
                ("release-group", "release-groups", RELEASE_GROUP, query)
            }
            _ => return Ok(Identified::NotAsked),
        };
        let request = Request::new(&self.base, &[path]).with("query", &query).with("fmt", "json").with("limit", "25");
        let Reply::Body(body) = self.fetcher.ask(&request).await? else { return Ok(Identified::Nothing) };
        let found = parse_found(&body, key, subject.artist.as_deref()).map_err(not_understood(NAME, &request))?;
        Ok(match confident(&subject.title, subject.year.filter(|_| path == "release-group"), &found) {
            Matched::Certain(found) => Identified::Searched(id(provider, found)),
            Matched::Doubtful(found) => {
                Identified::Doubtful(found.into_iter().map(|found| format!("{provider}:{found}")).collect())
            }
            Matched::Nothing => Identified::Nothing,
        })
    }

    async fn record(&self, subject: &Subject) -> Result<Answer, ProviderError> {
        let (path, mbid, provider, inc) = match subject.entity_type {
            EntityType::Artist => ("artist", subject.mbid(NAME), NAME, "url-rels+genres"),
            EntityType::Album => ("release-group", subject.mbid(RELEASE_GROUP), RELEASE_GROUP, "artist-credits+genres"),
            _ => return Ok(Answer::default()),
        };
        let Some(mbid) = mbid else { return Ok(Answer::default()) };
        let request = Request::new(&self.base, &[path, mbid]).with("inc", inc).with("fmt", "json");
        match self.fetcher.ask(&request).await? {
            Reply::Body(body) => parse_record(&body, provider).map_err(not_understood(NAME, &request)),
            Reply::Absent => Ok(Answer::default()),
        }
    }
}

impl ArtworkProvider for MusicBrainz {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self, _entity_type: EntityType) -> &'static [ImageKind] {
        &[]
    }

    fn id_name(&self, entity_type: EntityType) -> Option<&'static str> {
        match entity_type {
            EntityType::Artist => Some(NAME),
            EntityType::Album => Some(RELEASE_GROUP),
            _ => None,
        }
    }

    fn has_facts(&self, entity_type: EntityType) -> bool {
        self.id_name(entity_type).is_some()
    }

    fn greet(&self) -> Option<Asked<'_, ()>> {
        let request = Request::new(&self.base, &["artist", NOBODY]).with("fmt", "json");
        Some(Box::pin(async move { self.fetcher.ask(&request).await.map(drop) }))
    }

    fn identify<'a>(&'a self, subject: &'a Subject) -> Asked<'a, Identified> {
        Box::pin(self.search(subject))
    }

    fn answer<'a>(&'a self, subject: &'a Subject) -> Asked<'a, Answer> {
        Box::pin(self.record(subject))
    }

    fn picture<'a>(&'a self, url: &'a str, _bytes_max: u64) -> Asked<'a, Vec<u8>> {
        Box::pin(async move { Err(ProviderError::Gone { provider: NAME, url: url.to_owned() }) })
    }
}

/// A phrase of the search language: in quotes, with what means something there escaped.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The results of a search under that key. Of albums only those of that artist count, where one is given.
///
/// # Errors
/// When it is no JSON object.
pub fn parse_found(bytes: &[u8], key: &str, artist: Option<&str>) -> Result<Vec<Found>, String> {
    let value = object(bytes)?;
    let is_by = |result: &&Value| {
        artist.is_none_or(|artist| list(result, "artist-credit").iter().any(|credit| is_called(credit, artist)))
    };
    let found = list(&value, key).iter().filter(is_by).filter_map(|result| {
        let aliases = list(result, "aliases").iter().filter_map(|alias| text(alias, "name"));
        let titles = ["name", "title"].iter().filter_map(|key| text(result, key)).chain(aliases);
        let id = text(result, "id").filter(|id| is_mbid(id))?.to_owned();
        Some(Found { id, titles: titles.map(str::to_owned).collect(), year: year(result, "first-release-date") })
    });
    Ok(found.collect())
}

fn is_called(credit: &Value, artist: &str) -> bool {
    let names = [text(credit, "name"), credit.get("artist").and_then(|artist| text(artist, "name"))];
    names.into_iter().flatten().any(|name| folded(name) == folded(artist))
}

/// A record of an artist or album. A merged record answers with its new id.
///
/// # Errors
/// When it is no JSON object.
pub fn parse_record(bytes: &[u8], provider: &str) -> Result<Answer, String> {
    let value = object(bytes)?;
    let mut answer = Answer::default();
    answer.add_id(provider, text(&value, "id").filter(|id| is_mbid(id)).map(str::to_owned));
    let owned = |key: &str| text(&value, key).map(str::to_owned);
    answer.add_field("title", owned("title").or_else(|| owned("name")));
    answer.add_field("premiered", owned("first-release-date"));
    answer.add_field("genres", several(&value, "genres", "name"));
    answer.add_field("plot", owned("disambiguation"));
    Ok(answer)
}
