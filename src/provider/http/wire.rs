//! One request as it goes over the wire, once: where it may go, what goes along, and how much comes back.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION};
use reqwest::{Client, Method, Response, StatusCode};
use url::Url;

use crate::config::NetworkSettings;
use crate::model::Clock;
use crate::net::{self, may_pass, retry_after, shown};

use super::error::ProviderError;
use super::fetcher::FetcherSettings;
use super::hosts::Hosts;
use super::replies::Stored;
use super::request::Request;
use super::resolver::GuardedResolver;

/// The largest reply of an API that is taken, in bytes; the longest recorded ones have 2 MiB.
pub(super) const REPLY_BYTES_MAX: u64 = 32 << 20;
/// How much of an error's body is looked at for a message.
const MESSAGE_BYTES_MAX: u64 = 64 << 10;
const REDIRECTS_MAX: usize = 5;

/// What a request to an API came to.
pub(super) enum Sent {
    Body(Vec<u8>, HeaderMap),
    Absent,
    Unchanged(HeaderMap),
}

/// A try that came to nothing.
pub(super) struct Failure {
    pub(super) error: ProviderError,
    /// Whether the next try may come to something.
    pub(super) may_pass: bool,
    /// How long the server asks to wait.
    pub(super) retry_after: Option<Duration>,
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        Self { error, may_pass: false, retry_after: None }
    }
}

/// The connections to one provider.
pub(super) struct Wire {
    provider: &'static str,
    remedy: &'static str,
    pub(super) hosts: Hosts,
    client: Client,
    /// How long a server may stay silent.
    silence: Duration,
    clock: Arc<dyn Clock>,
}

impl Wire {
    pub(super) fn new(
        settings: &FetcherSettings,
        network: &NetworkSettings,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, ProviderError> {
        let wrong = |key: &str, value: &str, reason: String| ProviderError::Setting {
            key: key.to_owned(),
            value: value.to_owned(),
            reason,
        };
        let proxy = (!network.proxy.is_empty()).then(|| reqwest::Proxy::all(&network.proxy)).transpose();
        let proxy = proxy.map_err(|error| wrong("network.proxy", &network.proxy, net::why(error)))?;
        let configured = || {
            let client = Client::builder()
                .user_agent(net::user_agent(&network.contact))
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(Duration::from_secs_f64(network.silence))
                .pool_max_idle_per_host(usize::from(settings.connections))
                .dns_resolver(Arc::new(GuardedResolver(settings.hosts.clone())))
                .no_proxy();
            match &proxy {
                Some(proxy) => client.proxy(proxy.clone()),
                None => client,
            }
        };
        let client = net::client(configured).map_err(|reason| wrong("network", settings.provider, reason))?;
        Ok(Self {
            provider: settings.provider,
            remedy: settings.remedy,
            hosts: settings.hosts.clone(),
            client,
            silence: Duration::from_secs_f64(network.silence),
            clock: Arc::clone(clock),
        })
    }

    /// One try to ask an API.
    pub(super) async fn api(&self, request: &Request, known: Option<&Stored>) -> Result<Sent, Failure> {
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
                let provider = self.provider;
                let remedy = self.remedy;
                Err(ProviderError::Refused { provider, status: status.as_u16(), message, remedy }.into())
            }
            _ => Err(self.status_failure(response, &url).await),
        }
    }

    /// One try to download a picture.
    pub(super) async fn picture(&self, url: &Url, bytes_max: u64) -> Result<Vec<u8>, Failure> {
        let (response, at) = self.send(url, url, None, None).await?;
        match response.status().as_u16() {
            200 => self.body(response, &at, bytes_max).await,
            404 | 410 => Err(ProviderError::Gone { provider: self.provider, url: shown(&at) }.into()),
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
        match tokio::time::timeout(self.silence, builder.send()).await {
            Ok(sent) => sent.map_err(|error| self.transport(target, error)),
            Err(_) => Err(self.silent(target)),
        }
    }

    /// The body, unless it is too large, stops coming, or ends too early.
    async fn body(&self, mut response: Response, url: &Url, bytes_max: u64) -> Result<Vec<u8>, Failure> {
        let too_large = || ProviderError::TooLarge { provider: self.provider, url: shown(url), limit: bytes_max };
        if response.content_length().is_some_and(|length| length > bytes_max) {
            return Err(too_large().into());
        }
        let mut body = Vec::new();
        loop {
            let chunk = match tokio::time::timeout(self.silence, response.chunk()).await {
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
        let error =
            ProviderError::Status { provider: self.provider, url: shown(url), status: status.as_u16(), message };
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
        self.hosts.check(url).map_err(|reason| self.refused_address(url, reason))
    }

    fn refused_address(&self, url: &Url, reason: &'static str) -> ProviderError {
        ProviderError::Address { provider: self.provider, url: shown(url), reason }
    }

    fn silent(&self, url: &Url) -> Failure {
        let reason = format!("nothing came for {} seconds", self.silence.as_secs_f64());
        let error = ProviderError::Transport { provider: self.provider, url: shown(url), reason };
        Failure { error, may_pass: true, retry_after: None }
    }

    fn transport(&self, url: &Url, error: reqwest::Error) -> Failure {
        let error = ProviderError::Transport { provider: self.provider, url: shown(url), reason: net::why(error) };
        Failure { error, may_pass: true, retry_after: None }
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
