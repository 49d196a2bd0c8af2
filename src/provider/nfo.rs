//! Pictures that metadata files of the tree name by their addresses.
//!
//! Such a file may have come with a download, so nobody vouches for what it says: an address is only offered where its host
//! is one of `provider.nfo.hosts`, which by default are the known homes of artwork. Whoever follows any address tells
//! its owner that, when and where somebody looks at this file.

use std::sync::Arc;

use url::Url;

use crate::config::ProviderSettings;
use crate::model::{EntityType, ImageKind};

use super::answer::{Answer, Identified, Offer};
use super::http::{Fetcher, FetcherSettings, Hosts, ProviderError};
use super::{ArtworkProvider, Asked, Subject, Surroundings, offered_address};

const NAME: &str = "nfo";

/// Nothing but pictures is asked for, and these have no pace.
const REQUESTS_PER_SECOND: f64 = 1.0;

/// See the module.
pub struct Nfo {
    fetcher: Fetcher,
}

impl Nfo {
    pub(super) fn from_settings(
        settings: &ProviderSettings,
        surroundings: &Surroundings,
    ) -> Result<Option<Arc<dyn ArtworkProvider>>, ProviderError> {
        let settings = &settings.nfo;
        if !settings.enabled || settings.hosts.is_empty() {
            return Ok(None);
        }
        let hosts = Hosts::listed(&settings.hosts).map_err(|(host, reason)| ProviderError::Setting {
            key: "provider.nfo.hosts".to_owned(),
            value: host,
            reason,
        })?;
        let fetcher = FetcherSettings {
            provider: NAME,
            hosts,
            requests_per_second: REQUESTS_PER_SECOND,
            connections: settings.connections,
            remedy: "provider.nfo.hosts",
            has_login: false,
        };
        Ok(Some(Arc::new(Self { fetcher: Fetcher::new(fetcher, surroundings)? })))
    }

    /// The address as it may be followed; `None` where it must not be.
    fn followed(&self, declared: &str) -> Option<Url> {
        let url: Url = declared.parse().ok()?;
        let has_login = !url.username().is_empty() || url.password().is_some();
        let hosts = self.fetcher.hosts();
        let url = if hosts.allows(&url) { url } else { hosts.upgraded(url) };
        (!has_login && hosts.allows(&url)).then_some(url)
    }

    fn offers(&self, subject: &Subject) -> Answer {
        let mut answer = Answer::default();
        for (kind, declared) in &subject.place.declared {
            let known = |offer: &Offer| offer.kind == *kind && offer.key == *declared;
            match self.followed(declared) {
                Some(url) if !answer.offers.iter().any(known) => answer.offers.push(offer(*kind, declared, url)),
                Some(_) => {}
                None => tracing::debug!(declared, "the host is none of provider.nfo.hosts"),
            }
        }
        answer
    }
}

impl ArtworkProvider for Nfo {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self, _entity_type: EntityType) -> &'static [ImageKind] {
        &ImageKind::ALL
    }

    fn may_have(&self, subject: &Subject, kind: ImageKind) -> bool {
        subject.place.declared.iter().any(|(declared, _)| *declared == kind)
    }

    fn identify<'a>(&'a self, _subject: &'a Subject) -> Asked<'a, Identified> {
        Box::pin(async { Ok(Identified::NotAsked) })
    }

    fn answer<'a>(&'a self, subject: &'a Subject) -> Asked<'a, Answer> {
        Box::pin(async { Ok(self.offers(subject)) })
    }

    fn picture<'a>(&'a self, url: &'a str, bytes_max: u64) -> Asked<'a, Vec<u8>> {
        Box::pin(async move { self.fetcher.picture(&offered_address(NAME, url)?, bytes_max).await })
    }
}

/// Such a file says nothing of a picture but what it is of.
fn offer(kind: ImageKind, declared: &str, url: Url) -> Offer {
    Offer {
        kind,
        key: declared.to_owned(),
        url: url.into(),
        width: None,
        height: None,
        language: None,
        vote_average: None,
        vote_count: None,
        season: None,
    }
}
