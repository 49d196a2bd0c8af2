//! Choosing pictures by hand.

use std::sync::Arc;

use axum::Json as Answer;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalog::{Catalog, PublishMode, Scope};
use crate::http::app::AUTHOR;
use crate::http::{App, Problem, body};
use crate::model::{CandidateId, EntityId, ImageType};
use crate::phase::{self, BlockReport, PictureRef, choose_for};

use super::extract::{Json, Number, Params, Trial, entity, number, word};
use super::turn::Turn;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(select))
        .routes(routes!(upload, deselect))
        .routes(routes!(block))
        .routes(routes!(unblock))
}

/// What is chosen: one of `candidate`, `url` and `from`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SelectRequest {
    /// What it is of: poster, fanart, …
    r#type: String,
    /// A candidate of the item.
    candidate: Option<i64>,
    /// The address of a picture.
    url: Option<String>,
    /// Another item, whose picture of that type it shares.
    from: Option<i64>,
    /// Whether it is also shown at once.
    #[serde(default)]
    publish: bool,
}

/// What was chosen.
#[derive(Debug, Serialize, ToSchema)]
struct Chosen {
    id: i64,
    r#type: String,
    sha256: String,
    width: u32,
    height: u32,
    bytes: u64,
    /// Always: a choice by hand locks.
    locked: bool,
    /// Whether it was not in the cache before.
    new_in_cache: bool,
}

/// Chooses a picture for an item and locks the type. It is shown when the item is published.
#[utoipa::path(post, path = "/api/items/{id}/select", params(("id" = i64, Path, description = "Its number")), tag = "choosing",
    request_body = SelectRequest, responses((status = 200, body = Chosen), (status = "default", body = Problem)))]
async fn select(
    State(app): State<App>,
    Number(id): Number,
    Json(request): Json<SelectRequest>,
) -> Result<Answer<Chosen>, Problem> {
    let picture = match (request.candidate, request.url, request.from) {
        (Some(candidate), None, None) => PictureRef::Candidate(CandidateId::new(candidate)),
        (None, Some(url), None) => PictureRef::Url(url),
        (None, None, Some(item)) => PictureRef::From(EntityId::new(item)),
        _ => return Err(Problem::bad("say one of `candidate`, `url` and `from`")),
    };
    let image_type: ImageType = word(&request.r#type)?;
    choose(app, id, image_type, picture, request.publish).await
}

/// What becomes of a picture that is sent.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct UploadQuery {
    /// Whether it is also shown at once.
    publish: bool,
}

/// Chooses the picture that is sent and locks the type. It is shown when the item is published.
#[utoipa::path(put, path = "/api/items/{id}/select/{type}", tag = "choosing",
    params(("id" = i64, Path, description = "Its number"), ("type" = String, Path, description = "poster, fanart, …"), UploadQuery),
    request_body(content = Vec<u8>, content_type = "image/*", description = "A JPEG, PNG, WebP or GIF"),
    responses((status = 200, body = Chosen), (status = "default", body = Problem)))]
async fn upload(
    State(app): State<App>,
    Path((id, image_type)): Path<(String, String)>,
    Params(query): Params<UploadQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer<Chosen>, Problem> {
    let (id, image_type) = (number(&id)?, word(&image_type)?);
    // Whether there is such an item is told before the picture is sent.
    app.with_catalog(move |_, catalog| entity(catalog, id)).await?;
    let picture = PictureRef::Upload(Arc::new(body::receive(&app, &headers, body).await?));
    choose(app, id, image_type, picture, query.publish).await
}

async fn choose(
    app: App,
    id: i64,
    image_type: ImageType,
    picture: PictureRef,
    is_published: bool,
) -> Result<Answer<Chosen>, Problem> {
    app.at_length(move |app, catalog| {
        let (item, place) = (entity(catalog, id)?, app.place());
        let image_type = image_type.meant_for(item.entity_type);
        let mut chosen = None;
        let take = |_: &Catalog, _: &_, picture: &phase::ChosenPicture| {
            chosen = Some(picture.clone());
            Ok(())
        };
        let choices = place.choices(AUTHOR.to_owned())?;
        choose_for(catalog, &choices, std::slice::from_ref(&item), image_type, &picture, take)?;
        if is_published {
            let stamp = app.stamp(format!("select {image_type} of item {id}"));
            let picture = [(item.id, image_type)];
            place.publish(catalog, Scope::Pictures(&picture), PublishMode::Apply, &stamp, &Turn::begin())?;
        }
        let chosen = chosen.ok_or_else(Problem::ending)?;
        let picture = chosen.picture;
        Ok(Answer(Chosen {
            id,
            r#type: picture.image_type.to_string(),
            sha256: picture.hash.to_string(),
            width: picture.width,
            height: picture.height,
            bytes: picture.byte_count,
            locked: true,
            new_in_cache: chosen.was_new,
        }))
    })
    .await
}

/// What taking a choice back came to.
#[derive(Debug, Serialize, ToSchema)]
struct Deselected {
    id: i64,
    r#type: String,
    was_selected: bool,
    /// How many names went from the views.
    removed: u64,
    /// The generation in which they did.
    #[schema(required)]
    generation: Option<i64>,
}

/// Takes a choice back and locks the type, so that it stays empty.
#[utoipa::path(delete, path = "/api/items/{id}/select/{type}", tag = "choosing",
    params(("id" = i64, Path, description = "Its number"), ("type" = String, Path, description = "poster, fanart, …"), Trial),
    responses((status = 200, body = Deselected), (status = "default", body = Problem)))]
async fn deselect(
    State(app): State<App>,
    Path((id, image_type)): Path<(String, String)>,
    Params(trial): Params<Trial>,
) -> Result<Answer<Deselected>, Problem> {
    let (id, image_type): (_, ImageType) = (number(&id)?, word(&image_type)?);
    app.at_length(move |app, catalog| {
        let item = entity(catalog, id)?;
        let image_type = image_type.meant_for(item.entity_type);
        let stamp = app.stamp(format!("deselect {image_type} of item {id}"));
        let choice = [(item.id, image_type)];
        let done = phase::deselect(catalog, &*app.cache()?, &choice, trial.mode(), &stamp)?;
        app.place().nudge();
        let generation = done.published.generation.map(crate::model::GenerationId::get);
        let (was_selected, removed) = (done.was_selected(), done.published.removed);
        Ok(Answer(Deselected { id, r#type: image_type.to_string(), was_selected, removed, generation }))
    })
    .await
}

/// Never chooses a candidate; what shows it changes at once.
#[utoipa::path(post, path = "/api/candidates/{id}/block", params(("id" = i64, Path, description = "Its number"), Trial),
    tag = "choosing", responses((status = 200, body = BlockReport), (status = "default", body = Problem)))]
async fn block(
    State(app): State<App>,
    Number(id): Number,
    Params(trial): Params<Trial>,
) -> Result<Answer<BlockReport>, Problem> {
    app.at_length(move |app, catalog| {
        let (stamp, cache) = (app.stamp(format!("block {id}")), app.cache()?);
        let report = phase::block(catalog, &cache, &[CandidateId::new(id)], trial.mode(), &stamp)?;
        app.place().nudge();
        report.into_iter().next().map(Answer).ok_or_else(Problem::ending)
    })
    .await
}

/// Lets a candidate be chosen again.
#[utoipa::path(post, path = "/api/candidates/{id}/unblock", params(("id" = i64, Path, description = "Its number"), Trial),
    tag = "choosing", responses((status = 200, body = BlockReport), (status = "default", body = Problem)))]
async fn unblock(
    State(app): State<App>,
    Number(id): Number,
    Params(trial): Params<Trial>,
) -> Result<Answer<BlockReport>, Problem> {
    app.with_catalog(move |_, catalog| Ok(Answer(phase::unblock(catalog, CandidateId::new(id), trial.mode())?))).await
}
