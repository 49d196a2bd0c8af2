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
//! - `server`: connections

mod api;
mod app;
mod body;
mod etag;
mod guard;
mod health;
mod metrics;
mod problem;
mod server;
pub mod webhook;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub use api::{JobProgress, WIDTHS};
pub use app::{App, Host};
pub use metrics::{METRICS, Metric, metrics_document};
pub use problem::Problem;
pub use server::serve;

/// All routes.
pub fn router(app: &App) -> Router {
    let (api, _) = api::routes();
    let guarded = api.layer(from_fn(etag::etag)).merge(metrics::routes());
    let guarded = guarded.layer(from_fn_with_state(app.clone(), guard::guard));
    Router::new().merge(guarded).merge(health::routes()).fallback(problem::not_found).with_state(app.clone())
}

/// The document that describes the API (OpenAPI).
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    api::routes().1
}
