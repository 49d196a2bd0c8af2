//! The request: understood and planned at once, written down with what follows from it, and answered; done later.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalog::{Catalog, CatalogError, NewWebhook};
use crate::http::{App, Problem, body};
use crate::work::Workplace;

use super::{Manager, Plan, Planner, Webhook, parse};

/// What became of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reception {
    /// Its number in the log: `POST /api/webhooks/replay/N` takes it.
    pub id: i64,
    /// The word of its event.
    pub event: String,
    /// `accepted`, `ignored` or `refused`.
    pub outcome: String,
    /// What it comes to.
    pub told: String,
    /// The numbers of the jobs that do it.
    pub jobs: Vec<i64>,
}

pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(receive, receive_put))
}

/// Takes a webhook of Radarr, Sonarr or Lidarr. It is answered at once, and worked off by the queue.
#[utoipa::path(post, path = "/api/webhooks/{manager}", tag = "webhooks", request_body = Object,
    params(("manager" = String, Path, description = "`radarr`, `sonarr` or `lidarr`")),
    responses((status = 202, body = Reception, description = "It will be done"),
              (status = 200, body = Reception, description = "There is nothing to do"),
              (status = 422, body = Problem, description = "Its path lies in no library"),
              (status = "default", body = Problem)))]
async fn receive(
    State(app): State<App>,
    Path(manager): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let manager = Manager::parse(&manager).ok_or_else(|| {
        Problem::nothing(format!("`{manager}` sends no webhooks here: /api/webhooks/radarr, …/sonarr and …/lidarr do"))
    })?;
    let body = body::read(&app, &headers, body).await?;
    let webhook = parse(&body).map_err(|error| Problem::bad(error.to_string()))?;
    let reception =
        app.with_catalog(move |app, catalog| Ok(take(catalog, &app.place(), (manager, &webhook, &body))?)).await?;
    if !reception.jobs.is_empty() {
        app.host.wake();
    }
    Ok(match reception.outcome.as_str() {
        "refused" => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, reception.told).into_response(),
        "ignored" => (StatusCode::OK, Json(reception)).into_response(),
        _ => (StatusCode::ACCEPTED, Json(reception)).into_response(),
    })
}

/// The same, for managers that are set to PUT.
#[utoipa::path(put, path = "/api/webhooks/{manager}", tag = "webhooks", request_body = Object,
    params(("manager" = String, Path, description = "`radarr`, `sonarr` or `lidarr`")),
    responses((status = 202, body = Reception), (status = 200, body = Reception), (status = 422, body = Problem),
              (status = "default", body = Problem)))]
async fn receive_put(
    app: State<App>,
    manager: Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    receive(app, manager, headers, body).await
}

/// Plans what a webhook asks for, and writes both down.
///
/// # Errors
/// When the catalog cannot be read or written.
pub fn take(
    catalog: &mut Catalog,
    place: &Workplace,
    (manager, webhook, body): (Manager, &Webhook, &[u8]),
) -> Result<Reception, CatalogError> {
    let now = place.now();
    let plan = Planner::new(manager, &place.config, catalog, place.views(), now)?.plan(webhook, catalog)?;
    let (outcome, jobs, ids, told) = match &plan {
        Plan::Do { jobs, ids, told } => ("accepted", jobs.as_slice(), ids.as_ref(), told),
        Plan::Ignore(why) => ("ignored", &[][..], None, why),
        Plan::Refuse(why) => ("refused", &[][..], None, why),
    };
    let title = webhook.event.subject().map(|of| of.title.as_str()).unwrap_or_default();
    let (manager, event) = (manager.as_str(), webhook.name.as_str());
    if outcome == "refused" {
        tracing::warn!(manager, event, title, told, "a webhook was refused");
    } else {
        tracing::info!(manager, event, title, outcome, told, "a webhook came");
    }
    let (id, asked) = catalog.take_webhook(&NewWebhook { manager, event, outcome, told, body }, jobs, ids, now)?;
    let mut numbers: Vec<i64> = asked.iter().map(|asked| asked.id.get()).collect();
    numbers.dedup();
    let (event, outcome, told) = (event.to_owned(), outcome.to_owned(), told.clone());
    Ok(Reception { id: id.get(), event, outcome, told, jobs: numbers })
}
