//! What programs may ask: all that the command line can do, as JSON. Each file has the routes of one kind of thing; a route
//! and its description in the OpenAPI document are one and the same declaration.

mod changes;
mod choosing;
mod control;
mod events;
mod extract;
mod items;
mod jobs;
mod openapi;
mod pictures;
mod state;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::App;

pub use events::JobProgress;
pub(super) use events::LISTENERS_MAX;
pub use pictures::{Thumbnails, WIDTHS};

/// All routes, and the document that describes them.
pub(super) fn routes() -> (Router<App>, OpenApi) {
    let described = OpenApiRouter::with_openapi(openapi::head())
        .merge(super::webhook::routes())
        .merge(state::routes())
        .merge(items::routes())
        .merge(choosing::routes())
        .merge(control::routes())
        .merge(changes::routes())
        .merge(jobs::routes())
        .merge(pictures::routes())
        .merge(events::routes());
    let (router, document) = described.split_for_parts();
    let served = openapi::route(&document);
    (router.merge(served), document)
}
