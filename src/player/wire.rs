//! Requests to a player: with its login, a time limit, a few tries, and a bound on what comes back.
//!
//! There are two kinds. A *question* changes nothing and is always asked. A *command* is written down as told, and in a
//! rehearsal it is only written down.

use parking_lot::Mutex;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Method, Response};
use serde_json::Value;
use url::Url;

use super::{Access, PlayerError, PlayerKind, Told};
use crate::net;

/// The largest reply that is taken, in bytes: a page of a list has less than one MiB.
const REPLY_BYTES_MAX: usize = 32 << 20;
/// How much of what a player says of an error is told on.
const MESSAGE_CHARS_MAX: usize = 200;
/// By what players tell their clients apart.
const CLIENT: &str = "posterfs";

/// The connection to one player.
pub(super) struct Wire {
    pub(super) player: PlayerKind,
    base: Url,
    client: Client,
    retries: u16,
    pub(super) wait: std::time::Duration,
    is_rehearsal: bool,
    told: Mutex<Vec<Told>>,
}

/// One request, below the address of the player.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) path: &'a [&'a str],
    pub(super) parameters: &'a [(&'a str, &'a str)],
    pub(super) body: Option<Value>,
}

impl<'a> Request<'a> {
    /// A question.
    pub(super) fn get(path: &'a [&'a str], parameters: &'a [(&'a str, &'a str)]) -> Self {
        Self { method: Method::GET, path, parameters, body: None }
    }

    /// A document that is posted.
    pub(super) fn post(path: &'a [&'a str], body: Value) -> Self {
        Self { method: Method::POST, path, parameters: &[], body: Some(body) }
    }
}

impl Wire {
    pub(super) fn new(access: &Access, is_rehearsal: bool) -> Result<Self, PlayerError> {
        let wrong = |key, reason: String| PlayerError::Setting { player: access.kind, key, reason };
        if !matches!(access.url.scheme(), "http" | "https") {
            return Err(wrong("url", "only http and https are spoken".to_owned()));
        }
        // No proxy: a player is somebody's own machine. No redirects: a POST would arrive as a GET, and the login elsewhere.
        let headers = headers(access)?;
        let configured = || {
            Client::builder()
                .user_agent(net::user_agent(""))
                .default_headers(headers.clone())
                .redirect(reqwest::redirect::Policy::none())
                .timeout(access.timeout)
                .no_proxy()
        };
        let client = net::client(configured).map_err(|reason| wrong("url", reason))?;
        let mut base = access.url.clone();
        let _ = base.set_username("");
        let _ = base.set_password(None);
        let (retries, wait) = (access.retries, access.wait);
        Ok(Self { player: access.kind, base, client, retries, wait, is_rehearsal, told: Mutex::default() })
    }

    /// What was told so far.
    pub(super) fn into_told(self) -> Vec<Told> {
        self.told.into_inner()
    }

    /// Asks something; a reply without a body is `null`.
    pub(super) async fn ask(&self, request: &Request<'_>) -> Result<Value, PlayerError> {
        let body = self.send(request).await?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|error| PlayerError::NotUnderstood {
            player: self.player,
            url: net::shown(&self.url(request)),
            reason: error.to_string(),
        })
    }

    /// Tells something, unless this is a rehearsal. `None` is the reply of a rehearsal.
    pub(super) async fn command(&self, request: &Request<'_>, told: Told) -> Result<Option<Vec<u8>>, PlayerError> {
        let reply = if self.is_rehearsal { None } else { Some(self.send(request).await?) };
        self.told.lock().push(told);
        Ok(reply)
    }

    /// Sends a request until it succeeds, cannot succeed, or has been tried often enough.
    async fn send(&self, request: &Request<'_>) -> Result<Vec<u8>, PlayerError> {
        let mut waits = net::waits(self.retries, self.wait);
        loop {
            let error = match self.send_once(request).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            match error.may_pass().then(|| waits.next()).flatten() {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
    }

    async fn send_once(&self, request: &Request<'_>) -> Result<Vec<u8>, PlayerError> {
        let url = self.url(request);
        let mut builder = self.client.request(request.method.clone(), url.clone());
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = builder.send().await.map_err(|error| self.unreachable(&url, error))?;
        match response.status().as_u16() {
            200..=299 => self.body(response, &url).await,
            status @ (401 | 403) => Err(PlayerError::Refused { player: self.player, status }),
            status => {
                let (player, url) = (self.player, net::shown(&url));
                Err(PlayerError::Status { player, url, status, message: message(&response) })
            }
        }
    }

    async fn body(&self, mut response: Response, url: &Url) -> Result<Vec<u8>, PlayerError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(url, error))? {
            if body.len() + chunk.len() > REPLY_BYTES_MAX {
                let reason = format!("it is larger than {REPLY_BYTES_MAX} bytes");
                return Err(PlayerError::NotUnderstood { player: self.player, url: net::shown(url), reason });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn url(&self, request: &Request<'_>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(request.path);
        }
        if !request.parameters.is_empty() {
            // Not as a form is encoded: its `+` for a blank is taken literally by some.
            let pair =
                |&(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
            url.set_query(Some(&request.parameters.iter().map(pair).collect::<Vec<_>>().join("&")));
        }
        url
    }

    fn unreachable(&self, url: &Url, error: reqwest::Error) -> PlayerError {
        PlayerError::Unreachable { player: self.player, url: net::shown(url), reason: net::why(error) }
    }
}

/// What goes along with every request: who we are, and the login.
fn headers(access: &Access) -> Result<HeaderMap, PlayerError> {
    let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
    let mut secret = |name: HeaderName, key: &'static str, value: String| {
        let reason = || "it has characters that no header may have".to_owned();
        let mut value = HeaderValue::from_str(&value).map_err(|_| PlayerError::Setting {
            player: access.kind,
            key,
            reason: reason(),
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    };
    let key = access.key.reveal();
    match access.kind {
        PlayerKind::Kodi if access.user.is_empty() => {}
        PlayerKind::Kodi => {
            use base64::Engine as _;
            let login = format!("{}:{}", access.user, access.password.reveal());
            let login = base64::engine::general_purpose::STANDARD.encode(login);
            secret(AUTHORIZATION, "password", format!("Basic {login}"))?;
        }
        PlayerKind::Jellyfin | PlayerKind::Emby | PlayerKind::Plex if key.is_empty() => {
            let reason = "it is not set".to_owned();
            return Err(PlayerError::Setting { player: access.kind, key: "key", reason });
        }
        PlayerKind::Jellyfin => {
            let version = env!("CARGO_PKG_VERSION");
            let login = format!(
                "MediaBrowser Token=\"{key}\", Client=\"{CLIENT}\", Device=\"{CLIENT}\", DeviceId=\"{CLIENT}\", \
                 Version=\"{version}\""
            );
            secret(AUTHORIZATION, "key", login)?;
        }
        PlayerKind::Emby => secret(HeaderName::from_static("x-emby-token"), "key", key.to_owned())?,
        PlayerKind::Plex => {
            secret(HeaderName::from_static("x-plex-token"), "key", key.to_owned())?;
            for name in ["x-plex-client-identifier", "x-plex-product"] {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(CLIENT));
            }
        }
    }
    Ok(headers)
}

/// Says of an answer that is none what can be said without its body, which is a page for people mostly.
fn message(response: &Response) -> String {
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let Some(location) = location else { return String::new() };
    let shown: String = location.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARS_MAX).collect();
    format!("it redirects to {shown}; name the final address")
}

/// What a player says in a sentence of its own, cut to what is worth telling on.
pub(super) fn sentence(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARS_MAX).collect()
}

/// The elements of what should be a list.
pub(super) fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
