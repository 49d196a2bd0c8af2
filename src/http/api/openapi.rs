//! The document that describes the API.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};

use crate::http::App;

/// What it begins with.
pub(super) fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("posterfs")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Artwork of media libraries: what is known, chosen and shown. The key is sent as X-Api-Key, as the password of \
             basic authentication, as a bearer token or as ?apikey=. What changes something is sent as application/json. \
             Errors are application/problem+json and name the remedy. Answers have an ETag.",
        ))
        .build();
    OpenApiBuilder::new().info(info).build()
}

/// Where it is served.
pub(super) fn route(document: &OpenApi) -> Router<App> {
    let text: axum::body::Bytes = serde_json::to_vec(document).unwrap_or_default().into();
    let serve = move || {
        let text = text.clone();
        async move { ([("content-type", "application/json")], text).into_response() }
    };
    Router::new().route("/api/openapi.json", get(serve))
}
