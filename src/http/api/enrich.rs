//! Asking providers about one item, while somebody waits for what they say. About many, that is a job.

use axum::Json as Answer;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalog::EnrichScope;
use crate::http::{App, Problem};
use crate::phase::EnrichReport;
use crate::work::EnrichWish;

use super::extract::{Number, Params, Trial, entity};
use super::turn::Turn;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(enrich))
}

/// Asks providers about an item, what belongs to it and who plays in it, and chooses the best; or tells what it would choose.
#[utoipa::path(post, path = "/api/items/{id}/enrich", params(("id" = i64, Path, description = "Its number"), Trial),
    tag = "choosing", responses((status = 200, body = EnrichReport), (status = "default", body = Problem)))]
async fn enrich(
    State(app): State<App>,
    Number(id): Number,
    Params(trial): Params<Trial>,
) -> Result<Answer<EnrichReport>, Problem> {
    app.at_length(move |app, catalog| {
        let scope = EnrichScope::Items(vec![entity(catalog, id)?.id]);
        let wish = EnrichWish { scope, ask_again: false, is_offline: false, is_dry_run: trial.dry_run };
        Ok(Answer(app.place().enrich(catalog, wish, &Turn::begin())?))
    })
    .await
}
