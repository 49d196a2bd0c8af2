//! The web page at `/`: files of this folder that are part of the program. They hold nothing that is secret and need no key;
//! what they show they ask of the API, with the key.

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::from_fn;
use axum::routing::get;

use super::{App, etag};

/// Nothing from anywhere else, nothing inline, and no other page around it. Pictures are fetched with the key, so they come
/// as blobs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! files {
    ($($path:literal: $media_type:literal = $file:literal,)+) => {
        /// Where each file is served, what it is, and what is in it.
        const FILES: &[(&str, &str, &str)] = &[$(($path, $media_type, include_str!(concat!("page/", $file)))),+];
    };
}

files! {
    "/": "text/html; charset=utf-8" = "index.html",
    "/page/icon.svg": "image/svg+xml" = "icon.svg",
    "/page/style.css": "text/css; charset=utf-8" = "style.css",
    "/page/main.js": "text/javascript; charset=utf-8" = "main.js",
    "/page/api.js": "text/javascript; charset=utf-8" = "api.js",
    "/page/dom.js": "text/javascript; charset=utf-8" = "dom.js",
    "/page/library.js": "text/javascript; charset=utf-8" = "library.js",
    "/page/item.js": "text/javascript; charset=utf-8" = "item.js",
    "/page/activity.js": "text/javascript; charset=utf-8" = "activity.js",
}

pub(super) fn routes() -> Router<App> {
    let route = |router: Router<App>, &(path, media_type, text): &(&'static str, &'static str, &'static str)| {
        router.route(path, get(move || async move { (headers(media_type), text) }))
    };
    FILES.iter().fold(Router::new(), route).layer(from_fn(etag::etag))
}

fn headers(media_type: &'static str) -> [(HeaderName, HeaderValue); 5] {
    [
        (CONTENT_TYPE, media_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
}
