//! The record of an entry: one JSON document. Keys may be added; readers pass over those they do not know. A path that
//! is no UTF-8 is written as `{"hex": "…"}`.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};

use crate::model::UnixSeconds;

use super::Entry;

/// What the keys mean.
const VERSION: u32 = 1;

/// More is no record of ours.
const BYTES_MAX: u64 = 64 << 10;

#[derive(Serialize, Deserialize)]
struct Record {
    v: u32,
    origin: PathText,
    reason: String,
    time: i64,
    bytes: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PathText {
    Text(String),
    Bytes { hex: String },
}

impl PathText {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Bytes { hex: bytes.iter().map(|byte| format!("{byte:02x}")).collect() },
        }
    }

    fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.into_bytes()),
            Self::Bytes { hex } => {
                let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
                let pair = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
                if rest.is_empty() { pairs.iter().map(pair).collect() } else { None }
            }
        }
    }
}

pub(super) fn to_json(entry: &Entry) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(&Record {
        v: VERSION,
        origin: PathText::of(entry.origin.as_os_str().as_bytes()),
        reason: entry.reason.clone(),
        time: entry.removed_at.get(),
        bytes: entry.byte_count,
    })?)
}

/// The entry of that id; `None` when its record is torn, or not of this version.
pub(super) fn read(folder: BorrowedFd<'_>, id: &str) -> Option<Entry> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(folder, format!("{id}.json"), flags, Mode::empty()).ok()?;
    let mut bytes = Vec::new();
    File::from(file).take(BYTES_MAX).read_to_end(&mut bytes).ok()?;
    let record: Record = serde_json::from_slice(&bytes).ok()?;
    if record.v != VERSION {
        return None;
    }
    Some(Entry {
        id: id.to_owned(),
        origin: OsString::from_vec(record.origin.into_bytes()?).into(),
        reason: record.reason,
        removed_at: UnixSeconds::new(record.time),
        byte_count: record.bytes,
    })
}
