//! Who is let in.
//!
//! With a key (`http.api_key`), whoever knows it: in the header `X-Api-Key`, as the password of basic authentication, as a
//! bearer token, or as `?apikey=`, for managers that can send no header. Without one, this machine only; and as a browser
//! on this machine runs pages of anybody, the host it asks for must be this machine, too (else a name that suddenly leads
//! here would do).
//!
//! A page of somebody else can have a browser send a key that it remembers. So what changes something comes as JSON or as a
//! picture, which no page can send elsewhere unasked, and not from the page of another origin. There are no cookies.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config::Secret;

use super::{App, Problem};

/// Where a program tells the key.
const KEY_HEADER: &str = "x-api-key";

/// Lets a request pass, or answers it.
pub(super) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let key = app.place().config.http.api_key.clone();
    let asked = Asked { method: request.method(), uri: request.uri(), headers: request.headers(), peer };
    match asked.check(&key) {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            // The path only: the query may hold a key.
            tracing::info!(?peer, path = request.uri().path(), detail = problem.detail(), "a request was turned away");
            let has_header = request.headers().contains_key(KEY_HEADER);
            let mut response = problem.into_response();
            if has_header {
                // A program, or our page: no browser is to ask for a password.
                response.headers_mut().remove(WWW_AUTHENTICATE);
            }
            response
        }
    }
}

/// What of a request decides.
struct Asked<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    peer: Option<IpAddr>,
}

impl Asked<'_> {
    fn check(&self, key: &Secret) -> Result<(), Problem> {
        if key.is_empty() {
            self.is_from_here()?;
        } else if !self.keys().iter().any(|given| is_same(given, key.reveal())) {
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "the key is missing or wrong: send http.api_key of the configuration as the header X-Api-Key, as the \
                 password of basic authentication, or as ?apikey=",
            ));
        }
        if matches!(*self.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        self.is_from_own_page()?;
        self.is_of_a_type()
    }

    fn text(&self, name: axum::http::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Everything that may be the key.
    fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        keys.extend(self.headers.get(KEY_HEADER).and_then(|key| key.to_str().ok()).map(str::to_owned));
        if let Some((scheme, rest)) = self.text(AUTHORIZATION).and_then(|value| value.split_once(' ')) {
            if scheme.eq_ignore_ascii_case("bearer") {
                keys.push(rest.trim().to_owned());
            } else if scheme.eq_ignore_ascii_case("basic") {
                keys.extend(password(rest.trim()));
            }
        }
        let pairs = url::form_urlencoded::parse(self.uri.query().unwrap_or_default().as_bytes());
        keys.extend(pairs.filter(|(name, _)| name.eq_ignore_ascii_case("apikey")).map(|(_, key)| key.into_owned()));
        keys
    }

    fn is_from_here(&self) -> Result<(), Problem> {
        let refuse = |detail: &str| Err(Problem::new(StatusCode::FORBIDDEN, detail));
        if !self.peer.is_some_and(|peer| peer.to_canonical().is_loopback()) {
            return refuse("without a key only this machine is let in: set http.api_key in the configuration");
        }
        match self.text(HOST) {
            Some(host) if is_this_machine(host) => Ok(()),
            // HTTP/1.0 has no hosts, and no browser speaks it.
            None if !self.headers.contains_key(HOST) => Ok(()),
            _ => refuse("without a key this must be asked for as localhost or 127.0.0.1: set http.api_key otherwise"),
        }
    }

    fn is_from_own_page(&self) -> Result<(), Problem> {
        let Some(origin) = self.headers.get(ORIGIN) else { return Ok(()) };
        let of_origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
        if of_origin.is_some() && of_origin == self.text(HOST) {
            return Ok(());
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "pages of other origins change nothing here"))
    }

    fn is_of_a_type(&self) -> Result<(), Problem> {
        let told = self.text(CONTENT_TYPE).unwrap_or_default();
        let media = told.split(';').next().unwrap_or_default().trim();
        let is_picture = media.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("image/"));
        if is_picture || media.eq_ignore_ascii_case("application/json") {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "what changes something is sent as Content-Type: application/json, a picture as image/jpeg, image/png, …",
        ))
    }
}

/// The password in `user:password`; the user is of no account.
fn password(encoded: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

/// Takes as long whatever differs; of hashes, so that lengths do not show either.
fn is_same(given: &str, key: &str) -> bool {
    Sha256::digest(given.trim()).as_slice().ct_eq(Sha256::digest(key).as_slice()).into()
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn ask(key: &str, method: Method, uri: &str, headers: &[(&'static str, &str)], peer: &str) -> u16 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let uri: Uri = uri.parse().unwrap();
        let asked = Asked { method: &method, uri: &uri, headers: &map, peer: peer.parse().ok() };
        asked
            .check(&Secret::from(key.to_owned()))
            .map_or_else(|problem| problem.into_response().status().as_u16(), |()| 200)
    }

    #[test]
    fn ways_to_tell_the_key() {
        let get = |uri: &str, headers: &[(&'static str, &str)]| ask("s3cret:x", Method::GET, uri, headers, "10.0.0.7");
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(get("/a", &[("x-api-key", "s3cret:x")]), 200);
        assert_eq!(get("/a", &[("authorization", &basic("radarr:s3cret:x"))]), 200);
        assert_eq!(get("/a", &[("authorization", &basic(":s3cret:x"))]), 200);
        assert_eq!(get("/a", &[("authorization", "bearer s3cret:x")]), 200);
        assert_eq!(get("/a?b=c&ApiKey=s3cret%3Ax", &[]), 200);
        for headers in [
            &[][..],
            &[("x-api-key", "s3cret")],
            &[("x-api-key", "")],
            &[("authorization", "Basic !!!")],
            &[("authorization", "s3cret:x")],
            &[("host", "localhost")],
        ] {
            assert_eq!(get("/a", headers), 401, "{headers:?}");
        }
        assert_eq!(ask("s3cret", Method::GET, "/a", &[("host", "localhost")], "127.0.0.1"), 401, "also from here");
    }

    #[test]
    fn without_a_key_only_this_machine_by_its_name() {
        let get = |host: &str, peer: &str| ask("", Method::GET, "/a", &[("host", host)], peer);
        for host in ["localhost", "localhost:8487", "127.0.0.1:8487", "[::1]:8487", "LOCALHOST"] {
            assert_eq!(get(host, "127.0.0.1"), 200, "{host}");
            assert_eq!(get(host, "::ffff:127.0.0.1"), 200, "{host}");
            assert_eq!(get(host, "192.168.0.9"), 403, "{host}");
            assert_eq!(get(host, "nobody"), 403, "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "10.0.0.1", "", "[::2]", "127.0.0.1.evil.example"] {
            assert_eq!(get(host, "127.0.0.1"), 403, "{host}");
        }
        assert_eq!(ask("", Method::GET, "/a", &[], "127.0.0.1"), 200, "HTTP/1.0");
    }

    #[test]
    fn changes_come_as_json_and_from_no_other_page() {
        let change = |method: Method, more: &[(&'static str, &str)]| {
            let headers = [&[("host", "nas:8487"), ("x-api-key", "k")], more].concat();
            ask("k", method, "/a", &headers, "10.0.0.7")
        };
        let json = ("content-type", "application/json; charset=utf-8");
        assert_eq!(change(Method::POST, &[json]), 200);
        assert_eq!(change(Method::POST, &[json, ("origin", "http://nas:8487")]), 200);
        for origin in ["http://evil.example", "null", "http://nas:80", "nas:8487"] {
            assert_eq!(change(Method::DELETE, &[json, ("origin", origin)]), 403, "{origin}");
        }
        for content_type in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"]
        {
            assert_eq!(change(Method::PUT, &[("content-type", content_type)]), 415, "{content_type}");
        }
        assert_eq!(change(Method::PUT, &[("content-type", "image/png")]), 200);
        assert_eq!(change(Method::PUT, &[("content-type", "image/png"), ("origin", "http://evil.example")]), 403);
        assert_eq!(change(Method::POST, &[]), 415);
        assert_eq!(
            change(Method::GET, &[("origin", "http://evil.example")]),
            200,
            "the browser keeps the answer from it"
        );
    }
}
