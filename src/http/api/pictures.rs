//! Pictures of the cache, whole or small, and small ones of candidates. What is named by its content never changes, so whoever
//! has it once need not ask again.

use std::io::Read;
use std::num::NonZeroUsize;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use lru::LruCache;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cache::{Limits, PictureFormat, StoredFormat, StoredFormatError, Thumbnail, thumbnail};
use crate::catalog::{Candidate, Catalog};
use crate::http::{App, Problem};
use crate::model::{CandidateId, ContentHash};
use crate::phase::{Look, NoProgress};

use super::extract::{Number, Params, word};

/// The widths (and heights) there are at most: anything else would let anybody fill the memory with copies.
pub const WIDTHS: [u32; 3] = [160, 320, 640];

/// How wide a candidate is where nothing is said.
const WIDTH: u32 = 320;

/// How many small copies are kept: some tens of megabytes.
const KEPT: usize = 1024;

/// How many pictures are decoded at once, which takes memory.
const DECODED_AT_ONCE: usize = 2;

/// How many candidates are looked at at once.
const LOOKED_AT_AT_ONCE: usize = 4;

/// Pieces of a whole picture, in bytes.
const PIECE: usize = 64 << 10;

/// A small copy, encoded.
type Small = (PictureFormat, Bytes);

/// Of what a small copy is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Of {
    /// A picture of the cache.
    Cached(ContentHash),
    /// What lies at the address of a candidate.
    Offered(String),
}

/// The small copies that are kept, and how many more may be made at once.
pub struct Pictures {
    kept: Mutex<LruCache<(Of, u32), Small>>,
    /// Of pictures of the cache.
    decoded: Semaphore,
    /// Of candidates, which may have to be waited for.
    looked_at: Semaphore,
}

impl Default for Pictures {
    fn default() -> Self {
        let kept = LruCache::new(NonZeroUsize::new(KEPT).unwrap_or(NonZeroUsize::MIN));
        let [decoded, looked_at] = [DECODED_AT_ONCE, LOOKED_AT_AT_ONCE].map(Semaphore::new);
        Self { kept: Mutex::new(kept), decoded, looked_at }
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(picture)).routes(routes!(candidate))
}

/// How large.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
struct PictureQuery {
    /// At most so many pixels wide and high: 160, 320 or 640. None: a picture of the cache as it is, a candidate of 320.
    width: Option<u32>,
}

impl PictureQuery {
    fn check(&self) -> Result<(), Problem> {
        match self.width.filter(|width| !WIDTHS.contains(width)) {
            Some(width) => Err(Problem::bad(format!("{width} is no width: 160, 320 and 640 are"))),
            None => Ok(()),
        }
    }
}

/// Gives a picture of the cache, by the SHA-256 of its bytes.
#[utoipa::path(get, path = "/api/pictures/{sha256}", tag = "pictures",
    params(("sha256" = String, Path, description = "The SHA-256 of its bytes"), PictureQuery),
    responses((status = 200, description = "The picture", content_type = "image/*"), (status = 304, description = "As before"),
              (status = "default", body = Problem)))]
async fn picture(
    State(app): State<App>,
    Path(sha256): Path<String>,
    Params(query): Params<PictureQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let hash: ContentHash = word(&sha256)?;
    query.check()?;
    let etag = format!("\"{hash}-{}\"", query.width.unwrap_or(0));
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.contains(&etag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response());
    }
    let (file, length, format) = app.with_catalog(move |app, catalog| open(app, catalog, &hash)).await?;
    let headers = [(ETAG, etag), (CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned())];
    let Some(width) = query.width else {
        let more = [(CONTENT_TYPE, format.media_type().to_owned()), (CONTENT_LENGTH, length.to_string())];
        return Ok((headers, more, stream(file)).into_response());
    };
    let small = small_of(&app, Of::Cached(hash), width, move |app| {
        let (mut bytes, limits) = (Vec::new(), app.place().limits());
        file.take(limits.file_bytes).read_to_end(&mut bytes).map_err(|error| Problem::failed(&error))?;
        thumbnail(&bytes, &limits, width).map_err(|error| Problem::failed(&error))
    });
    Ok((headers, answer(small.await?)).into_response())
}

/// Gives a small copy of a candidate, also of one that is not in the cache: then its provider is asked, and nothing is kept.
#[utoipa::path(get, path = "/api/candidates/{id}/picture", tag = "pictures",
    params(("id" = i64, Path, description = "Its number"), PictureQuery),
    responses((status = 200, description = "The picture", content_type = "image/*"),
              (status = 502, description = "Its provider does not give it", body = Problem),
              (status = "default", body = Problem)))]
async fn candidate(
    State(app): State<App>,
    Number(id): Number,
    Params(query): Params<PictureQuery>,
) -> Result<Response, Problem> {
    query.check()?;
    let width = query.width.unwrap_or(WIDTH);
    let id = CandidateId::new(id);
    let (candidate, of) = app
        .with_catalog(move |_, catalog| {
            let candidate = catalog.candidate(id)?;
            let cached = catalog.cached_candidates_of(candidate.entity)?.into_iter().find(|(of, _)| *of == id);
            let of = match (cached, &candidate.url) {
                (Some((_, file)), _) => Of::Cached(file.picture.hash),
                (None, Some(url)) => Of::Offered(url.clone()),
                (None, None) => return Err(Problem::nothing(format!("candidate {id} is not in the cache"))),
            };
            Ok((candidate, of))
        })
        .await?;
    let small = small_of(&app, of, width, move |app| look(app, &candidate, width));
    Ok(([(CACHE_CONTROL, "private, max-age=3600")], answer(small.await?)).into_response())
}

fn answer((format, bytes): Small) -> impl IntoResponse {
    ([(CONTENT_TYPE, format.media_type())], bytes)
}

/// A small copy that is kept, or is made now.
async fn small_of(
    app: &App,
    of: Of,
    width: u32,
    make: impl FnOnce(&App) -> Result<Thumbnail, Problem> + Send + 'static,
) -> Result<Small, Problem> {
    let key = (of, width);
    let kept = || app.pictures.kept.lock().get(&key).cloned();
    if let Some(kept) = kept() {
        return Ok(kept);
    }
    let seats = if matches!(key.0, Of::Cached(_)) { &app.pictures.decoded } else { &app.pictures.looked_at };
    let _seat = seats.acquire().await.map_err(|_| Problem::ending())?;
    // Somebody else may have wanted the same.
    if let Some(kept) = kept() {
        return Ok(kept);
    }
    let theirs = app.clone();
    let encode = move || {
        let (format, bytes) = make(&theirs)?.encode().map_err(|error| Problem::failed(&error))?;
        Ok::<_, Problem>((format, Bytes::from(bytes)))
    };
    let made = tokio::task::spawn_blocking(encode).await.map_err(|_| Problem::ending())??;
    app.pictures.kept.lock().put(key, made.clone());
    Ok(made)
}

fn open(app: &App, catalog: &Catalog, hash: &ContentHash) -> Result<(std::fs::File, u64, PictureFormat), Problem> {
    let rows = catalog.cache_files_by_hash(hash)?;
    let row = rows.first().ok_or_else(|| Problem::nothing(format!("no picture {hash} is in the cache")))?;
    let format = row.picture.format.parse().map_err(|error: StoredFormatError| Problem::failed(&error))?;
    let StoredFormat::Picture(kind) = format else {
        return Err(Problem::nothing(format!("{hash} is no picture")));
    };
    let file = app.cache()?.open_file(hash, format).map_err(|error| Problem::failed(&error))?;
    let length = file.metadata().map_err(|error| Problem::failed(&error))?.len();
    Ok((file, length, kind))
}

fn look(app: &App, candidate: &Candidate, width: u32) -> Result<Thumbnail, Problem> {
    let (place, cache) = (app.place(), app.cache()?);
    let (providers, limits): (_, Limits) = (place.providers(false, false)?, place.limits());
    let look = Look { cache: &cache, providers: &providers, limits: &limits, side: width };
    let seen = look.at(&place.catalog_to_read()?, std::slice::from_ref(candidate), &NoProgress)?.pop();
    let seen = seen.unwrap_or_else(|| Err("nothing was looked at".to_owned()));
    seen.map_err(|why| {
        Problem::new(StatusCode::BAD_GATEWAY, format!("candidate {} cannot be shown: {why}", candidate.id))
    })
}

/// The bytes of a file, a piece at a time.
fn stream(file: std::fs::File) -> Body {
    let file = tokio::fs::File::from_std(file);
    Body::from_stream(futures_util::stream::try_unfold(file, async |mut file| {
        let mut piece = vec![0; PIECE];
        let length = file.read(&mut piece).await?;
        piece.truncate(length);
        Ok::<_, std::io::Error>((length > 0).then_some((Bytes::from(piece), file)))
    }))
}
