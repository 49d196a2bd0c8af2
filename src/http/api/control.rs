//! What automatic steps must leave alone, and what a person says of an item.

use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalog::LockChange;
use crate::http::{App, Problem};
use crate::model::LockField;
use crate::phase::{self, Edit, LockReport, MonitorReport};

use super::extract::{Json, Number, Params, Trial, entity, word};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(lock)).routes(routes!(monitor)).routes(routes!(edit))
}

/// Which fields, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LockRequest {
    /// Image types, metadata fields, or `all`.
    fields: Vec<String>,
    /// `lock`, `unlock`, or `inherit`: nothing is said here any more.
    to: String,
}

impl LockRequest {
    /// Which fields, and how.
    pub(super) fn understood(&self) -> Result<(Vec<LockField>, LockChange), Problem> {
        let to = match self.to.as_str() {
            "lock" => LockChange::Lock,
            "unlock" => LockChange::Unlock,
            "inherit" => LockChange::Inherit,
            other => return Err(Problem::bad(format!("`{other}` is none of lock, unlock and inherit"))),
        };
        let fields: Vec<LockField> = self.fields.iter().map(|field| word(field)).collect::<Result<_, _>>()?;
        if fields.is_empty() {
            return Err(Problem::bad("say which fields: poster, fanart, title, … or all"));
        }
        Ok((fields, to))
    }
}

/// Locks or unlocks fields of an item.
#[utoipa::path(post, path = "/api/items/{id}/lock", params(("id" = i64, Path, description = "Its number"), Trial),
    tag = "control", request_body = LockRequest, responses((status = 200, body = LockReport), (status = "default", body = Problem)))]
async fn lock(
    State(app): State<App>,
    Number(id): Number,
    Params(trial): Params<Trial>,
    Json(request): Json<LockRequest>,
) -> Result<Answer<LockReport>, Problem> {
    let (fields, to) = request.understood()?;
    app.with_catalog(move |app, catalog| {
        let item = entity(catalog, id)?;
        Ok(Answer(phase::lock(catalog, &item, &fields, to, trial.mode(), app.place().now())?))
    })
    .await
}

/// Whether automatic steps may touch an item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MonitorRequest {
    pub(super) monitored: bool,
}

/// Lets automatic steps touch an item and what belongs to it, or not.
#[utoipa::path(post, path = "/api/items/{id}/monitor", params(("id" = i64, Path, description = "Its number"), Trial),
    tag = "control", request_body = MonitorRequest, responses((status = 200, body = MonitorReport), (status = "default", body = Problem)))]
async fn monitor(
    State(app): State<App>,
    Number(id): Number,
    Params(trial): Params<Trial>,
    Json(request): Json<MonitorRequest>,
) -> Result<Answer<MonitorReport>, Problem> {
    app.with_catalog(move |app, catalog| {
        let item = entity(catalog, id)?;
        let now = app.place().now();
        Ok(Answer(phase::monitor(catalog, &item, request.monitored, trial.mode(), now)?))
    })
    .await
}

/// What a person says of an item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EditRequest {
    /// Values by field, or ids by provider.
    #[serde(default)]
    set: BTreeMap<String, String>,
    /// Fields of which it is taken back.
    #[serde(default)]
    unset: Vec<String>,
}

/// What saying it came to.
#[derive(Debug, Serialize, ToSchema)]
struct EditAnswer {
    /// How many edits made a difference.
    changed: u64,
    /// Whether it is another item to providers now.
    is_another: bool,
}

/// Edits an item; what is edited is locked.
#[utoipa::path(patch, path = "/api/items/{id}", params(("id" = i64, Path, description = "Its number"), Trial),
    tag = "control", request_body = EditRequest, responses((status = 200, body = EditAnswer), (status = "default", body = Problem)))]
async fn edit(
    State(app): State<App>,
    Number(id): Number,
    Params(trial): Params<Trial>,
    Json(request): Json<EditRequest>,
) -> Result<Answer<EditAnswer>, Problem> {
    let bad = |error: phase::EditError| Problem::bad(error.to_string());
    let mut edits: Vec<Edit> = Vec::new();
    for (field, value) in &request.set {
        edits.push(format!("{field}={value}").parse().map_err(bad)?);
    }
    for field in &request.unset {
        edits.push(Edit::unset(field).map_err(bad)?);
    }
    app.with_catalog(move |app, catalog| {
        let item = entity(catalog, id)?;
        let edited = phase::edit(catalog, item.id, &edits, trial.mode(), app.place().now())?;
        Ok(Answer(EditAnswer { changed: edited.changed, is_another: edited.is_another }))
    })
    .await
}
