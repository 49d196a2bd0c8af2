//! What the daemon answers over HTTP: webhooks, the API, health.
//!
//! [`serve`] takes connections and lets nobody hold them; [`router`] is the tree of routes without a network. Requests come
//! in through `guard` (who may, from where), are answered on the threads of tokio, and reach the catalog only through
//! [`App::with_catalog`], on threads that may wait. Whatever goes wrong is told as `problem+json`, with the remedy.
//!
//! - `app`: what all requests share; `guard`: who is let in; `problem`: errors; `body`: bodies, bounded; `etag`
//! - `webhook`: what managers tell
//! - `api`: what programs ask, and the document that describes it
//! - `health`: is it alive; `metrics`: how it is, for Prometheus
//! - `page`: the web page
//! - `server`: connections

mod api;
mod app;
mod body;
mod etag;
mod guard;
mod health;
mod metrics;
mod page;
mod problem;
mod server;
pub mod webhook;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub use api::WIDTHS;
pub use app::{App, Host};
pub use metrics::{METRICS, Metric, metrics_document};
pub use problem::Problem;
pub use server::serve;

/// All routes.
pub fn router(app: &App) -> Router {
    let (guarded, mut document) = api::routes().split_for_parts();
    let (open, more) = health::routes().split_for_parts();
    document.merge(more);
    let guarded = guarded.merge(api::document_route(&document));
    let guarded = guarded.layer(from_fn(etag::etag)).layer(from_fn_with_state(app.clone(), guard::guard));
    let all = guarded.merge(open).merge(page::routes());
    all.fallback(problem::not_found).method_not_allowed_fallback(problem::not_allowed).with_state(app.clone())
}

/// The document that describes the API (OpenAPI).
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    api::routes().merge(health::routes()).to_openapi()
}
