//! What programs may ask: all that the command line can do, as JSON. Each file has the routes of one kind of thing; a route
//! and its description in the OpenAPI document are one and the same declaration.

mod care;
mod changes;
mod choosing;
mod control;
mod enrich;
mod events;
mod extract;
mod items;
mod jobs;
mod many;
mod openapi;
mod pictures;
mod state;
mod turn;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::App;

pub(super) use events::LISTENERS_MAX;
pub(super) use pictures::Pictures;
pub use pictures::WIDTHS;

/// Where the document is served.
pub(super) fn document_route(document: &OpenApi) -> Router<App> {
    openapi::route(document)
}

/// The routes that need the key, as they are described.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::head())
        .merge(super::webhook::routes())
        .merge(state::routes())
        .merge(items::routes())
        .merge(choosing::routes())
        .merge(control::routes())
        .merge(many::routes())
        .merge(changes::routes())
        .merge(jobs::routes())
        .merge(pictures::routes())
        .merge(events::routes())
        .merge(care::routes())
        .merge(enrich::routes())
        .merge(super::metrics::routes())
}
