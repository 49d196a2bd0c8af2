//! The queue, and the log of webhooks.

use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalog::{Job, JobFilter, NewJob, ReceivedWebhook};
use crate::http::webhook::{Reception, replay};
use crate::http::{App, Problem};
use crate::model::{AskedBy, EntityId, JobId, Task, UnixSeconds, WebhookId};

use super::extract::{Json, Number, Params, entity, word};
use super::items::limit;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, ask))
        .routes(routes!(show, drop_job))
        .routes(routes!(retry))
        .routes(routes!(webhooks))
        .routes(routes!(replay_webhook))
}

/// Something that is to be done, or was.
#[derive(Debug, Serialize, ToSchema)]
struct JobLine {
    id: i64,
    /// What is to be done.
    #[schema(value_type = Object)]
    task: Task,
    /// The same in words.
    words: String,
    /// `queued`, `running`, `done`, `dead`.
    state: String,
    /// Who asked: `cli`, `http`, `webhook`, `schedule`, `job`.
    asked_by: String,
    /// When, in seconds since 1970.
    asked_at: i64,
    /// How many times.
    asked_times: u32,
    /// When it may begin.
    not_before: i64,
    /// How many times it was begun.
    attempts: u32,
    #[schema(required)]
    started_at: Option<i64>,
    #[schema(required)]
    finished_at: Option<i64>,
    /// What came of it, or why it failed.
    #[schema(required)]
    outcome: Option<String>,
}

impl From<Job> for JobLine {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.get(),
            words: job.task.to_string(),
            task: job.task,
            state: job.state.to_string(),
            asked_by: job.asked_by.to_string(),
            asked_at: job.asked_at.get(),
            asked_times: job.asked_times,
            not_before: job.not_before.get(),
            attempts: job.attempts,
            started_at: job.started_at.map(UnixSeconds::get),
            finished_at: job.finished_at.map(UnixSeconds::get),
            outcome: job.outcome,
        }
    }
}

/// Which jobs.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct JobsQuery {
    /// In this state: `queued`, `running`, `done`, `dead`.
    state: Option<String>,
    /// Older than this one: the last of the page before.
    before: Option<i64>,
    /// At most so many: 1 to 500, 100 where nothing is said.
    limit: Option<u32>,
}

/// Lists jobs, newest first.
#[utoipa::path(get, path = "/api/jobs", params(JobsQuery), tag = "jobs",
    responses((status = 200, body = Vec<JobLine>), (status = "default", body = Problem)))]
async fn list(State(app): State<App>, Params(query): Params<JobsQuery>) -> Result<Answer<Vec<JobLine>>, Problem> {
    let states = query.state.as_deref().map(word).transpose()?.into_iter().collect();
    let filter = JobFilter { states, kinds: Vec::new(), before: query.before.map(JobId::new) };
    app.with_catalog(move |_, catalog| {
        let jobs = catalog.jobs(&filter, limit(query.limit))?;
        Ok(Answer(jobs.into_iter().map(JobLine::from).collect()))
    })
    .await
}

/// What is to be done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct JobRequest {
    /// `scan`, `enrich`, `publish`, `verify`, `gc` or `backup`.
    task: String,
    /// The library, for `scan` and `publish`. None: all.
    library: Option<String>,
    /// The items, for `enrich`. None: all that are due.
    #[serde(default)]
    items: Vec<i64>,
    /// For `enrich`: also what is not due; for `verify`: also read every picture.
    #[serde(default)]
    thorough: bool,
}

/// Asks for something to be done in the background.
#[utoipa::path(post, path = "/api/jobs", request_body = JobRequest, tag = "jobs",
    responses((status = 200, body = JobLine), (status = "default", body = Problem)))]
async fn ask(State(app): State<App>, Json(request): Json<JobRequest>) -> Result<Answer<JobLine>, Problem> {
    let job = app
        .with_catalog(move |app, catalog| {
            let named = request.library.as_deref().map(|name| catalog.library_named(name)).transpose()?;
            let library = named.map(|library| library.id);
            let known = request.items.iter().map(|number| entity(catalog, *number).map(|entity| entity.id));
            let items: Vec<EntityId> = known.collect::<Result<_, _>>()?;
            let task = match request.task.as_str() {
                "scan" => Task::Scan { library },
                "enrich" if !items.is_empty() => Task::EnrichItems { items },
                "enrich" => Task::Enrich { force: request.thorough },
                "publish" => Task::Publish { library },
                "verify" => Task::Verify { deep: request.thorough },
                "gc" => Task::Gc,
                "backup" => Task::Backup,
                other => {
                    let words = "scan, enrich, publish, verify, gc and backup";
                    return Err(Problem::bad(format!("`{other}` is no task: {words} are")));
                }
            };
            let now = app.place().now();
            let asked = catalog.ask_for(&NewJob { task, asked_by: AskedBy::Http, not_before: now }, now)?;
            Ok(catalog.job(asked.id)?)
        })
        .await?;
    app.host.wake();
    Ok(Answer(job.into()))
}

/// Tells how a job stands.
#[utoipa::path(get, path = "/api/jobs/{id}", params(("id" = i64, Path, description = "Its number")), tag = "jobs",
    responses((status = 200, body = JobLine), (status = "default", body = Problem)))]
async fn show(State(app): State<App>, Number(id): Number) -> Result<Answer<JobLine>, Problem> {
    app.with_catalog(move |_, catalog| Ok(Answer(catalog.job(JobId::new(id))?.into()))).await
}

/// Does a dead job, or one that waits to be tried again, now.
#[utoipa::path(post, path = "/api/jobs/{id}/retry", params(("id" = i64, Path, description = "Its number")), tag = "jobs",
    responses((status = 200, body = JobLine), (status = "default", body = Problem)))]
async fn retry(State(app): State<App>, Number(id): Number) -> Result<Answer<JobLine>, Problem> {
    let job = app.with_catalog(move |app, catalog| Ok(catalog.retry_job(JobId::new(id), app.place().now())?)).await?;
    app.host.wake();
    Ok(Answer(job.into()))
}

/// What dropping came to.
#[derive(Debug, Serialize, ToSchema)]
struct Dropped {
    /// Whether it waited or was dead; what is under way or done stays.
    dropped: bool,
}

/// Takes a job that waits out of the queue, or a dead one off the list.
#[utoipa::path(delete, path = "/api/jobs/{id}", params(("id" = i64, Path, description = "Its number")), tag = "jobs",
    responses((status = 200, body = Dropped), (status = "default", body = Problem)))]
async fn drop_job(State(app): State<App>, Number(id): Number) -> Result<Answer<Dropped>, Problem> {
    app.with_catalog(move |_, catalog| Ok(Answer(Dropped { dropped: catalog.drop_job(JobId::new(id))? }))).await
}

/// A webhook that came.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookLine {
    id: i64,
    /// When, in seconds since 1970.
    received_at: i64,
    /// Who sent it.
    manager: String,
    /// Its word of what happened.
    event: String,
    /// `accepted`, `ignored` or `refused`.
    outcome: String,
    /// The same for people.
    told: String,
    /// How long its body is.
    bytes: u64,
}

impl From<ReceivedWebhook> for WebhookLine {
    fn from(webhook: ReceivedWebhook) -> Self {
        let ReceivedWebhook { id, received_at, manager, event, outcome, told, bytes } = webhook;
        Self { id: id.get(), received_at: received_at.get(), manager, event, outcome, told, bytes }
    }
}

/// Which webhooks.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct WebhooksQuery {
    /// Older than this one: the last of the page before.
    before: Option<i64>,
    /// At most so many: 1 to 500, 100 where nothing is said.
    limit: Option<u32>,
}

/// Lists webhooks that came, newest first.
#[utoipa::path(get, path = "/api/webhooks", params(WebhooksQuery), tag = "webhooks",
    responses((status = 200, body = Vec<WebhookLine>), (status = "default", body = Problem)))]
async fn webhooks(
    State(app): State<App>,
    Params(query): Params<WebhooksQuery>,
) -> Result<Answer<Vec<WebhookLine>>, Problem> {
    app.with_catalog(move |_, catalog| {
        let webhooks = catalog.webhooks(query.before.map(WebhookId::new), limit(query.limit))?;
        Ok(Answer(webhooks.into_iter().map(WebhookLine::from).collect()))
    })
    .await
}

/// Takes a webhook of the log once more, as if it came now.
#[utoipa::path(post, path = "/api/webhooks/replay/{id}", params(("id" = i64, Path, description = "Its number")),
    tag = "webhooks", responses((status = 200, body = Reception), (status = "default", body = Problem)))]
async fn replay_webhook(State(app): State<App>, Number(id): Number) -> Result<Answer<Reception>, Problem> {
    let reception =
        app.with_catalog(move |app, catalog| Ok(replay(catalog, &app.place(), WebhookId::new(id))?)).await?;
    app.host.wake();
    Ok(Answer(reception))
}
