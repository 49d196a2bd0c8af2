//! The one client: asks, waits, tries again, keeps replies, downloads pictures.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, LOCATION,
};
use reqwest::{Client, Method, Response, StatusCode};
use tokio::time::Instant;
use url::Url;

use crate::config::NetworkSettings;
use crate::model::{Clock, UnixSeconds};

use super::error::ProviderError;
use super::hosts::Hosts;
use super::pace::Pace;
use super::replies::{Head, Replies, Stored};
use super::request::{Request, shown};
use super::resolver::GuardedResolver;
use super::retry::{may_pass, retry_after, waits};

/// The largest reply of an API that is taken, in bytes; the longest recorded ones have 2 MiB.
const REPLY_BYTES_MAX: u64 = 32 << 20;
/// How much of an error's body is looked at for a message.
const MESSAGE_BYTES_MAX: u64 = 64 << 10;
const REDIRECTS_MAX: usize = 5;
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
    client: Client,
    pace: Pace,
    replies: Option<Replies>,
    clock: Arc<dyn Clock>,
    ask_again: bool,
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

/// A try that came to nothing.
struct Failure {
    error: ProviderError,
    may_pass: bool,
    retry_after: Option<Duration>,
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        Self { error, may_pass: false, retry_after: None }
    }
}

impl Fetcher {
    /// A fetcher with these settings, in these surroundings.
    ///
    /// # Errors
    /// When the proxy is no address, or the system has no trusted certificates.
    pub fn new(settings: FetcherSettings, surroundings: &super::super::Surroundings) -> Result<Self, ProviderError> {
        let network = surroundings.network.clone();
        // Says no when it has been done already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let wrong = |key: &str, value: &str, reason: String| ProviderError::Setting {
            key: key.to_owned(),
            value: value.to_owned(),
            reason,
        };
        let mut client = Client::builder()
            .user_agent(user_agent(&network))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs_f64(network.silence))
            .pool_max_idle_per_host(usize::from(settings.connections))
            .dns_resolver(Arc::new(GuardedResolver(settings.hosts.clone())))
            .no_proxy();
        if !network.proxy.is_empty() {
            let proxy = reqwest::Proxy::all(&network.proxy);
            client =
                client.proxy(proxy.map_err(|e| wrong("network.proxy", &network.proxy, e.without_url().to_string()))?);
        }
        let client = client.build().map_err(|error| wrong("network", settings.provider, error.to_string()))?;
        Ok(Self {
            pace: Pace::new(settings.requests_per_second, settings.connections),
            client,
            replies: surroundings.replies.clone(),
            clock: Arc::clone(&surroundings.clock),
            ask_again: surroundings.ask_again,
            health: Mutex::default(),
            asking: Mutex::default(),
            settings,
            network,
        })
    }

    /// Where its requests may go.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        &self.settings.hosts
    }

    /// Asks an API: what is stored and fresh is not asked for, what is stored and old only whether it has changed.
    ///
    /// # Errors
    /// When there is no answer, after all tries.
    pub async fn ask(&self, request: &Request) -> Result<Reply, ProviderError> {
        if request.body.is_some() {
            return Ok(match self.tries(&request.url, true, || self.send_api(request, None)).await? {
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
        let sent = self.tries(&request.url, true, || self.send_api(request, stored.as_ref())).await?;
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
        self.tries(url, false, || self.send_picture(url, bytes_max)).await
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
            let slow =
                || ProviderError::Slow { provider: self.settings.provider, url: shown(url), seconds: budget.as_secs() };
            let outcome = match tokio::time::timeout(left, once()).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Failure { error: slow(), may_pass: false, retry_after: None }),
            };
            drop(permit);
            left = left.saturating_sub(begun.elapsed());
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

    async fn send_api(&self, request: &Request, known: Option<&Stored>) -> Result<Sent, Failure> {
        let (response, url) = self.send(&request.url, &request.revealed_url(), Some(request), known).await?;
        let status = response.status();
        match status.as_u16() {
            200..=299 => {
                let headers = response.headers().clone();
                Ok(Sent::Body(self.body(response, &url, REPLY_BYTES_MAX).await?, headers))
            }
            304 if known.is_some() => Ok(Sent::Unchanged(response.headers().clone())),
            404 => Ok(Sent::Absent),
            401 | 403 => {
                let message = self.message(response, &url).await;
                let provider = self.settings.provider;
                let remedy = self.settings.remedy;
                Err(ProviderError::Refused { provider, status: status.as_u16(), message, remedy }.into())
            }
            _ => Err(self.status_failure(response, &url).await),
        }
    }

    async fn send_picture(&self, url: &Url, bytes_max: u64) -> Result<Vec<u8>, Failure> {
        let (response, at) = self.send(url, url, None, None).await?;
        match response.status().as_u16() {
            200 => self.body(response, &at, bytes_max).await,
            404 | 410 => Err(ProviderError::Gone { provider: self.settings.provider, url: shown(&at) }.into()),
            _ => Err(self.status_failure(response, &at).await),
        }
    }

    /// Sends a request and follows redirects as far as they are allowed to lead.
    async fn send(
        &self,
        url: &Url,
        first: &Url,
        request: Option<&Request>,
        known: Option<&Stored>,
    ) -> Result<(Response, Url), Failure> {
        let mut target = first.clone();
        for _ in 0..=REDIRECTS_MAX {
            self.allow(&target)?;
            // Secrets go to the place they are for, wherever it redirects to.
            let is_home = target.origin() == url.origin();
            let response = self.send_once(&target, request, is_home, known).await?;
            let location = response.headers().get(LOCATION).filter(|_| is_redirect(response.status()));
            let Some(location) = location else { return Ok((response, target)) };
            let next = location.to_str().ok().and_then(|location| target.join(location).ok());
            target = next.ok_or_else(|| self.refused_address(&target, "it redirects to what is no address"))?;
        }
        Err(self.refused_address(url, "it redirects too often").into())
    }

    async fn send_once(
        &self,
        target: &Url,
        request: Option<&Request>,
        is_home: bool,
        known: Option<&Stored>,
    ) -> Result<Response, Failure> {
        let body = request.and_then(|request| request.body.clone());
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut builder = self.client.request(method, target.clone());
        builder = match request {
            Some(_) => builder.header(ACCEPT, "application/json"),
            // What the bytes are is told by the bytes; packing them again would only hide their length.
            None => {
                builder.header(ACCEPT, "image/jpeg, image/png;q=0.9, image/*;q=0.5").header(ACCEPT_ENCODING, "identity")
            }
        };
        for (name, secret) in request.filter(|_| is_home).into_iter().flat_map(|request| &request.secret_headers) {
            builder = builder.header(*name, secret.reveal());
        }
        if let Some(body) = body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body);
        }
        if let Some(etag) = known.and_then(|known| known.head.etag.as_ref()) {
            builder = builder.header(IF_NONE_MATCH, etag);
        } else if let Some(time) = known.and_then(|known| known.head.last_modified.as_ref()) {
            builder = builder.header(IF_MODIFIED_SINCE, time);
        }
        let silence = Duration::from_secs_f64(self.network.silence);
        match tokio::time::timeout(silence, builder.send()).await {
            Ok(sent) => sent.map_err(|error| self.transport(target, error)),
            Err(_) => Err(self.silent(target)),
        }
    }

    /// The body, unless it is too large, stops coming, or ends too early.
    async fn body(&self, mut response: Response, url: &Url, bytes_max: u64) -> Result<Vec<u8>, Failure> {
        let too_large =
            || ProviderError::TooLarge { provider: self.settings.provider, url: shown(url), limit: bytes_max };
        if response.content_length().is_some_and(|length| length > bytes_max) {
            return Err(too_large().into());
        }
        let silence = Duration::from_secs_f64(self.network.silence);
        let mut body = Vec::new();
        loop {
            let chunk = match tokio::time::timeout(silence, response.chunk()).await {
                Ok(chunk) => chunk.map_err(|error| self.transport(url, error))?,
                Err(_) => return Err(self.silent(url)),
            };
            let Some(chunk) = chunk else { return Ok(body) };
            if (body.len() + chunk.len()) as u64 > bytes_max {
                return Err(too_large().into());
            }
            body.extend_from_slice(&chunk);
        }
    }

    async fn status_failure(&self, response: Response, url: &Url) -> Failure {
        let status = response.status();
        let retry_after = retry_after(response.headers(), self.clock.now());
        let message = self.message(response, url).await;
        let error = ProviderError::Status {
            provider: self.settings.provider,
            url: shown(url),
            status: status.as_u16(),
            message,
        };
        Failure { error, may_pass: may_pass(status), retry_after }
    }

    /// What an error's body says, where it is one of the known shapes.
    async fn message(&self, response: Response, url: &Url) -> String {
        let body = self.body(response, url, MESSAGE_BYTES_MAX).await.unwrap_or_default();
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let keys = ["status_message", "message", "error message", "error", "Error"];
        let message = keys.iter().find_map(|key| value.get(key)?.as_str()).unwrap_or_default();
        message.chars().filter(|c| !c.is_control()).take(200).collect()
    }

    fn allow(&self, url: &Url) -> Result<(), ProviderError> {
        self.settings.hosts.check(url).map_err(|reason| self.refused_address(url, reason))
    }

    fn refused_address(&self, url: &Url, reason: &'static str) -> ProviderError {
        ProviderError::Address { provider: self.settings.provider, url: shown(url), reason }
    }

    fn silent(&self, url: &Url) -> Failure {
        let reason = format!("nothing came for {} seconds", self.network.silence);
        let error = ProviderError::Transport { provider: self.settings.provider, url: shown(url), reason };
        Failure { error, may_pass: true, retry_after: None }
    }

    fn transport(&self, url: &Url, error: reqwest::Error) -> Failure {
        // The library's message quotes the address with everything in it.
        let error = error.without_url();
        let mut reason = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            reason = format!("{reason}: {inner}");
            cause = inner.source();
        }
        let error = ProviderError::Transport { provider: self.settings.provider, url: shown(url), reason };
        Failure { error, may_pass: true, retry_after: None }
    }
}

/// What a request to an API came to.
enum Sent {
    Body(Vec<u8>, HeaderMap),
    Absent,
    Unchanged(HeaderMap),
}

fn reply_of(stored: &Stored) -> Reply {
    if stored.head.is_absent { Reply::Absent } else { Reply::Body(stored.body.clone()) }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// `max-age`, within reason.
fn fresh_seconds(headers: &HeaderMap) -> i64 {
    let control = headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let told = control.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse::<i64>().ok());
    told.unwrap_or(FRESH_SECONDS).clamp(0, FRESH_SECONDS_MAX)
}

/// A real User-Agent: some providers block the default ones of libraries, and ask for a contact.
fn user_agent(network: &NetworkSettings) -> String {
    let contact = if network.contact.is_empty() { "no contact set" } else { &network.contact };
    let plain: String = contact.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    format!("posterfs/{} ( {plain} )", env!("CARGO_PKG_VERSION"))
}
