//! How much there is of everything, and the libraries.

use axum::Json as Answer;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalog::{Catalog, Library, NewLibrary, Verification};
use crate::control::mounts;
use crate::http::{App, Problem};
use crate::model::{GenerationId, LibraryKind, show_bytes};

use super::extract::{Json, word};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(status)).routes(routes!(libraries, add_library)).routes(routes!(remove_library))
}

/// How much there is of everything.
#[derive(Debug, Serialize, ToSchema)]
struct Status {
    /// The version of posterfs.
    version: String,
    libraries: u64,
    /// Items that are there.
    entities: u64,
    /// Items that the last scan did not find.
    missing: u64,
    originals: u64,
    candidates: u64,
    /// Paths that show a picture.
    mappings: u64,
    /// Metadata documents among them.
    documents: u64,
    /// Pictures in the cache, and their bytes.
    cache_files: u64,
    cache_bytes: u64,
    /// The last generation.
    #[schema(required)]
    generation: Option<i64>,
    jobs: Jobs,
    mounts: Vec<Mount>,
    /// What the last finished `verify` came to; none before the first.
    #[schema(required)]
    verification: Option<Verified>,
}

/// What a `verify` came to.
#[derive(Debug, Serialize, ToSchema)]
struct Verified {
    /// When it ended, in seconds since 1970.
    at: i64,
    /// Whether every picture was read.
    deep: bool,
    /// How much was wrong.
    findings: u64,
    /// How much of that was repaired.
    repaired: u64,
}

impl From<Verification> for Verified {
    fn from(run: Verification) -> Self {
        let at = run.finished_at.unwrap_or(run.started_at).get();
        Self { at, deep: run.is_deep, findings: run.findings, repaired: run.repaired }
    }
}

/// How many jobs there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Jobs {
    queued: u64,
    running: u64,
    done: u64,
    dead: u64,
}

impl Jobs {
    pub(super) fn of(catalog: &Catalog) -> Result<Self, Problem> {
        let counts = catalog.job_counts()?;
        Ok(Self { queued: counts.queued, running: counts.running, done: counts.done, dead: counts.dead })
    }
}

/// A view.
#[derive(Debug, Serialize, ToSchema)]
struct Mount {
    mountpoint: String,
    source: String,
    /// The process that serves it.
    pid: u32,
    read_only: bool,
}

/// Tells how much there is of everything, and what is mounted.
#[utoipa::path(get, path = "/api/status", tag = "state",
    responses((status = 200, body = Status), (status = "default", body = Problem)))]
async fn status(State(app): State<App>) -> Result<Answer<Status>, Problem> {
    app.with_catalog(|app, catalog| {
        let counts = catalog.counts()?;
        let mounts = mounts(&app.place().state.run()).into_iter().map(|mount| Mount {
            mountpoint: show_bytes(mount.mountpoint.as_os_str().as_encoded_bytes()),
            source: show_bytes(mount.source.as_os_str().as_encoded_bytes()),
            pid: mount.pid,
            read_only: mount.read_only,
        });
        Ok(Answer(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            libraries: counts.libraries,
            entities: counts.entities,
            missing: counts.missing,
            originals: counts.originals,
            candidates: counts.candidates,
            mappings: counts.mappings,
            documents: counts.documents,
            cache_files: counts.cache.files,
            cache_bytes: counts.cache.bytes,
            generation: counts.generation.map(GenerationId::get),
            jobs: Jobs::of(catalog)?,
            mounts: mounts.collect(),
            verification: catalog.last_verification()?.map(Verified::from),
        }))
    })
    .await
}

/// A library.
#[derive(Debug, Serialize, ToSchema)]
struct LibraryLine {
    id: i64,
    name: String,
    path: String,
    /// `movies`, `tv` or `music`.
    kind: String,
    /// Which names its pictures have.
    naming: String,
}

impl From<Library> for LibraryLine {
    fn from(library: Library) -> Self {
        let path = show_bytes(library.path.as_os_str().as_encoded_bytes());
        let (kind, naming) = (library.kind.to_string(), library.naming);
        Self { id: library.id.get(), name: library.name, path, kind, naming }
    }
}

/// Lists the libraries.
#[utoipa::path(get, path = "/api/libraries", tag = "state",
    responses((status = 200, body = Vec<LibraryLine>), (status = "default", body = Problem)))]
async fn libraries(State(app): State<App>) -> Result<Answer<Vec<LibraryLine>>, Problem> {
    app.with_catalog(|_, catalog| Ok(Answer(catalog.libraries()?.into_iter().map(LibraryLine::from).collect()))).await
}

/// A library to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LibraryRequest {
    name: String,
    /// Its root, absolute.
    path: String,
    /// `movies`, `tv` or `music`.
    kind: String,
    /// Which names its pictures have: `default`, `kodi`, `jellyfin`, `emby`, `plex`, or several with commas.
    #[serde(default = "default_naming")]
    naming: String,
}

fn default_naming() -> String {
    "default".to_owned()
}

/// Adds a library. Nothing in it is looked at yet: ask for a job `scan`.
#[utoipa::path(post, path = "/api/libraries", request_body = LibraryRequest, tag = "state",
    responses((status = 200, body = LibraryLine), (status = "default", body = Problem)))]
async fn add_library(
    State(app): State<App>,
    Json(request): Json<LibraryRequest>,
) -> Result<Answer<LibraryLine>, Problem> {
    let kind: LibraryKind = word(&request.kind)?;
    if let Err(error) = crate::naming::Profiles::of_library(&request.naming) {
        return Err(Problem::bad(error.to_string()));
    }
    let path = std::path::PathBuf::from(&request.path);
    app.with_catalog(move |app, catalog| {
        if !path.is_dir() {
            return Err(Problem::bad(format!("there is no folder {}", path.display())));
        }
        let new = NewLibrary { name: request.name, path, kind, naming: request.naming };
        Ok(Answer(catalog.add_library(&new, app.place().now())?.into()))
    })
    .await
}

/// Forgets a library: its artwork is withdrawn from the views, its media stays untouched, and its pictures stay in the cache.
/// Answers what it was.
#[utoipa::path(delete, path = "/api/libraries/{name}", tag = "state",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = LibraryLine), (status = "default", body = Problem)))]
async fn remove_library(State(app): State<App>, Path(name): Path<String>) -> Result<Answer<LibraryLine>, Problem> {
    app.at_length(move |app, catalog| {
        let library = catalog.library_named(&name)?;
        catalog.remove_library(&name, &app.stamp(format!("library remove {name}")))?;
        app.place().nudge();
        Ok(Answer(library.into()))
    })
    .await
}
