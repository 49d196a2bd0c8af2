//! What is done to all items that filters leave, as the command line does it.

use axum::Json as Answer;
use axum::extract::State;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalog::{Catalog, Entity, PublishMode};
use crate::http::{App, Problem};
use crate::model::{CandidateId, ImageType};
use crate::phase::{self, BlockReport, CandidateFilter, LockReport, MonitorReport, candidates_like};

use super::choosing::{ChoiceAnswer, Deselected, SelectRequest, choose, give_up};
use super::control::{LockRequest, MonitorRequest};
use super::extract::{Json, Params, word};
use super::items::filter;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(select))
        .routes(routes!(deselect))
        .routes(routes!(lock))
        .routes(routes!(monitor))
        .routes(routes!(block))
        .routes(routes!(unblock))
}

/// Which items. At least one filter is given.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct Filters {
    /// Of this kind: movie, series, season, episode, actor, movieset, artist, album.
    kind: Option<String>,
    /// Of this library.
    library: Option<String>,
    /// For which no picture of this type is selected or lies there.
    missing: Option<String>,
    /// With such a title: `*` is anything, `?` one character.
    title: Option<String>,
    /// Tell what would change, and change nothing.
    dry_run: bool,
}

impl Filters {
    /// The items that are meant now.
    fn items(&self, catalog: &Catalog) -> Result<Vec<Entity>, Problem> {
        let words = [&self.kind, &self.library, &self.missing, &self.title].map(Option::as_deref);
        if words.iter().all(Option::is_none) {
            return Err(Problem::bad("say which items: `kind`, `library`, `missing` or `title`"));
        }
        Ok(phase::items::matching(catalog, &filter(catalog, words)?)?)
    }

    fn mode(&self) -> PublishMode {
        if self.dry_run { PublishMode::DryRun } else { PublishMode::Apply }
    }
}

/// Chooses one picture (`url` or `from`) for all items that filters leave, and locks the type.
#[utoipa::path(post, path = "/api/items/select", params(Filters), tag = "choosing", request_body = SelectRequest,
    responses((status = 200, body = Vec<ChoiceAnswer>), (status = "default", body = Problem)))]
async fn select(
    State(app): State<App>,
    Params(filters): Params<Filters>,
    Json(request): Json<SelectRequest>,
) -> Result<Answer<Vec<ChoiceAnswer>>, Problem> {
    let choice = request.understood()?;
    if matches!(choice.picture, phase::PictureRef::Candidate(_)) {
        return Err(Problem::bad("a candidate is one of a single item: say `url` or `from`"));
    }
    app.at_length(move |app, catalog| {
        let items = filters.items(catalog)?;
        choose(app, catalog, &items, &choice, filters.dry_run).map(Answer)
    })
    .await
}

/// Which type of picture.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TypeRequest {
    /// poster, fanart, …
    r#type: String,
}

/// Takes the choices of all items that filters leave back, in one generation, and locks the type.
#[utoipa::path(post, path = "/api/items/deselect", params(Filters), tag = "choosing", request_body = TypeRequest,
    responses((status = 200, body = Vec<Deselected>), (status = "default", body = Problem)))]
async fn deselect(
    State(app): State<App>,
    Params(filters): Params<Filters>,
    Json(request): Json<TypeRequest>,
) -> Result<Answer<Vec<Deselected>>, Problem> {
    let image_type: ImageType = word(&request.r#type)?;
    app.at_length(move |app, catalog| {
        let items = filters.items(catalog)?;
        give_up(app, catalog, &items, image_type, filters.mode()).map(Answer)
    })
    .await
}

/// Locks or unlocks fields of all items that filters leave.
#[utoipa::path(post, path = "/api/items/lock", params(Filters), tag = "control", request_body = LockRequest,
    responses((status = 200, body = Vec<LockReport>), (status = "default", body = Problem)))]
async fn lock(
    State(app): State<App>,
    Params(filters): Params<Filters>,
    Json(request): Json<LockRequest>,
) -> Result<Answer<Vec<LockReport>>, Problem> {
    let (fields, to) = request.understood()?;
    app.at_length(move |app, catalog| {
        let (items, now) = (filters.items(catalog)?, app.place().now());
        let mut lock = |item: &Entity| phase::lock(catalog, item, &fields, to, filters.mode(), now);
        Ok(Answer(items.iter().map(&mut lock).collect::<Result<_, _>>()?))
    })
    .await
}

/// Lets automatic steps touch all items that filters leave, or not.
#[utoipa::path(post, path = "/api/items/monitor", params(Filters), tag = "control", request_body = MonitorRequest,
    responses((status = 200, body = Vec<MonitorReport>), (status = "default", body = Problem)))]
async fn monitor(
    State(app): State<App>,
    Params(filters): Params<Filters>,
    Json(request): Json<MonitorRequest>,
) -> Result<Answer<Vec<MonitorReport>>, Problem> {
    app.at_length(move |app, catalog| {
        let (items, now) = (filters.items(catalog)?, app.place().now());
        let mut monitor = |item: &Entity| phase::monitor(catalog, item, request.monitored, filters.mode(), now);
        Ok(Answer(items.iter().map(&mut monitor).collect::<Result<_, _>>()?))
    })
    .await
}

/// Which candidates of the items.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CandidatesRequest {
    /// poster, fanart, …; `fanart` is all of them.
    r#type: String,
    /// Only what is chosen.
    #[serde(default)]
    selected: bool,
    /// Only what this provider offers: tmdb, tvdb, fanarttv, …
    provider: Option<String>,
    /// Only what is in this language, such as `ru`; `none` is what has no text.
    language: Option<String>,
}

impl CandidatesRequest {
    fn meant(self, catalog: &Catalog, filters: &Filters, is_blocked: bool) -> Result<Vec<CandidateId>, Problem> {
        let is_narrowed = self.selected || self.provider.is_some() || self.language.is_some();
        if !is_narrowed && !is_blocked {
            return Err(Problem::bad("say which of the candidates: `selected`, `provider` or `language`"));
        }
        let filter = CandidateFilter {
            image_type: word(&self.r#type)?,
            provider: self.provider,
            language: self.language.map(|word| (word != "none").then_some(word)),
            only_selected: self.selected,
            is_blocked,
        };
        Ok(candidates_like(catalog, &filters.items(catalog)?, &filter)?)
    }
}

/// Never chooses these candidates of all items that filters leave; what shows one of them changes at once, in one generation.
#[utoipa::path(post, path = "/api/candidates/block", params(Filters), tag = "choosing", request_body = CandidatesRequest,
    responses((status = 200, body = Vec<BlockReport>), (status = "default", body = Problem)))]
async fn block(
    State(app): State<App>,
    Params(filters): Params<Filters>,
    Json(request): Json<CandidatesRequest>,
) -> Result<Answer<Vec<BlockReport>>, Problem> {
    app.at_length(move |app, catalog| {
        let meant = request.meant(catalog, &filters, false)?;
        let stamp = app.stamp(format!("block {} candidates", meant.len()));
        let reports = phase::block(catalog, &app.cache()?, &meant, filters.mode(), &stamp)?;
        app.place().nudge();
        Ok(Answer(reports))
    })
    .await
}

/// Lets blocked candidates of all items that filters leave be chosen again.
#[utoipa::path(post, path = "/api/candidates/unblock", params(Filters), tag = "choosing", request_body = CandidatesRequest,
    responses((status = 200, body = Vec<BlockReport>), (status = "default", body = Problem)))]
async fn unblock(
    State(app): State<App>,
    Params(filters): Params<Filters>,
    Json(request): Json<CandidatesRequest>,
) -> Result<Answer<Vec<BlockReport>>, Problem> {
    app.at_length(move |_, catalog| {
        let meant = request.meant(catalog, &filters, true)?;
        let mut unblock = |id| phase::unblock(catalog, id, filters.mode());
        Ok(Answer(meant.into_iter().map(&mut unblock).collect::<Result<_, _>>()?))
    })
    .await
}
