//! Is it alive: for whoever watches over services. Tells nothing that needs a key.

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::{App, Problem};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/healthz", get(healthz))
}

/// `ok` where the catalog answers.
async fn healthz(State(app): State<App>) -> Result<&'static str, Problem> {
    app.with_catalog(|_, catalog| Ok(catalog.data_version().map(|_| "ok\n")?)).await
}
