//! The one client: asks, waits, tries again, keeps replies, downloads pictures.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::header::{CACHE_CONTROL, ETAG, HeaderMap, LAST_MODIFIED};
use tokio::time::Instant;
use url::Url;

use crate::config::NetworkSettings;
use crate::model::{Clock, UnixSeconds};
use crate::net::{shown, waits};

use super::error::ProviderError;
use super::hosts::Hosts;
use super::pace::Pace;
use super::replies::{Head, Replies, Stored};
use super::request::Request;
use super::traffic::{Asking, Traffic};
use super::wire::{Failure, REPLY_BYTES_MAX, Sent, Wire};

/// How long a reply that says nothing of it need not be asked for again: long enough for the seasons of one series.
const FRESH_SECONDS: i64 = 3600;
/// The same for "there is none".
const ABSENT_FRESH_SECONDS: i64 = 7 * 86_400;
/// No server may have a reply believed for longer.
const FRESH_SECONDS_MAX: i64 = 86_400;
/// After so many requests in a row that came to nothing in all their tries, a provider is down.
const FAILURES_MAX: u32 = 3;

/// What makes the fetcher of one provider.
#[derive(Debug, Clone)]
pub struct FetcherSettings {
    /// The provider's word.
    pub provider: &'static str,
    /// Where its requests may go.
    pub hosts: Hosts,
    /// How many requests a second.
    pub requests_per_second: f64,
    /// How many connections at once.
    pub connections: u16,
    /// The settings to look at when it refuses a request.
    pub remedy: &'static str,
    /// Whether a 401 may only mean that a login is old; then it does not end the run by itself.
    pub has_login: bool,
}

/// A reply of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Its body.
    Body(Vec<u8>),
    /// There is none (404).
    Absent,
}

/// Asks one provider. Shared by all that is asked of it.
pub struct Fetcher {
    settings: FetcherSettings,
    network: NetworkSettings,
    wire: Wire,
    pace: Pace,
    replies: Option<Replies>,
    clock: Arc<dyn Clock>,
    ask_again: bool,
    traffic: Traffic,
    health: Mutex<Health>,
    /// One lock per question that is being asked, so that the same is not asked twice at once.
    asking: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// Whether it makes sense to ask.
#[derive(Default)]
struct Health {
    failures: u32,
    ended: Option<ProviderError>,
}

impl Fetcher {
    /// A fetcher with these settings, in these surroundings.
    ///
    /// # Errors
    /// When the proxy is no address, or the system has no trusted certificates.
    pub fn new(settings: FetcherSettings, surroundings: &super::super::Surroundings) -> Result<Self, ProviderError> {
        let network = surroundings.network.clone();
        Ok(Self {
            wire: Wire::new(&settings, &network, &surroundings.clock)?,
            pace: Pace::new(settings.requests_per_second, settings.connections),
            replies: surroundings.replies.clone(),
            clock: Arc::clone(&surroundings.clock),
            ask_again: surroundings.ask_again,
            traffic: surroundings.traffic.clone(),
            health: Mutex::default(),
            asking: Mutex::default(),
            settings,
            network,
        })
    }

    /// Where its requests may go.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        &self.wire.hosts
    }

    /// Asks an API: what is stored and fresh is not asked for, what is stored and old only whether it has changed.
    ///
    /// # Errors
    /// When there is no answer, after all tries.
    pub async fn ask(&self, request: &Request) -> Result<Reply, ProviderError> {
        if request.body.is_some() {
            return Ok(match self.tries(&request.url, true, || self.wire.api(request, None)).await? {
                Sent::Body(body, _) => Reply::Body(body),
                Sent::Absent | Sent::Unchanged(_) => Reply::Absent,
            });
        }
        let name = request.stored_name();
        let turn = Arc::clone(self.asking.lock().entry(name.clone()).or_default());
        let answered = {
            let _turn = turn.lock().await;
            self.ask_or_recall(request, &name).await
        };
        drop(turn);
        self.asking.lock().retain(|_, turn| Arc::strong_count(turn) > 1);
        answered
    }

    async fn ask_or_recall(&self, request: &Request, name: &str) -> Result<Reply, ProviderError> {
        let stored = self.recall(name);
        let now = self.clock.now();
        if let Some(stored) = stored.as_ref().filter(|stored| {
            self.network.offline || (stored.is_fresh(now) && (!self.ask_again || stored.is_of_this_run(now)))
        }) {
            return Ok(reply_of(stored));
        }
        let sent = self.tries(&request.url, true, || self.wire.api(request, stored.as_ref())).await?;
        let now = self.clock.now();
        let (body, is_absent, headers) = match (sent, &stored) {
            (Sent::Unchanged(headers), Some(stored)) => (stored.body.clone(), stored.head.is_absent, headers),
            (Sent::Body(body, headers), _) => (body, false, headers),
            (Sent::Absent | Sent::Unchanged(_), _) => (Vec::new(), true, HeaderMap::new()),
        };
        let kept = Stored { head: self.head(request, is_absent, &headers, stored.as_ref(), now), body };
        let reply = reply_of(&kept);
        if let Some(replies) = &self.replies {
            replies.write(self.settings.provider, name, &kept);
        }
        Ok(reply)
    }

    fn recall(&self, name: &str) -> Option<Stored> {
        self.replies.as_ref()?.read(self.settings.provider, name, REPLY_BYTES_MAX)
    }

    fn head(
        &self,
        request: &Request,
        is_absent: bool,
        headers: &HeaderMap,
        before: Option<&Stored>,
        now: UnixSeconds,
    ) -> Head {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let before = before.map(|stored| &stored.head);
        Head {
            url: shown(&request.url),
            is_absent,
            etag: text(ETAG).or_else(|| before?.etag.clone()),
            last_modified: text(LAST_MODIFIED).or_else(|| before?.last_modified.clone()),
            at: now.get(),
            fresh: if is_absent { ABSENT_FRESH_SECONDS } else { fresh_seconds(headers) },
        }
    }

    /// Downloads a picture, at most `bytes_max`.
    ///
    /// # Errors
    /// When the address must not be followed, the picture is not there, too large, or does not come whole.
    pub async fn picture(&self, url: &Url, bytes_max: u64) -> Result<Vec<u8>, ProviderError> {
        self.tries(url, false, || self.wire.picture(url, bytes_max)).await
    }

    /// Does one thing until it succeeds, may not be tried again, or the time is over. Waiting for one's turn does not
    /// count; everything else does.
    async fn tries<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        url: &Url,
        is_api: bool,
        mut once: impl FnMut() -> F,
    ) -> Result<T, ProviderError> {
        let budget = Duration::from_secs_f64(self.network.budget);
        let mut left = budget;
        let mut waits = waits(self.network.retries, Duration::from_secs_f64(self.network.wait));
        loop {
            self.check()?;
            let permit = if is_api { self.pace.api_turn().await } else { self.pace.connection().await };
            let begun = Instant::now();
            let provider = self.settings.provider;
            let slow = || ProviderError::Slow { provider, url: shown(url), seconds: budget.as_secs() };
            let outcome = match tokio::time::timeout(left, once()).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Failure { error: slow(), may_pass: false, retry_after: None }),
            };
            drop(permit);
            let took = begun.elapsed();
            self.traffic.note(provider, if is_api { Asking::Api } else { Asking::Picture }, took, outcome.is_err());
            left = left.saturating_sub(took);
            let failure = match outcome {
                Ok(value) => {
                    self.health.lock().failures = 0;
                    return Ok(value);
                }
                Err(failure) => failure,
            };
            let wait = failure.may_pass.then(|| waits.next()).flatten();
            let wait = wait.map(|wait| failure.retry_after.map_or(wait, |asked| asked.max(wait)));
            match wait.filter(|&wait| wait <= left) {
                Some(wait) => {
                    if failure.retry_after.is_some() {
                        self.pace.pause(wait);
                    }
                    tracing::debug!(error = %failure.error, ?wait, "tried again later");
                    tokio::time::sleep(wait).await;
                    left = left.saturating_sub(wait);
                }
                None => return Err(self.given_up(failure)),
            }
        }
    }

    /// Ends the run for this provider when that is what an error means.
    pub(in crate::provider) fn end_if_refused(&self, error: &ProviderError) {
        if matches!(error, ProviderError::Refused { .. }) {
            self.health.lock().ended.get_or_insert(error.clone());
        }
    }

    /// Whether it makes sense to ask at all.
    fn check(&self) -> Result<(), ProviderError> {
        if self.network.offline {
            return Err(ProviderError::Offline { provider: self.settings.provider });
        }
        self.health.lock().ended.clone().map_or(Ok(()), Err)
    }

    /// Remembers a failure that all further requests share.
    fn given_up(&self, failure: Failure) -> ProviderError {
        let Failure { error, may_pass, retry_after } = failure;
        let mut health = self.health.lock();
        let may_log_in = self.settings.has_login && matches!(error, ProviderError::Refused { status: 401, .. });
        if matches!(error, ProviderError::Refused { .. }) && !may_log_in {
            health.ended.get_or_insert(error.clone());
        }
        if may_pass || matches!(error, ProviderError::Slow { .. }) {
            health.failures += 1;
            let asks_for_long = retry_after.is_some_and(|asked| asked.as_secs_f64() > self.network.budget);
            if health.failures >= FAILURES_MAX || asks_for_long {
                let provider = self.settings.provider;
                health.ended.get_or_insert(ProviderError::Down { provider, reason: error.to_string() });
            }
        }
        error
    }
}

fn reply_of(stored: &Stored) -> Reply {
    if stored.head.is_absent { Reply::Absent } else { Reply::Body(stored.body.clone()) }
}

/// `max-age`, within reason.
fn fresh_seconds(headers: &HeaderMap) -> i64 {
    let control = headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let told = control.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse::<i64>().ok());
    told.unwrap_or(FRESH_SECONDS).clamp(0, FRESH_SECONDS_MAX)
}
