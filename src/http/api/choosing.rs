//! Choosing pictures by hand, for one item; for many, see `many`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalog::{Catalog, Entity, GivenUp, PublishMode, Scope};
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
pub(super) struct SelectRequest {
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

impl SelectRequest {
    /// What is chosen, and how.
    pub(super) fn understood(self) -> Result<Choice, Problem> {
        let picture = match (self.candidate, self.url, self.from) {
            (Some(candidate), None, None) => PictureRef::Candidate(CandidateId::new(candidate)),
            (None, Some(url), None) => PictureRef::Url(url),
            (None, None, Some(item)) => PictureRef::From(EntityId::new(item)),
            _ => return Err(Problem::bad("say one of `candidate`, `url` and `from`")),
        };
        Ok(Choice { image_type: word(&self.r#type)?, picture, is_published: self.publish })
    }
}

/// What is chosen, and whether it is also shown at once.
pub(super) struct Choice {
    pub(super) image_type: ImageType,
    pub(super) picture: PictureRef,
    is_published: bool,
}

/// What a choice came to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ChoiceAnswer {
    Chosen(Chosen),
    Planned(PlannedChoice),
}

/// What would be chosen for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlannedChoice {
    id: i64,
    r#type: String,
    /// What is selected now.
    #[schema(required)]
    replaces: Option<String>,
    /// Always.
    dry_run: bool,
}

/// What was chosen.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Chosen {
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
#[utoipa::path(post, path = "/api/items/{id}/select", params(("id" = i64, Path, description = "Its number"), Trial),
    tag = "choosing", request_body = SelectRequest,
    responses((status = 200, body = ChoiceAnswer), (status = "default", body = Problem)))]
async fn select(
    State(app): State<App>,
    Number(id): Number,
    Params(trial): Params<Trial>,
    Json(request): Json<SelectRequest>,
) -> Result<Answer<ChoiceAnswer>, Problem> {
    choose_one(app, id, request.understood()?, trial.dry_run).await
}

/// What becomes of a picture that is sent.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct UploadQuery {
    /// Whether it is also shown at once.
    publish: bool,
    /// Tell instead of what it would be chosen, and change nothing. The picture itself is not looked at.
    dry_run: bool,
}

/// Chooses the picture that is sent and locks the type. It is shown when the item is published.
#[utoipa::path(put, path = "/api/items/{id}/select/{type}", tag = "choosing",
    params(("id" = i64, Path, description = "Its number"), ("type" = String, Path, description = "poster, fanart, …"), UploadQuery),
    request_body(content = Vec<u8>, content_type = "image/*", description = "A JPEG, PNG, WebP or GIF"),
    responses((status = 200, body = ChoiceAnswer), (status = "default", body = Problem)))]
async fn upload(
    State(app): State<App>,
    Path((id, image_type)): Path<(String, String)>,
    Params(query): Params<UploadQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer<ChoiceAnswer>, Problem> {
    let (id, image_type) = (number(&id)?, word(&image_type)?);
    // Whether there is such an item is told before the picture is sent.
    app.with_catalog(move |_, catalog| entity(catalog, id)).await?;
    let picture = PictureRef::Upload(Arc::new(body::receive(&app, &headers, body).await?));
    choose_one(app, id, Choice { image_type, picture, is_published: query.publish }, query.dry_run).await
}

async fn choose_one(app: App, id: i64, choice: Choice, is_dry_run: bool) -> Result<Answer<ChoiceAnswer>, Problem> {
    app.at_length(move |app, catalog| {
        let item = entity(catalog, id)?;
        let answers = choose(app, catalog, std::slice::from_ref(&item), &choice, is_dry_run)?;
        answers.into_iter().next().map(Answer).ok_or_else(Problem::ending)
    })
    .await
}

/// Chooses a picture for items, or tells what would be chosen for.
pub(super) fn choose(
    app: &App,
    catalog: &mut Catalog,
    items: &[Entity],
    choice: &Choice,
    is_dry_run: bool,
) -> Result<Vec<ChoiceAnswer>, Problem> {
    let image_type = choice.image_type;
    if is_dry_run {
        return items.iter().map(|item| planned(catalog, item, image_type).map(ChoiceAnswer::Planned)).collect();
    }
    let (place, mut answers) = (app.place(), Vec::new());
    let take = |_: &Catalog, item: &Entity, picture: &phase::ChosenPicture| {
        answers.push(ChoiceAnswer::Chosen(chosen(item, picture)));
        Ok(())
    };
    choose_for(catalog, &place.choices(AUTHOR.to_owned())?, items, image_type, &choice.picture, take)?;
    if choice.is_published {
        let stamp = app.stamp(format!("select {}", of_items(image_type, items)));
        place.publish(
            catalog,
            Scope::Pictures(&pictures(items, image_type)),
            PublishMode::Apply,
            &stamp,
            &Turn::begin(),
        )?;
    }
    Ok(answers)
}

fn planned(catalog: &Catalog, item: &Entity, image_type: ImageType) -> Result<PlannedChoice, Problem> {
    let image_type = image_type.meant_for(item.entity_type);
    let selected = phase::selected_picture(catalog, item, image_type)?;
    let replaces = selected.map(|file| file.picture.hash.to_string());
    Ok(PlannedChoice { id: item.id.get(), r#type: image_type.to_string(), replaces, dry_run: true })
}

fn chosen(item: &Entity, chosen: &phase::ChosenPicture) -> Chosen {
    let picture = &chosen.picture;
    Chosen {
        id: item.id.get(),
        r#type: picture.image_type.to_string(),
        sha256: picture.hash.to_string(),
        width: picture.width,
        height: picture.height,
        bytes: picture.byte_count,
        locked: true,
        new_in_cache: chosen.was_new,
    }
}

/// One picture of each item, in the word that is meant for it.
fn pictures(items: &[Entity], image_type: ImageType) -> Vec<(EntityId, ImageType)> {
    items.iter().map(|item| (item.id, image_type.meant_for(item.entity_type))).collect()
}

/// For the history: `poster of item 7`, `poster of 12 items`.
fn of_items(image_type: ImageType, items: &[Entity]) -> String {
    match items {
        [item] => format!("{} of item {}", image_type.meant_for(item.entity_type), item.id),
        items => format!("{image_type} of {} items", items.len()),
    }
}

/// What taking a choice back came to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deselected {
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
        let items = [entity(catalog, id)?];
        let answers = give_up(app, catalog, &items, image_type, trial.mode())?;
        answers.into_iter().next().map(Answer).ok_or_else(Problem::ending)
    })
    .await
}

/// Takes the choices of items back, all in one generation.
pub(super) fn give_up(
    app: &App,
    catalog: &mut Catalog,
    items: &[Entity],
    image_type: ImageType,
    mode: PublishMode,
) -> Result<Vec<Deselected>, Problem> {
    let (choices, stamp) =
        (pictures(items, image_type), app.stamp(format!("deselect {}", of_items(image_type, items))));
    let done = phase::deselect(catalog, &*app.cache()?, &choices, mode, &stamp)?;
    app.place().nudge();
    let generation = done.published.generation.map(crate::model::GenerationId::get);
    let answer = |((id, image_type), given_up): (&(EntityId, ImageType), &GivenUp)| Deselected {
        id: id.get(),
        r#type: image_type.to_string(),
        was_selected: given_up.was_selected,
        removed: given_up.removed,
        generation: generation.filter(|_| given_up.removed > 0),
    };
    Ok(choices.iter().zip(&done.each).map(answer).collect())
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
