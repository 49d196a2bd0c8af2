//! TheTVDB, version 4 of its API: series with their seasons and episodes, films, people.

pub mod parse;
mod session;
mod types;

use std::sync::Arc;

use url::Url;

use crate::config::ProviderSettings;
use crate::model::{EntityType, ImageKind};
use crate::score::{Matched, confident};

use super::answer::{Answer, Identified, id};
use super::http::{Fetcher, FetcherSettings, Hosts, ProviderError, Request};
use super::{ArtworkProvider, Asked, Subject, Surroundings, address, not_understood, offered_address};

pub use types::ArtworkTypes;

use session::Session;

const NAME: &str = "tvdb";

/// How many pages of episodes are looked at; each has 500.
const PAGES_MAX: u32 = 20;

/// See the module.
pub struct Tvdb {
    session: Session,
    base: Url,
    images: Url,
    /// The server's own table, once a reply has shown that the one that is built in is not enough.
    types: tokio::sync::OnceCell<ArtworkTypes>,
}

impl Tvdb {
    pub(super) fn from_settings(
        settings: &ProviderSettings,
        surroundings: &Surroundings,
    ) -> Result<Option<Arc<dyn ArtworkProvider>>, ProviderError> {
        let settings = &settings.tvdb;
        if !settings.enabled || settings.key.is_empty() {
            return Ok(None);
        }
        let base = address("provider.tvdb.base_url", &settings.base_url)?;
        let images = address("provider.tvdb.image_base_url", &settings.image_base_url)?;
        let fetcher = FetcherSettings {
            provider: NAME,
            hosts: Hosts::new([&base, &images], &["thetvdb.com"]),
            requests_per_second: settings.requests_per_second,
            connections: settings.connections,
            remedy: "provider.tvdb.key (POSTERFS_TVDB_KEY) and provider.tvdb.pin, which some keys need",
            has_login: true,
        };
        let fetcher = Fetcher::new(fetcher, surroundings)?;
        let session = Session::new(fetcher, &base, settings, surroundings.replies.as_ref());
        Ok(Some(Arc::new(Self { session, base, images, types: tokio::sync::OnceCell::new() })))
    }

    fn request(&self, path: &[&str]) -> Request {
        Request::new(&self.base, path)
    }

    /// Its id here, by the one at IMDb where need be.
    async fn number(&self, subject: &Subject) -> Result<Option<String>, ProviderError> {
        if let Some(number) = subject.number(NAME) {
            return Ok(Some(number.to_string()));
        }
        let Some((imdb, kind)) = subject.imdb().zip(record_kind(subject.entity_type)) else { return Ok(None) };
        let request = self.request(&["search", "remoteid", imdb]);
        let Some(body) = self.session.ask(&request).await? else { return Ok(None) };
        let found = parse::remote(&body, kind).map_err(not_understood(NAME, &request))?;
        Ok(if let [one] = found.as_slice() { Some(one.clone()) } else { None })
    }

    async fn look(&self, subject: &Subject) -> Result<Identified, ProviderError> {
        let Some(kind) = record_kind(subject.entity_type) else { return Ok(Identified::NotAsked) };
        if let Some(number) = self.number(subject).await? {
            return Ok(Identified::Found(id(NAME, number)));
        }
        let request =
            self.request(&["search"]).with("query", &subject.title).with("type", kind).with_some("year", subject.year);
        let Some(body) = self.session.ask(&request).await? else { return Ok(Identified::Nothing) };
        let found = parse::found(&body).map_err(not_understood(NAME, &request))?;
        Ok(match confident(&subject.title, subject.year, &found) {
            Matched::Certain(found) => Identified::Searched(id(NAME, found)),
            Matched::Doubtful(found) => {
                Identified::Doubtful(found.into_iter().map(|found| format!("{NAME}:{found}")).collect())
            }
            Matched::Nothing => Identified::Nothing,
        })
    }

    async fn artwork(&self, subject: &Subject) -> Result<Answer, ProviderError> {
        let Some(number) = self.number(subject).await? else { return Ok(Answer::default()) };
        if let (EntityType::Episode, Some(season), Some(episode)) =
            (subject.entity_type, subject.season, subject.episode)
        {
            return self.still(&number, season, episode).await;
        }
        let path: [&str; 3] = match subject.entity_type {
            EntityType::Movie => ["movies", &number, "extended"],
            EntityType::Series | EntityType::Season => ["series", &number, "extended"],
            EntityType::Actor => ["people", &number, "extended"],
            _ => return Ok(Answer::default()),
        };
        let request = self.request(&path);
        let Some(body) = self.session.ask(&request).await? else { return Ok(Answer::default()) };
        let wrong = not_understood(NAME, &request);
        if subject.entity_type == EntityType::Actor {
            return parse::person(&body, &subject.languages, &self.images).map_err(wrong);
        }
        let mut answer = self.record(&body, subject.entity_type).await.map_err(wrong)?;
        answer.offers.retain(|offer| offer.season == subject.season);
        Ok(answer)
    }

    /// What a record tells; where it has artwork of types that are not known here, by the server's own table.
    async fn record(&self, body: &[u8], entity_type: EntityType) -> Result<Answer, String> {
        let built_in = ArtworkTypes::default();
        let types = self.types.get().unwrap_or(&built_in);
        let read = parse::record(body, entity_type, &self.images, types)?;
        if !read.has_new_types || self.types.initialized() {
            return Ok(read.answer);
        }
        let types = self.types.get_or_init(|| self.ask_for_types()).await;
        Ok(parse::record(body, entity_type, &self.images, types)?.answer)
    }

    /// The server's table of artwork types; without an answer what is built in has to do.
    async fn ask_for_types(&self) -> ArtworkTypes {
        let reply = self.session.ask(&self.request(&["artwork", "types"])).await;
        let types = reply.ok().flatten().and_then(|body| ArtworkTypes::parse(&body).ok());
        types.unwrap_or_default()
    }

    async fn still(&self, number: &str, season: u16, episode: u16) -> Result<Answer, ProviderError> {
        for page in 0..PAGES_MAX {
            let request = self
                .request(&["series", number, "episodes", "default"])
                .with("page", &page.to_string())
                .with("season", &season.to_string());
            let Some(body) = self.session.ask(&request).await? else { break };
            let page = parse::episodes(&body, season, episode, &self.images).map_err(not_understood(NAME, &request))?;
            if page.is_last || !page.answer.offers.is_empty() {
                return Ok(page.answer);
            }
        }
        Ok(Answer::default())
    }
}

impl ArtworkProvider for Tvdb {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self, entity_type: EntityType) -> &'static [ImageKind] {
        use ImageKind::{ActorThumb, Banner, ClearArt, ClearLogo, Fanart, KeyArt, Poster, Thumb};
        match entity_type {
            EntityType::Movie | EntityType::Series => &[Poster, KeyArt, Fanart, Banner, ClearLogo, ClearArt],
            EntityType::Season => &[Poster, Fanart, Banner],
            EntityType::Episode => &[Thumb],
            EntityType::Actor => &[ActorThumb],
            _ => &[],
        }
    }

    fn id_name(&self, entity_type: EntityType) -> Option<&'static str> {
        use EntityType::{Actor, Episode, Movie, Season, Series};
        matches!(entity_type, Movie | Series | Season | Episode | Actor).then_some(NAME)
    }

    fn greet(&self) -> Option<Asked<'_, ()>> {
        Some(Box::pin(async { self.session.ask(&self.request(&["artwork", "statuses"])).await.map(drop) }))
    }

    fn identify<'a>(&'a self, subject: &'a Subject) -> Asked<'a, Identified> {
        Box::pin(self.look(subject))
    }

    fn answer<'a>(&'a self, subject: &'a Subject) -> Asked<'a, Answer> {
        Box::pin(self.artwork(subject))
    }

    fn picture<'a>(&'a self, url: &'a str, bytes_max: u64) -> Asked<'a, Vec<u8>> {
        Box::pin(async move { self.session.fetcher.picture(&offered_address(NAME, url)?, bytes_max).await })
    }
}

/// What a record of that type is called in searches.
fn record_kind(entity_type: EntityType) -> Option<&'static str> {
    match entity_type {
        EntityType::Movie => Some("movie"),
        EntityType::Series => Some("series"),
        _ => None,
    }
}
