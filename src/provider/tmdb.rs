//! TMDB, version 3 of its API: films, series, seasons, episodes, people, collections.

pub mod parse;

use std::sync::Arc;

use url::Url;

use crate::config::{ProviderSettings, Secret};
use crate::model::{EntityType, ImageKind};
use crate::score::{Matched, confident};

use super::answer::{Answer, Identified, id};
use super::http::{Fetcher, FetcherSettings, Hosts, ProviderError, Reply, Request};
use super::{ArtworkProvider, Asked, Subject, Surroundings, address, not_understood, offered_address};

const NAME: &str = "tmdb";

/// See the module.
pub struct Tmdb {
    fetcher: Fetcher,
    base: Url,
    images: Url,
    key: Secret,
}

impl Tmdb {
    pub(super) fn from_settings(
        settings: &ProviderSettings,
        surroundings: &Surroundings,
    ) -> Result<Option<Arc<dyn ArtworkProvider>>, ProviderError> {
        let settings = &settings.tmdb;
        if !settings.enabled || settings.key.is_empty() {
            return Ok(None);
        }
        let base = address("provider.tmdb.base_url", &settings.base_url)?;
        let images = address("provider.tmdb.image_base_url", &settings.image_base_url)?;
        let fetcher = FetcherSettings {
            provider: NAME,
            hosts: Hosts::new([&base, &images], &[]),
            requests_per_second: settings.requests_per_second,
            connections: settings.connections,
            remedy: "provider.tmdb.key (POSTERFS_TMDB_KEY)",
            has_login: false,
        };
        let fetcher = Fetcher::new(fetcher, surroundings)?;
        Ok(Some(Arc::new(Self { fetcher, base, images, key: settings.key.clone() })))
    }

    /// A request with the key: a read access token goes into a header, a key of 32 digits is taken as parameter only.
    fn request(&self, path: &[&str]) -> Request {
        let mut request = Request::new(&self.base, path);
        if self.key.reveal().starts_with("eyJ") {
            let bearer = Secret::from(format!("Bearer {}", self.key.reveal()));
            request.secret_headers.push(("authorization", bearer));
        } else {
            request.secret_parameters.push(("api_key", self.key.clone()));
        }
        request
    }

    async fn ask(&self, request: &Request) -> Result<Option<Vec<u8>>, ProviderError> {
        match self.fetcher.ask(request).await? {
            Reply::Body(body) => Ok(Some(body)),
            Reply::Absent => Ok(None),
        }
    }

    /// By an id elsewhere.
    async fn find(&self, subject: &Subject) -> Result<Option<String>, ProviderError> {
        let Some(results) = find_results(subject.entity_type) else { return Ok(None) };
        let known = [
            ("imdb_id", subject.imdb().map(str::to_owned)),
            ("tvdb_id", subject.number("tvdb").map(|n| n.to_string())),
        ];
        for (source, value) in known.into_iter().filter_map(|(source, value)| Some((source, value?))) {
            let request = self.request(&["find", &value]).with("external_source", source);
            let Some(body) = self.ask(&request).await? else { continue };
            let found = parse::find(&body, results).map_err(not_understood(NAME, &request))?;
            if let [one] = found.as_slice() {
                return Ok(Some(one.clone()));
            }
        }
        Ok(None)
    }

    /// By title and year.
    async fn search(&self, subject: &Subject) -> Result<Matched, ProviderError> {
        let (path, year_name) = match subject.entity_type {
            EntityType::Movie => ("movie", Some("year")),
            EntityType::Series => ("tv", Some("first_air_date_year")),
            EntityType::MovieSet => ("collection", None),
            EntityType::Actor => ("person", None),
            _ => return Ok(Matched::Nothing),
        };
        let search = |year: Option<u16>| {
            let request = self.request(&["search", path]).with("query", &subject.title).with("include_adult", "false");
            request.with_some(year_name.unwrap_or_default(), year.filter(|_| year_name.is_some()))
        };
        let mut found = Vec::new();
        // The year as a filter, then without it: years are off by one often enough.
        for request in [search(subject.year), search(None)] {
            if let Some(body) = self.ask(&request).await? {
                found.extend(parse::search(&body).map_err(not_understood(NAME, &request))?);
            }
            let matched = confident(&subject.title, subject.year.filter(|_| year_name.is_some()), &found);
            if matches!(matched, Matched::Certain(_)) || subject.year.is_none() || year_name.is_none() {
                return Ok(matched);
            }
        }
        Ok(confident(&subject.title, subject.year, &found))
    }

    async fn look(&self, subject: &Subject) -> Result<Identified, ProviderError> {
        if !matches!(
            subject.entity_type,
            EntityType::Movie | EntityType::Series | EntityType::MovieSet | EntityType::Actor
        ) {
            return Ok(Identified::NotAsked);
        }
        if let Some(found) = self.find(subject).await? {
            return Ok(Identified::Found(id(NAME, found)));
        }
        Ok(match self.search(subject).await? {
            Matched::Certain(found) => Identified::Searched(id(NAME, found)),
            Matched::Doubtful(found) => {
                Identified::Doubtful(found.into_iter().map(|found| format!("{NAME}:{found}")).collect())
            }
            Matched::Nothing => Identified::Nothing,
        })
    }

    async fn details(&self, subject: &Subject) -> Result<Answer, ProviderError> {
        let Some(number) = subject.number(NAME).map(|number| number.to_string()) else { return Ok(Answer::default()) };
        let (season, episode) = (subject.season.map(|n| n.to_string()), subject.episode.map(|n| n.to_string()));
        let path: Vec<&str> = match (subject.entity_type, &season, &episode) {
            (EntityType::Movie, ..) => vec!["movie", &number],
            (EntityType::Series, ..) => vec!["tv", &number],
            (EntityType::MovieSet, ..) => vec!["collection", &number],
            (EntityType::Actor, ..) => vec!["person", &number],
            (EntityType::Season, Some(season), _) => vec!["tv", &number, "season", season],
            (EntityType::Episode, Some(season), Some(episode)) => {
                vec!["tv", &number, "season", season, "episode", episode]
            }
            _ => return Ok(Answer::default()),
        };
        let request = self
            .request(&path)
            .with("append_to_response", appended(subject.entity_type))
            .with("include_image_language", &image_languages(subject))
            .with_some("language", subject.languages.first());
        let Some(body) = self.ask(&request).await? else { return Ok(Answer::default()) };
        let mut answer =
            parse::details(&body, subject.entity_type, &self.images).map_err(not_understood(NAME, &request))?;
        let original = answer.original_language.clone().filter(|original| {
            subject.wants_original && subject.languages.iter().all(|known| known.base() != original.base())
        });
        if let Some(original) = original {
            let path = [&path[..], &["images"]].concat();
            let request = self.request(&path).with("include_image_language", original.base());
            if let Some(body) = self.ask(&request).await? {
                let more = parse::images(&body, subject.entity_type, &self.images);
                answer.absorb(more.map_err(not_understood(NAME, &request))?);
            }
        }
        Ok(answer)
    }
}

impl ArtworkProvider for Tmdb {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self, entity_type: EntityType) -> &'static [ImageKind] {
        use ImageKind::{ActorThumb, ClearLogo, Fanart, KeyArt, Landscape, Poster, Thumb};
        match entity_type {
            EntityType::Movie | EntityType::Series => &[Poster, KeyArt, Fanart, Landscape, ClearLogo],
            EntityType::MovieSet => &[Poster, KeyArt, Fanart, Landscape],
            EntityType::Season => &[Poster],
            EntityType::Episode => &[Thumb],
            EntityType::Actor => &[ActorThumb],
            EntityType::Artist | EntityType::Album => &[],
        }
    }

    fn id_name(&self, entity_type: EntityType) -> Option<&'static str> {
        (!matches!(entity_type, EntityType::Artist | EntityType::Album)).then_some(NAME)
    }

    fn greet(&self) -> Option<Asked<'_, ()>> {
        Some(Box::pin(async { self.ask(&self.request(&["configuration"])).await.map(drop) }))
    }

    fn identify<'a>(&'a self, subject: &'a Subject) -> Asked<'a, Identified> {
        Box::pin(self.look(subject))
    }

    fn answer<'a>(&'a self, subject: &'a Subject) -> Asked<'a, Answer> {
        Box::pin(self.details(subject))
    }

    fn preview_url(&self, url: &str) -> Option<String> {
        let (base, name) = url.rsplit_once("/original/")?;
        Some(format!("{base}/w500/{name}"))
    }

    fn picture<'a>(&'a self, url: &'a str, bytes_max: u64) -> Asked<'a, Vec<u8>> {
        Box::pin(async move { self.fetcher.picture(&offered_address(NAME, url)?, bytes_max).await })
    }
}

fn find_results(entity_type: EntityType) -> Option<&'static str> {
    match entity_type {
        EntityType::Movie => Some("movie_results"),
        EntityType::Series => Some("tv_results"),
        EntityType::Actor => Some("person_results"),
        _ => None,
    }
}

/// What comes along with the details, in the same request.
fn appended(entity_type: EntityType) -> &'static str {
    match entity_type {
        EntityType::Movie => "images,external_ids,credits,release_dates",
        EntityType::Series => "images,external_ids,aggregate_credits,content_ratings",
        EntityType::Actor => "images,external_ids",
        _ => "images",
    }
}

/// The languages of pictures that are asked for. Without `null`, pictures without text and most backgrounds would be
/// left out.
fn image_languages(subject: &Subject) -> String {
    let mut codes: Vec<&str> = Vec::new();
    for language in &subject.languages {
        if !codes.contains(&language.base()) {
            codes.push(language.base());
        }
    }
    codes.extend(["null", "xx"]);
    codes.join(",")
}
