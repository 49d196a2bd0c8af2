//! Whether everything is whole: told line by line as it is found.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::Serialize;
use tokio::sync::mpsc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{App, Problem};

use super::turn::Turn;

/// How many lines may wait to be sent: whoever reads slowly makes the look at everything slow, and nothing else.
const WAITING_MAX: usize = 256;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(verify))
}

/// Looks whether everything is whole, without reading every picture (that is a job, `verify` with `thorough`). Each line is a
/// JSON object: what is wrong, as it is found, and last what the look came to (`summary`), or why it failed (`error`).
#[utoipa::path(post, path = "/api/verify", tag = "state", responses(
    (status = 200, description = "JSON lines", content_type = "application/x-ndjson", body = String),
    (status = "default", body = Problem)))]
async fn verify(State(app): State<App>) -> impl IntoResponse {
    let (lines, told) = mpsc::channel::<Bytes>(WAITING_MAX);
    tokio::spawn(async move {
        let to_tell = lines.clone();
        let looked = app.at_length(move |app, catalog| {
            // Who does not listen any more is told nothing; what was begun is short enough to come to its end.
            let mut tell = |finding| drop(to_tell.blocking_send(line(&finding)));
            let report = app.place().verify(catalog, false, &Turn::begin(), &mut tell)?;
            drop(to_tell.blocking_send(line(&Last::Summary { summary: true, report: &report })));
            Ok(())
        });
        if let Err(problem) = looked.await {
            drop(lines.send(line(&Last::Error { error: problem.detail() })).await);
        }
    });
    let stream = futures_util::stream::unfold(told, async |mut told| {
        let line = told.recv().await?;
        Some((Ok::<_, Infallible>(line), told))
    });
    ([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(stream))
}

/// The last line.
#[derive(Serialize)]
#[serde(untagged)]
enum Last<'a> {
    Summary {
        summary: bool,
        #[serde(flatten)]
        report: &'a crate::phase::VerifyReport,
    },
    Error {
        error: &'a str,
    },
}

fn line(value: &impl Serialize) -> Bytes {
    let mut text = serde_json::to_vec(value).unwrap_or_default();
    text.push(b'\n');
    text.into()
}
