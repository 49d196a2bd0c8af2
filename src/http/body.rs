//! Bodies, bounded: in bytes, in time, and in what all of them together take of memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use futures_util::StreamExt;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{App, Problem};

/// The largest body: what managers send is seldom more than 100 KB.
pub(super) const BYTES_MAX: usize = 1 << 20;

/// How many KiB all bodies that are being read may have together.
const ROOM_KIB: usize = 64 << 10;

/// How long a body may take.
const TIME_MAX: Duration = Duration::from_secs(20);

/// What is too much is read on up to here and thrown away, so that whoever sends it reads the answer.
const DRAINED_BYTES_MAX: usize = 32 << 20;

/// Room for bodies.
pub(super) fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(ROOM_KIB))
}

/// Reads a body.
pub(super) async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let told = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let kib = told.unwrap_or(BYTES_MAX).min(BYTES_MAX).div_ceil(1024);
    let late = || Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
    let read = async {
        let kib = u32::try_from(kib).unwrap_or(u32::MAX);
        let _room = app.body_room.acquire_many(kib).await.map_err(|_| Problem::ending())?;
        collect(body, told).await
    };
    timeout(TIME_MAX, read).await.map_err(|_| late())?
}

async fn collect(body: Body, told: Option<usize>) -> Result<Bytes, Problem> {
    let mut stream = body.into_data_stream();
    let mut taken: Vec<u8> = Vec::new();
    let (mut count, mut is_too_much) = (0, told.is_some_and(|told| told > BYTES_MAX));
    while let Some(part) = stream.next().await {
        let part = part.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "the body broke off"))?;
        count += part.len();
        is_too_much |= count > BYTES_MAX;
        if count > DRAINED_BYTES_MAX {
            break;
        }
        if is_too_much {
            taken = Vec::new();
        } else {
            taken.extend_from_slice(&part);
        }
    }
    if is_too_much {
        let message = format!("the body is larger than {BYTES_MAX} bytes");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    Ok(taken.into())
}
