//! Bodies, bounded: in bytes, in time, and in what all of them together take of memory.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use futures_util::StreamExt;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{App, Problem};

/// The largest body: what managers send is seldom more than 100 KB.
pub(super) const BYTES_MAX: usize = 1 << 20;

/// How many KiB all bodies that are being read may have together.
const ROOM_KIB: usize = 64 << 10;

/// How long a body may take.
const TIME_MAX: Duration = Duration::from_secs(20);

/// How long a picture may take.
const UPLOAD_TIME_MAX: Duration = Duration::from_secs(50);

/// What is too much is read on up to here and thrown away, so that whoever sends it reads the answer.
const DRAINED_BYTES_MAX: usize = 32 << 20;

/// Room for bodies.
pub(super) fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(ROOM_KIB))
}

/// Reads a body into memory.
pub(super) async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let told = told_length(headers);
    let kib = told.unwrap_or(BYTES_MAX).min(BYTES_MAX).div_ceil(1024);
    let read = async {
        let kib = u32::try_from(kib).unwrap_or(u32::MAX);
        let _room = app.body_room.acquire_many(kib).await.map_err(|_| Problem::ending())?;
        let mut taken = Vec::new();
        let mut part_of = Parts::new(body, told, BYTES_MAX);
        while let Some(part) = part_of.next().await? {
            taken.extend_from_slice(&part);
        }
        Ok(taken.into())
    };
    timeout(TIME_MAX, read).await.map_err(|_| late())?
}

/// Receives a picture into a file that has no name, as large as the cache takes one.
pub(super) async fn receive(app: &App, headers: &HeaderMap, body: Body) -> Result<File, Problem> {
    let place = app.place();
    let bytes_max = usize::try_from(place.limits().file_bytes).unwrap_or(usize::MAX);
    let mut part_of = Parts::new(body, told_length(headers), bytes_max);
    let failed = |error: std::io::Error| Problem::failed(&error);
    let received = async {
        let _seat = app.uploads.acquire().await.map_err(|_| Problem::ending())?;
        let mut file = tokio::fs::File::from_std(tempfile::tempfile_in(place.state.path()).map_err(failed)?);
        while let Some(part) = part_of.next().await? {
            file.write_all(&part).await.map_err(failed)?;
        }
        file.rewind().await.map_err(failed)?;
        Ok(file.into_std().await)
    };
    timeout(UPLOAD_TIME_MAX, received).await.map_err(|_| late())?
}

fn told_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok())
}

fn late() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")
}

/// The parts of a body, up to a bound.
struct Parts {
    stream: BodyDataStream,
    bytes_max: usize,
    count: usize,
    is_too_much: bool,
}

impl Parts {
    fn new(body: Body, told: Option<usize>, bytes_max: usize) -> Self {
        let is_too_much = told.is_some_and(|told| told > bytes_max);
        Self { stream: body.into_data_stream(), bytes_max, count: 0, is_too_much }
    }

    /// The next one. Of what is too much, as much is thrown away as lets whoever sends it read the answer.
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        while let Some(part) = self.stream.next().await {
            let part = part.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "the body broke off"))?;
            self.count += part.len();
            self.is_too_much |= self.count > self.bytes_max;
            if !self.is_too_much {
                return Ok(Some(part));
            }
            if self.count > self.bytes_max.max(DRAINED_BYTES_MAX) {
                break;
            }
        }
        if self.is_too_much {
            let message = format!("the body is larger than {} bytes", self.bytes_max);
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        Ok(None)
    }
}
