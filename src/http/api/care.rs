//! Whether everything is whole, told line by line as it is found; repairs; collecting.

use std::convert::Infallible;

use axum::Json as Answer;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalog::Catalog;
use crate::http::{App, Problem};
use crate::phase::{Finding, GcReport, Repaired};
use crate::work::{RepairWish, VerifySummary};

use super::extract::{Params, Trial};
use super::turn::Turn;

/// How many lines may wait to be sent: whoever reads slowly makes the look at everything slow, and nothing else.
const WAITING_MAX: usize = 256;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(verify)).routes(routes!(collect))
}

/// What is done about what is wrong.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct VerifyQuery {
    /// Repair it.
    repair: bool,
    /// Download nothing for repairs.
    offline: bool,
    /// Only tell how it would be repaired.
    dry_run: bool,
}

impl VerifyQuery {
    /// How repairs are made, where they are wanted.
    fn wish(&self, app: &App) -> Result<Option<RepairWish>, Problem> {
        if !self.repair && (self.offline || self.dry_run) {
            return Err(Problem::bad("`offline` and `dry_run` go with `repair=true`; looking alone changes nothing"));
        }
        let stamp = app.stamp("verify --repair".to_owned());
        Ok(self.repair.then_some(RepairWish { stamp, is_offline: self.offline, is_dry_run: self.dry_run }))
    }
}

/// Looks whether everything is whole, without reading every picture (that is a job, `verify` with `thorough`), and repairs
/// what is not where that is wanted. Each line is a JSON object: what is wrong, as it is found, with what became of it,
/// and last what the look came to (`summary`), or why it failed (`error`).
#[utoipa::path(post, path = "/api/verify", params(VerifyQuery), tag = "state", responses(
    (status = 200, description = "JSON lines", content_type = "application/x-ndjson", body = String),
    (status = "default", body = Problem)))]
async fn verify(State(app): State<App>, Params(query): Params<VerifyQuery>) -> Result<impl IntoResponse, Problem> {
    let wish = query.wish(&app)?;
    let (lines, told) = mpsc::channel::<Bytes>(WAITING_MAX);
    tokio::spawn(async move {
        let to_tell = lines.clone();
        let looked = app.at_length(move |app, catalog| {
            // Who does not listen any more is told nothing; what was begun comes to its end.
            look(app, catalog, wish, &mut |bytes| drop(to_tell.blocking_send(bytes)))
        });
        if let Err(problem) = looked.await {
            drop(lines.send(line(&Failed { error: problem.detail() })).await);
        }
    });
    let stream = futures_util::stream::unfold(told, async |mut told| {
        let line = told.recv().await?;
        Some((Ok::<_, Infallible>(line), told))
    });
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(stream)))
}

fn look(
    app: &App,
    catalog: &mut Catalog,
    wish: Option<RepairWish>,
    tell: &mut dyn FnMut(Bytes),
) -> Result<(), Problem> {
    let (place, turn) = (app.place(), Turn::begin());
    let summary = match wish {
        None => {
            let report = place.verify(catalog, false, &turn, &mut |finding| tell(line(&finding)))?;
            VerifySummary::new(report, 0)
        }
        Some(wish) => {
            let mut done = |finding: &Finding, repaired: &Repaired| tell(line(&Done { finding, repaired }));
            place.verify_and_repair(catalog, false, &wish, &turn, &mut done)?
        }
    };
    tell(line(&summary));
    Ok(())
}

/// What is wrong, and what became of it.
#[derive(Serialize)]
struct Done<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    #[serde(flatten)]
    repaired: &'a Repaired,
}

/// The last line, where it came to nothing.
#[derive(Serialize)]
struct Failed<'a> {
    error: &'a str,
}

fn line(value: &impl Serialize) -> Bytes {
    let mut text = serde_json::to_vec(value).unwrap_or_default();
    text.push(b'\n');
    text.into()
}

/// Moves pictures that nothing needs out of the cache, into the recycle bin.
#[utoipa::path(post, path = "/api/gc", params(Trial), tag = "state",
    responses((status = 200, body = GcReport), (status = "default", body = Problem)))]
async fn collect(State(app): State<App>, Params(trial): Params<Trial>) -> Result<Answer<GcReport>, Problem> {
    app.at_length(move |app, catalog| Ok(Answer(app.place().gc(catalog, trial.dry_run, &Turn::begin())?))).await
}
