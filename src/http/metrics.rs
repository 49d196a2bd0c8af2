//! How everything is, for Prometheus (`GET /metrics`).
//!
//! What is told is in one `list`; `text` writes it; `gather` asks the catalog and the mounts, each within a bound: what does not
//! answer in time is left out, and that it did not is told.

mod gather;
mod list;
mod text;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{App, Problem};

pub(super) use gather::MOUNT_SEATS;
pub use list::{METRICS, Metric, metrics_document};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// Tells how everything is, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "state", responses(
    (status = 200, description = "Metrics", content_type = "text/plain", body = String), (status = "default", body = Problem)))]
async fn metrics(State(app): State<App>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], gather::gather(&app).await.render())
}
