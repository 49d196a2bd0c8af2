//! What is shown: publishing, history, going back.

use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalog::{PublishMode, Published, RollbackScope, Scope};
use crate::http::{App, Problem};
use crate::model::{EntityId, GenerationId, ImageType};
use crate::phase::{self, GenerationLine, GenerationRef, generation_lines};

use super::extract::{Json, Number, Params, entity, word};
use super::items::limit;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(publish))
        .routes(routes!(unpublish))
        .routes(routes!(history))
        .routes(routes!(rollback))
}

/// What a change of what is shown came to.
#[derive(Debug, Serialize, ToSchema)]
struct Change {
    /// The generation that was made; none where nothing differed, or nothing was to be changed.
    #[schema(required)]
    generation: Option<i64>,
    /// Paths that began to show a picture.
    added: u64,
    /// Paths that show another picture.
    changed: u64,
    /// Paths that ceased to show one.
    removed: u64,
    /// Paths that stay as they are.
    unchanged: u64,
    /// Pictures that a path was refused, as another has it.
    conflicts: Vec<String>,
}

impl From<&Published> for Change {
    fn from(published: &Published) -> Self {
        Self {
            generation: published.generation.map(GenerationId::get),
            added: published.added,
            changed: published.changed,
            removed: published.removed,
            unchanged: published.unchanged,
            conflicts: published.conflicts.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What is published.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct PublishRequest {
    /// Only these items, also where they were unpublished. None: everything.
    items: Vec<i64>,
    /// Tell what would change, and change nothing.
    dry_run: bool,
}

fn mode(is_dry_run: bool) -> PublishMode {
    if is_dry_run { PublishMode::DryRun } else { PublishMode::Apply }
}

/// Shows what is selected.
#[utoipa::path(post, path = "/api/publish", request_body = PublishRequest, tag = "changes",
    responses((status = 200, body = Change), (status = "default", body = Problem)))]
async fn publish(State(app): State<App>, Json(request): Json<PublishRequest>) -> Result<Answer<Change>, Problem> {
    app.with_catalog(move |app, catalog| {
        let items: Vec<EntityId> = request.items.iter().map(|number| EntityId::new(*number)).collect();
        let scope = if items.is_empty() { Scope::All } else { Scope::Entities(&items) };
        let report = phase::publish(catalog, scope, mode(request.dry_run), &app.stamp("publish".to_owned()))?;
        app.nudge();
        Ok(Answer(Change::from(&report.published)))
    })
    .await
}

/// What is taken away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct UnpublishRequest {
    /// Only pictures of this type. None: all of the item.
    r#type: Option<String>,
}

/// Takes pictures of an item out of the views, until it is published by name or something is chosen anew.
#[utoipa::path(post, path = "/api/items/{id}/unpublish", params(("id" = i64, Path, description = "Its number")), tag = "changes",
    request_body = UnpublishRequest, responses((status = 200, body = Change), (status = "default", body = Problem)))]
async fn unpublish(
    State(app): State<App>,
    Number(id): Number,
    Json(request): Json<UnpublishRequest>,
) -> Result<Answer<Change>, Problem> {
    let image_type: Option<ImageType> = request.r#type.as_deref().map(word).transpose()?;
    app.with_catalog(move |app, catalog| {
        let item = entity(catalog, id)?;
        let image_type = image_type.map(|image_type| image_type.meant_for(item.entity_type));
        let published = catalog.unpublish(item.id, image_type, &app.stamp(format!("unpublish item {id}")))?;
        app.nudge();
        Ok(Answer(Change::from(&published)))
    })
    .await
}

/// Which generations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct HistoryQuery {
    /// Older than this one: the last of the page before.
    before: Option<i64>,
    /// At most so many: 1 to 500, 100 where nothing is said.
    limit: Option<u32>,
}

/// Lists generations, newest first.
#[utoipa::path(get, path = "/api/history", params(HistoryQuery), tag = "changes",
    responses((status = 200, body = Vec<GenerationLine>), (status = "default", body = Problem)))]
async fn history(
    State(app): State<App>,
    Params(query): Params<HistoryQuery>,
) -> Result<Answer<Vec<GenerationLine>>, Problem> {
    app.with_catalog(move |_, catalog| {
        let generations = catalog.history(query.before.map(GenerationId::new), limit(query.limit))?;
        Ok(Answer(generation_lines(catalog, generations)?))
    })
    .await
}

/// Where to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RollbackRequest {
    /// A number or a name of a generation.
    generation: String,
    /// Only this library.
    library: Option<String>,
    /// Only this item.
    item: Option<i64>,
    /// Tell what would change, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Shows again what a generation showed.
#[utoipa::path(post, path = "/api/rollback", request_body = RollbackRequest, tag = "changes",
    responses((status = 200, body = Change), (status = "default", body = Problem)))]
async fn rollback(State(app): State<App>, Json(request): Json<RollbackRequest>) -> Result<Answer<Change>, Problem> {
    app.with_catalog(move |app, catalog| {
        let to: GenerationRef = word(&request.generation)?;
        let scope = match (&request.library, request.item) {
            (Some(_), Some(_)) => return Err(Problem::bad("say either `library` or `item`, not both")),
            (Some(name), None) => RollbackScope::Library(catalog.library_named(name)?.id),
            (None, Some(item)) => RollbackScope::Item(entity(catalog, item)?.id),
            (None, None) => RollbackScope::All,
        };
        let stamp = app.stamp(format!("rollback {to}"));
        let published = catalog.rollback(to.resolve(catalog)?, scope, mode(request.dry_run), &stamp)?;
        app.nudge();
        Ok(Answer(Change::from(&published)))
    })
    .await
}
