//! Is it alive: for whoever watches over services. Tells nothing that needs a key.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{App, Problem};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(healthz))
}

/// Answers `ok` while the catalog answers. Needs no key.
#[utoipa::path(get, path = "/healthz", tag = "state", responses(
    (status = 200, description = "`ok`", content_type = "text/plain", body = String), (status = "default", body = Problem)))]
async fn healthz(State(app): State<App>) -> Result<&'static str, Problem> {
    app.with_catalog(|_, catalog| Ok(catalog.data_version().map(|_| "ok\n")?)).await
}
