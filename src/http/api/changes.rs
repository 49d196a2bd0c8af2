//! What is shown: publishing, history, going back.

use axum::Json as Answer;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalog::{Catalog, RollbackScope, Scope};
use crate::http::{App, Problem};
use crate::model::{EntityId, GenerationId, ImageType};
use crate::phase::{
    self, ChangeLine, DifferenceLine, GenerationLine, GenerationRef, TagLine, change_line, difference_line,
    generation_lines, library_names, publish_line, rollback_line, tag_line,
};

use super::extract::{Json, Number, Params, Trial, entity, word};
use super::items::limit;
use super::turn::Turn;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(publish))
        .routes(routes!(unpublish))
        .routes(routes!(history))
        .routes(routes!(diff))
        .routes(routes!(rollback))
        .routes(routes!(tags))
        .routes(routes!(tag, untag))
}

/// What is published.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct PublishRequest {
    /// Only these items, also where they were unpublished. None: everything.
    items: Vec<i64>,
}

/// Shows what is selected, with metadata documents in libraries that shall have them.
#[utoipa::path(post, path = "/api/publish", params(Trial), request_body = PublishRequest, tag = "changes",
    responses((status = 200, body = ChangeLine), (status = "default", body = Problem)))]
async fn publish(
    State(app): State<App>,
    Params(trial): Params<Trial>,
    Json(request): Json<PublishRequest>,
) -> Result<Answer<ChangeLine>, Problem> {
    app.at_length(move |app, catalog| {
        let items: Vec<EntityId> = request.items.iter().map(|number| EntityId::new(*number)).collect();
        let (scope, reason) = match request.items.as_slice() {
            [] => (Scope::All, "publish".to_owned()),
            numbers => (Scope::Entities(&items), format!("publish {}", words(numbers))),
        };
        let report = app.place().publish(catalog, scope, trial.mode(), &app.stamp(reason), &Turn::begin())?;
        Ok(Answer(publish_line(catalog, report, trial.dry_run)?))
    })
    .await
}

/// The first of many numbers, for the history.
fn words(numbers: &[i64]) -> String {
    const TOLD: usize = 10;
    let told: Vec<String> = numbers.iter().take(TOLD).map(i64::to_string).collect();
    let more = if numbers.len() > TOLD { " …" } else { "" };
    format!("{}{more}", told.join(" "))
}

/// What is taken away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct UnpublishRequest {
    /// Only pictures of this type, or its metadata document (`nfo`). None: all of the item.
    r#type: Option<String>,
}

/// Takes pictures of an item out of the views, until it is published by name or something is chosen anew.
#[utoipa::path(post, path = "/api/items/{id}/unpublish",
    params(("id" = i64, Path, description = "Its number"), Trial), tag = "changes",
    request_body = UnpublishRequest, responses((status = 200, body = ChangeLine), (status = "default", body = Problem)))]
async fn unpublish(
    State(app): State<App>,
    Number(id): Number,
    Params(trial): Params<Trial>,
    Json(request): Json<UnpublishRequest>,
) -> Result<Answer<ChangeLine>, Problem> {
    let image_type: Option<ImageType> = request.r#type.as_deref().map(word).transpose()?;
    app.at_length(move |app, catalog| {
        let item = entity(catalog, id)?;
        let what = image_type.map(|image_type| format!(" {image_type}")).unwrap_or_default();
        let stamp = app.stamp(format!("unpublish {id}{what}"));
        let published = phase::unpublish(catalog, item.id, image_type, trial.mode(), &stamp)?;
        app.place().nudge();
        Ok(Answer(change_line(catalog, &published, trial.dry_run)?))
    })
    .await
}

/// Which generations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
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

/// Which generations are compared.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct DiffQuery {
    /// The one: a number or a name; 0 is the time before the first.
    from: String,
    /// The other one. None: the present one.
    to: Option<String>,
    /// Behind so many paths: `next` of the page before.
    #[serde(default)]
    after: u64,
    /// At most so many: 1 to 500, 100 where nothing is said.
    limit: Option<u32>,
}

/// A page of what two generations show differently, by library and path.
#[derive(Debug, Serialize, ToSchema)]
struct DiffPage {
    from: i64,
    to: i64,
    /// How many paths there are altogether.
    total: u64,
    differences: Vec<DifferenceLine>,
    /// What `after` is for the next page; none on the last one.
    #[schema(required)]
    next: Option<u64>,
}

/// Tells what two generations show differently.
#[utoipa::path(get, path = "/api/diff", params(DiffQuery), tag = "changes",
    responses((status = 200, body = DiffPage), (status = "default", body = Problem)))]
async fn diff(State(app): State<App>, Params(query): Params<DiffQuery>) -> Result<Answer<DiffPage>, Problem> {
    let from: GenerationRef = word(&query.from)?;
    let to: Option<GenerationRef> = query.to.as_deref().map(word).transpose()?;
    app.at_length(move |_, catalog| {
        let from = from.resolve(catalog)?;
        let to = named_or_latest(catalog, to)?;
        let libraries = library_names(catalog)?;
        let end = query.after.saturating_add(limit(query.limit).into());
        let (mut total, mut differences) = (0, Vec::new());
        catalog.differences(from, to, |difference| {
            if (query.after..end).contains(&total) {
                differences.extend(difference_line(&libraries, difference));
            }
            total += 1;
        })?;
        let next = (end < total).then_some(end);
        Ok(Answer(DiffPage { from: from.get(), to: to.get(), total, differences, next }))
    })
    .await
}

fn named_or_latest(catalog: &Catalog, named: Option<GenerationRef>) -> Result<GenerationId, Problem> {
    Ok(match named {
        Some(named) => named.resolve(catalog)?,
        None => catalog.latest_generation()?,
    })
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
}

/// Shows again what a generation showed.
#[utoipa::path(post, path = "/api/rollback", params(Trial), request_body = RollbackRequest, tag = "changes",
    responses((status = 200, body = ChangeLine), (status = "default", body = Problem)))]
async fn rollback(
    State(app): State<App>,
    Params(trial): Params<Trial>,
    Json(request): Json<RollbackRequest>,
) -> Result<Answer<ChangeLine>, Problem> {
    app.at_length(move |app, catalog| {
        let to: GenerationRef = word(&request.generation)?;
        let (scope, of) = match (request.library, request.item) {
            (Some(_), Some(_)) => return Err(Problem::bad("say either `library` or `item`, not both")),
            (Some(name), None) => {
                (RollbackScope::Library(catalog.library_named(&name)?.id), format!(" of library {name}"))
            }
            (None, Some(item)) => (RollbackScope::Item(entity(catalog, item)?.id), format!(" of item {item}")),
            (None, None) => (RollbackScope::All, String::new()),
        };
        let stamp = app.stamp(format!("rollback {to}{of}"));
        let published = catalog.rollback(to.resolve(catalog)?, scope, trial.mode(), &stamp)?;
        app.place().nudge();
        Ok(Answer(rollback_line(catalog, &published, trial.dry_run)?))
    })
    .await
}

/// Lists the names of generations.
#[utoipa::path(get, path = "/api/tags", tag = "changes",
    responses((status = 200, body = Vec<TagLine>), (status = "default", body = Problem)))]
async fn tags(State(app): State<App>) -> Result<Answer<Vec<TagLine>>, Problem> {
    app.with_catalog(|_, catalog| Ok(Answer(catalog.tags()?.into_iter().map(TagLine::from).collect()))).await
}

/// What is named.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct TagRequest {
    /// A number or another name of a generation. None: the present one.
    generation: Option<String>,
}

/// Gives a generation a name; one that is in use moves to it. What has a name is kept.
#[utoipa::path(put, path = "/api/tags/{name}", tag = "changes", request_body = TagRequest,
    params(("name" = String, Path, description = "A letter, then letters, digits, `-`, `_` and `.`")),
    responses((status = 200, body = TagLine), (status = "default", body = Problem)))]
async fn tag(
    State(app): State<App>,
    Path(name): Path<String>,
    Json(request): Json<TagRequest>,
) -> Result<Answer<TagLine>, Problem> {
    let named: Option<GenerationRef> = request.generation.as_deref().map(word).transpose()?;
    app.with_catalog(move |app, catalog| {
        let generation = named_or_latest(catalog, named)?;
        catalog.tag(&name, generation, &app.stamp(format!("tag {name}")))?;
        Ok(Answer(tag_line(catalog, &name)?))
    })
    .await
}

/// Takes a name away; what it named may be forgotten then. Answers what it named.
#[utoipa::path(delete, path = "/api/tags/{name}", tag = "changes",
    params(("name" = String, Path, description = "The name")),
    responses((status = 200, body = TagLine), (status = "default", body = Problem)))]
async fn untag(State(app): State<App>, Path(name): Path<String>) -> Result<Answer<TagLine>, Problem> {
    app.with_catalog(move |_, catalog| {
        let line = tag_line(catalog, &name)?;
        catalog.untag(&name)?;
        Ok(Answer(line))
    })
    .await
}
