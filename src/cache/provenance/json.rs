//! One record as one line of JSON (docs/formats.md, "Provenance").
//!
//! Keys may be added without a new version, and readers pass over keys that they do not know. Paths are bytes: where
//! they are no UTF-8 they are written as `{"hex": "…"}`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use serde::{Deserialize, Serialize};

use crate::model::{EntityType, ExactBytes, Provider, RelPath, UnixSeconds};

use super::{Origin, ProvenanceRecord};

/// What the keys mean. A reader that knows only this version passes over lines of any other.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Line {
    v: u32,
    time: i64,
    entity: EntityLine,
    library: LibraryLine,
    image_type: String,
    origin: OriginLine,
    author: String,
    selected: bool,
    locked: bool,
}

#[derive(Serialize, Deserialize)]
struct EntityLine {
    #[serde(rename = "type")]
    entity_type: String,
    ids: BTreeMap<String, String>,
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    year: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    season: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    episode: Option<u16>,
}

#[derive(Serialize, Deserialize)]
struct LibraryLine {
    name: String,
    path: ExactBytes,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum OriginLine {
    File { path: ExactBytes },
    Url { url: String },
    Provider { name: String, url: String },
    Upload,
    Program { name: String, uid: u32, path: ExactBytes },
}

/// The line of a record, with the line feed that ends it.
pub(super) fn to_line(record: &ProvenanceRecord) -> io::Result<Vec<u8>> {
    let line = Line {
        v: VERSION,
        time: record.time.get(),
        entity: EntityLine {
            entity_type: record.entity_type.to_string(),
            ids: record.ids.iter().map(|(provider, id)| (provider.to_string(), id.clone())).collect(),
            title: record.title.clone(),
            year: record.year,
            season: record.season,
            episode: record.episode,
        },
        library: LibraryLine { name: record.library.clone(), path: ExactBytes::of(record.path.as_bytes()) },
        image_type: record.image_type.to_string(),
        origin: match &record.origin {
            Origin::File(path) => OriginLine::File { path: ExactBytes::of(path.as_os_str().as_bytes()) },
            Origin::Url(url) => OriginLine::Url { url: url.clone() },
            Origin::Provider { name, url } => OriginLine::Provider { name: name.clone(), url: url.clone() },
            Origin::Upload => OriginLine::Upload,
            Origin::Program { name, uid, path } => {
                OriginLine::Program { name: name.clone(), uid: *uid, path: ExactBytes::of(path.as_os_str().as_bytes()) }
            }
        },
        author: record.author.clone(),
        selected: record.selected,
        locked: record.locked,
    };
    let mut bytes = serde_json::to_vec(&line)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The record of a line; `None` when it is torn, or says something that this version does not understand.
pub(super) fn from_line(bytes: &[u8]) -> Option<ProvenanceRecord> {
    let line: Line = serde_json::from_slice(bytes).ok()?;
    if line.v != VERSION {
        return None;
    }
    let entity_type: EntityType = line.entity.entity_type.parse().ok()?;
    // An id of a provider that is not known here says nothing, but the rest still does.
    let ids = line.entity.ids.into_iter().filter_map(|(word, id)| Some((Provider::parse(&word)?, id))).collect();
    let origin = match line.origin {
        OriginLine::File { path } => Origin::File(OsString::from_vec(path.into_bytes()?).into()),
        OriginLine::Url { url } => Origin::Url(url),
        OriginLine::Provider { name, url } => Origin::Provider { name, url },
        OriginLine::Upload => Origin::Upload,
        OriginLine::Program { name, uid, path } => {
            Origin::Program { name, uid, path: OsString::from_vec(path.into_bytes()?).into() }
        }
    };
    Some(ProvenanceRecord {
        time: UnixSeconds::new(line.time),
        entity_type,
        ids,
        title: line.entity.title,
        year: line.entity.year,
        season: line.entity.season,
        episode: line.entity.episode,
        library: line.library.name,
        path: RelPath::parse(&line.library.path.into_bytes()?).ok()?,
        image_type: line.image_type.parse().ok()?,
        origin,
        author: line.author,
        selected: line.selected,
        locked: line.locked,
    })
}
