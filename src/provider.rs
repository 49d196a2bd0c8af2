//! Providers of artwork: requests out, candidates in. The only module that knows HTTP dialects.
//!
//! A provider is one file: which requests it makes, and a parser that is a function of bytes. It becomes known by one
//! row in [`providers`]. All of them share one way of speaking HTTP, and one way of reading what they are sent: entry by
//! entry, so that what is odd costs one candidate and not the reply.
//!
//! - [`http`]: limits, retries, revalidation, size caps, redirects, secrets
//! - `subject`, `answer`: what is asked, and what comes back
//! - `lenient`: reading JSON that may be anything; `language`: language codes of three dialects
//! - `tmdb`, `tvdb`, `fanarttv`, `musicbrainz`, `coverart`: one file each, as are their parsers
//! - `local`: folders of artwork; `nfo`: addresses in metadata files of the tree

mod answer;
mod coverart;
mod fanarttv;
pub mod http;
mod language;
mod lenient;
mod local;
mod musicbrainz;
mod nfo;
mod subject;
mod tmdb;
mod tvdb;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::config::{NetworkSettings, ProviderSettings};
use crate::model::{Clock, EntityType, ImageKind};

pub use answer::{Answer, Field, Identified, Offer, Person};
pub use http::{Asking, Fetcher, ProviderError, Replies, Traffic, TrafficLine};
pub use subject::{Place, Subject};

/// The parsers, as functions of bytes: for tests that feed them anything.
pub mod parse {
    pub use super::coverart::parse_images as coverart_images;
    pub use super::fanarttv::{parse_album as fanarttv_album, parse_artwork as fanarttv_artwork};
    pub use super::musicbrainz::{parse_found as musicbrainz_found, parse_record as musicbrainz_record};
    pub use super::tmdb::parse::{
        details as tmdb_details, find as tmdb_find, images as tmdb_images, search as tmdb_search,
    };
    pub use super::tvdb::ArtworkTypes as TvdbArtworkTypes;
    pub use super::tvdb::parse::{
        Record as TvdbRecord, found as tvdb_found, person as tvdb_person, record as tvdb_record, remote as tvdb_remote,
        token as tvdb_token,
    };
}

/// What a request to a provider comes to, some time later.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// Someone who offers candidates.
pub trait ArtworkProvider: Send + Sync {
    /// Its word in the catalog, in the configuration and in commands.
    fn name(&self) -> &'static str;

    /// The kinds of pictures that it may have for that type of entity; none when it need not be asked.
    fn kinds(&self, entity_type: EntityType) -> &'static [ImageKind];

    /// Whether it may have a picture of that kind for just this subject. One that is told what there is by the tree knows
    /// without being asked.
    fn may_have(&self, subject: &Subject, kind: ImageKind) -> bool {
        self.kinds(subject.entity_type).contains(&kind)
    }

    /// The provider of ids by whose ids it knows that type of entity, if it can find out such an id.
    fn id_name(&self, _entity_type: EntityType) -> Option<&'static str> {
        None
    }

    /// Whether it knows facts of that type of entity though it has no pictures.
    fn has_facts(&self, _entity_type: EntityType) -> bool {
        false
    }

    /// Looks for the subject's id: by its ids elsewhere, then by title and year. Only asked where the subject lacks the
    /// id that this provider knows it by.
    fn identify<'a>(&'a self, subject: &'a Subject) -> Asked<'a, Identified>;

    /// What it has for the subject: candidates, and what else it knows. A subject that it cannot be asked about, for
    /// lack of an id, has an empty answer.
    fn answer<'a>(&'a self, subject: &'a Subject) -> Asked<'a, Answer>;

    /// Asks something small, to find out whether it can be reached and takes our key. `None`: it is on no network.
    fn greet(&self) -> Option<Asked<'_, ()>> {
        None
    }

    /// The address of a smaller copy of a picture that it offered, where it has such.
    fn preview_url(&self, _url: &str) -> Option<String> {
        None
    }

    /// Downloads a picture that it offered, or a preview of one; at most `bytes_max`.
    fn picture<'a>(&'a self, url: &'a str, bytes_max: u64) -> Asked<'a, Vec<u8>>;
}

/// Everything a provider is made of beside its own settings.
#[derive(Clone)]
pub struct Surroundings {
    /// How the network is reached.
    pub network: NetworkSettings,
    /// Where replies are kept, so that they need not be asked for again; `None` keeps none.
    pub replies: Option<Replies>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ask again whatever is stored (`enrich --force`).
    pub ask_again: bool,
    /// Where it is noted how often is asked, and how long that takes.
    pub traffic: Traffic,
}

type Make = fn(&ProviderSettings, &Surroundings) -> Result<Option<Arc<dyn ArtworkProvider>>, ProviderError>;

/// Every provider there is, in the order in which they are asked for ids.
const MAKERS: &[Make] = &[
    tmdb::Tmdb::from_settings,
    tvdb::Tvdb::from_settings,
    musicbrainz::MusicBrainz::from_settings,
    fanarttv::FanartTv::from_settings,
    coverart::CoverArt::from_settings,
    nfo::Nfo::from_settings,
    local::Local::from_settings,
];

/// The providers that are enabled and have what they need, such as a key.
///
/// # Errors
/// When a base address or the proxy is no address.
pub fn providers(
    settings: &ProviderSettings,
    surroundings: &Surroundings,
) -> Result<Vec<Arc<dyn ArtworkProvider>>, ProviderError> {
    let made = MAKERS.iter().map(|make| make(settings, surroundings));
    made.filter_map(Result::transpose).collect()
}

/// Downloads a picture from an address that a user typed.
///
/// # Errors
/// When it is no address, or the picture cannot be had.
pub async fn typed_picture(url: &str, surroundings: &Surroundings, bytes_max: u64) -> Result<Vec<u8>, ProviderError> {
    let url = offered_address("the address", url)?;
    let settings = http::FetcherSettings {
        provider: "the address",
        hosts: http::Hosts::typed(&url),
        requests_per_second: 1.0,
        connections: 1,
        remedy: "the address",
        has_login: false,
    };
    Fetcher::new(settings, surroundings)?.picture(&url, bytes_max).await
}

/// An address out of a setting or a reply.
fn address(key: &str, text: &str) -> Result<url::Url, ProviderError> {
    let wrong = |reason: String| ProviderError::Setting { key: key.to_owned(), value: text.to_owned(), reason };
    let url: url::Url = text.parse().map_err(|error: url::ParseError| wrong(error.to_string()))?;
    if url.cannot_be_a_base() { Err(wrong("it is no address of the web".to_owned())) } else { Ok(url) }
}

/// Names the request whose reply makes no sense.
fn not_understood(provider: &'static str, request: &http::Request) -> impl FnOnce(String) -> ProviderError {
    let url = crate::net::shown(&request.url);
    move |reason| ProviderError::NotUnderstood { provider, url, reason }
}

/// The address of a picture that a provider offered.
fn offered_address(provider: &'static str, text: &str) -> Result<url::Url, ProviderError> {
    text.parse().map_err(|_| ProviderError::Address { provider, url: text.to_owned(), reason: "it is no address" })
}
