//! What changes, told as it happens (server-sent events): generations, the queue, and how far jobs are.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{App, Problem};
use crate::model::GenerationId;
use crate::work::RunningJob;

use super::state::Jobs;

/// How often is looked.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How many may listen at once.
pub(in crate::http) const LISTENERS_MAX: usize = 64;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events))
}

/// What was told last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Told {
    generation: Option<Option<i64>>,
    jobs: Option<Jobs>,
    progress: Vec<RunningJob>,
}

/// Who listens.
struct Listener {
    app: App,
    closing: watch::Receiver<bool>,
    told: Told,
    waiting: Vec<Event>,
    _seat: OwnedSemaphorePermit,
}

/// Tells of changes: events `generation` (a number), `jobs` (counts by state) and `progress` (a list of jobs that are under
/// way). What is at the beginning is told first.
#[utoipa::path(get, path = "/api/events", tag = "state", responses(
    (status = 200, description = "Server-sent events", content_type = "text/event-stream", body = String),
    (status = "default", body = Problem)))]
async fn events(State(app): State<App>) -> Result<Response, Problem> {
    let busy = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many listen already; try again later");
    let seat = Arc::clone(&app.listeners).try_acquire_owned().map_err(|_| busy())?;
    let closing = app.closing.subscribe();
    let listener = Listener { app, closing, told: Told::default(), waiting: Vec::new(), _seat: seat };
    let stream = futures_util::stream::unfold(listener, |mut listener| async move {
        loop {
            if let Some(event) = listener.waiting.pop() {
                return Some((Ok::<_, Infallible>(event), listener));
            }
            if listener.told != Told::default() && listener.is_closing_within(LOOK_AGAIN).await {
                return None;
            }
            // Who cannot be told any more looks again.
            listener.look().await.ok()?;
        }
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()).into_response())
}

impl Listener {
    /// Waits, unless the server ends meanwhile.
    async fn is_closing_within(&mut self, wait: Duration) -> bool {
        tokio::time::timeout(wait, self.closing.wait_for(|is_closing| *is_closing)).await.is_ok()
    }

    async fn look(&mut self) -> Result<(), Problem> {
        let now = self
            .app
            .with_catalog(|app, catalog| {
                let newest = catalog.history(None, 1)?.first().map(|generation| generation.id);
                let (generation, jobs) = (Some(newest.map(GenerationId::get)), Some(Jobs::of(catalog)?));
                Ok(Told { generation, jobs, progress: app.host.running() })
            })
            .await?;
        let event = |name: &str, value: &serde_json::Value| Event::default().event(name).data(value.to_string());
        if now.progress != self.told.progress {
            self.waiting.push(event("progress", &serde_json::json!(now.progress)));
        }
        if now.jobs != self.told.jobs {
            self.waiting.push(event("jobs", &serde_json::json!(now.jobs)));
        }
        if now.generation != self.told.generation {
            self.waiting.push(event("generation", &serde_json::json!(now.generation.flatten())));
        }
        self.told = now;
        Ok(())
    }
}
