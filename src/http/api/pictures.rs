//! Pictures of the cache, whole or small. What is named by its content never changes, so whoever has it once need not ask
//! again.

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
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cache::{PictureFormat, StoredFormat, StoredFormatError, thumbnail};
use crate::http::{App, Problem};
use crate::model::ContentHash;

use super::extract::{Params, word};

/// The widths (and heights) there are at most: anything else would let anybody fill the memory with copies.
pub const WIDTHS: [u32; 3] = [160, 320, 640];

/// How many thumbnails are kept: some tens of megabytes.
const KEPT: usize = 1024;

/// Pieces of a whole picture, in bytes.
const PIECE: usize = 64 << 10;

/// A small copy, encoded.
type Small = (PictureFormat, Bytes);

/// The thumbnails that are kept.
pub struct Thumbnails(Mutex<LruCache<(ContentHash, u32), Small>>);

impl Default for Thumbnails {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(KEPT).unwrap_or(NonZeroUsize::MIN))))
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(picture))
}

/// How large.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct PictureQuery {
    /// At most so many pixels wide and high: 160, 320 or 640. None: as it is.
    width: Option<u32>,
}

/// What a request came to.
enum Found {
    Small(Small),
    Whole(std::fs::File, u64, PictureFormat),
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
    if let Some(width) = query.width.filter(|width| !WIDTHS.contains(width)) {
        return Err(Problem::bad(format!("{width} is no width: 160, 320 and 640 are")));
    }
    let etag = format!("\"{hash}-{}\"", query.width.unwrap_or(0));
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.contains(&etag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response());
    }
    let found = app.with_catalog(move |app, catalog| find(app, catalog, &hash, query.width)).await?;
    let (media_type, length, body) = match found {
        Found::Small((format, bytes)) => (format.media_type(), bytes.len() as u64, Body::from(bytes)),
        Found::Whole(file, length, format) => (format.media_type(), length, stream(file)),
    };
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (CONTENT_LENGTH, length.to_string()),
        (ETAG, etag),
        (CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned()),
    ];
    Ok((headers, body).into_response())
}

fn find(
    app: &App,
    catalog: &crate::catalog::Catalog,
    hash: &ContentHash,
    width: Option<u32>,
) -> Result<Found, Problem> {
    let rows = catalog.cache_files_by_hash(hash)?;
    let row = rows.first().ok_or_else(|| Problem::nothing(format!("no picture {hash} is in the cache")))?;
    let format = row.picture.format.parse().map_err(|error: StoredFormatError| Problem::failed(&error))?;
    let StoredFormat::Picture(kind) = format else {
        return Err(Problem::nothing(format!("{hash} is no picture")));
    };
    let cache = app.cache()?;
    let Some(width) = width else {
        let file = cache.open_file(hash, format).map_err(|error| Problem::failed(&error))?;
        let length = file.metadata().map_err(|error| Problem::failed(&error))?.len();
        return Ok(Found::Whole(file, length, kind));
    };
    if let Some(kept) = app.thumbnails.0.lock().get(&(*hash, width)) {
        return Ok(Found::Small(kept.clone()));
    }
    // One after the other: decoding takes memory.
    let _turn = app.decoding.lock();
    let mut file = Vec::new();
    let limits = app.limits();
    let opened = cache.open_file(hash, format).map_err(|error| Problem::failed(&error))?;
    opened.take(limits.file_bytes).read_to_end(&mut file).map_err(|error| Problem::failed(&error))?;
    let small = thumbnail(&file, &limits, width).map_err(|error| Problem::failed(&error))?;
    let (format, bytes) = small.encode().map_err(|error| Problem::failed(&error))?;
    let made = (format, Bytes::from(bytes));
    app.thumbnails.0.lock().put((*hash, width), made.clone());
    Ok(Found::Small(made))
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
