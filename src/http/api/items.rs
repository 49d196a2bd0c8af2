//! Items: lists, everything about one, what could be chosen.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalog::{Catalog, EntityFilter};
use crate::http::{App, Problem};
use crate::model::ImageType;
use crate::phase::{
    CandidateLine, GenerationLine, ItemLine, Story, candidate_lines, event_lines, events_of, item_line, library_names,
    story,
};

use super::extract::{Number, Params, entity, word};

/// The most lines of a page.
pub(super) const PAGE_MAX: u32 = 500;

/// Lines of a page where nothing is said.
const PAGE: u32 = 100;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(candidates))
        .routes(routes!(children))
        .routes(routes!(history))
}

/// Which items.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct ItemsQuery {
    /// Of this kind: movie, series, season, episode, actor, movieset, artist, album.
    kind: Option<String>,
    /// Of this library.
    library: Option<String>,
    /// For which no picture of this type is selected or lies there.
    missing: Option<String>,
    /// With such a title: `*` is anything, `?` one character.
    title: Option<String>,
    /// With something locked.
    locked: bool,
    /// Not monitored.
    unmonitored: bool,
    /// Also what the last scan did not find.
    vanished: bool,
    /// Of which providers could not tell what they are.
    unidentified: bool,
    /// Behind the item of this number: `next` of the page before.
    after: Option<i64>,
    /// At most so many: 1 to 500, 100 where nothing is said.
    limit: Option<u32>,
}

/// A page of items, by title.
#[derive(Debug, Serialize, ToSchema)]
struct ItemPage {
    items: Vec<ItemLine>,
    /// What `after` is for the next page; none on the last one.
    #[schema(required)]
    next: Option<i64>,
}

/// Lists items.
#[utoipa::path(get, path = "/api/items", params(ItemsQuery), tag = "items",
    responses((status = 200, body = ItemPage), (status = "default", body = Problem)))]
async fn list(State(app): State<App>, Params(query): Params<ItemsQuery>) -> Result<Json<ItemPage>, Problem> {
    app.with_catalog(move |_, catalog| page(catalog, &query).map(Json)).await
}

fn page(catalog: &Catalog, query: &ItemsQuery) -> Result<ItemPage, Problem> {
    let words = [&query.kind, &query.library, &query.missing, &query.title].map(Option::as_deref);
    let filter = EntityFilter {
        only_locked: query.locked,
        only_unmonitored: query.unmonitored,
        with_missing: query.vanished,
        only_unidentified: query.unidentified,
        ..filter(catalog, words)?
    };
    let limit = limit(query.limit);
    let after = query.after.map(|number| entity(catalog, number)).transpose()?.map(|entity| entity.list_key());
    let found = catalog.list_entities(&filter, after.as_ref(), limit)?;
    let libraries = library_names(catalog)?;
    let next = (found.len() == limit as usize).then(|| found.last().map(|entity| entity.id.get())).flatten();
    let lines = found.iter().map(|entity| item_line(catalog, entity, &libraries));
    Ok(ItemPage { items: lines.collect::<Result<_, _>>()?, next })
}

/// What kind, library, missing type and title leave.
pub(super) fn filter(
    catalog: &Catalog,
    [kind, library, missing, title]: [Option<&str>; 4],
) -> Result<EntityFilter, Problem> {
    let library = library.map(|name| catalog.library_named(name)).transpose()?;
    Ok(EntityFilter {
        library: library.map(|library| library.id),
        entity_type: kind.map(word).transpose()?,
        lacks: missing.map(word).transpose()?,
        title: title.map(str::to_owned),
        ..EntityFilter::default()
    })
}

pub(super) fn limit(asked: Option<u32>) -> u32 {
    asked.unwrap_or(PAGE).clamp(1, PAGE_MAX)
}

/// Tells everything about one item.
#[utoipa::path(get, path = "/api/items/{id}", params(("id" = i64, Path, description = "Its number")), tag = "items",
    responses((status = 200, body = Story), (status = "default", body = Problem)))]
async fn show(State(app): State<App>, Number(id): Number) -> Result<Json<Story>, Problem> {
    app.with_catalog(move |_, catalog| Ok(Json(story(catalog, &entity(catalog, id)?)?))).await
}

/// Which candidates.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct CandidatesQuery {
    /// Only of this type of picture; `fanart` is all of them.
    r#type: Option<String>,
    /// Only the best so many of each type, and what is chosen, shown or blocked.
    limit: Option<usize>,
}

/// Tells what could be chosen for an item: by type, the best first.
#[utoipa::path(get, path = "/api/items/{id}/candidates", params(("id" = i64, Path, description = "Its number"), CandidatesQuery),
    tag = "items", responses((status = 200, body = Vec<CandidateLine>), (status = "default", body = Problem)))]
async fn candidates(
    State(app): State<App>,
    Number(id): Number,
    Params(query): Params<CandidatesQuery>,
) -> Result<Json<Vec<CandidateLine>>, Problem> {
    app.with_catalog(move |_, catalog| {
        let entity = entity(catalog, id)?;
        let of_type: Option<ImageType> = query.r#type.as_deref().map(word).transpose()?;
        let of_type = of_type.map(|image_type| image_type.meant_for(entity.entity_type));
        Ok(Json(candidate_lines(catalog, &entity, of_type, query.limit)?.1))
    })
    .await
}

/// Lists what belongs to an item: seasons of a series, episodes of a season, albums of an artist.
#[utoipa::path(get, path = "/api/items/{id}/children", params(("id" = i64, Path, description = "Its number")), tag = "items",
    responses((status = 200, body = Vec<ItemLine>), (status = "default", body = Problem)))]
async fn children(State(app): State<App>, Number(id): Number) -> Result<Json<Vec<ItemLine>>, Problem> {
    app.with_catalog(move |_, catalog| {
        let libraries = library_names(catalog)?;
        let found = catalog.children_of(entity(catalog, id)?.id)?;
        let lines = found.iter().map(|child| item_line(catalog, child, &libraries));
        Ok(Json(lines.collect::<Result<_, _>>()?))
    })
    .await
}

/// Tells what happened to an item and to what belongs to it, newest first.
#[utoipa::path(get, path = "/api/items/{id}/history", params(("id" = i64, Path, description = "Its number")), tag = "items",
    responses((status = 200, body = Vec<GenerationLine>), (status = "default", body = Problem)))]
async fn history(State(app): State<App>, Number(id): Number) -> Result<Json<Vec<GenerationLine>>, Problem> {
    app.with_catalog(move |_, catalog| {
        let id = entity(catalog, id)?.id;
        Ok(Json(event_lines(&events_of(catalog, id, None, PAGE)?)))
    })
    .await
}
