//! What the tree has already: the metadata file of an item that a document is put into.

use sha2::{Digest, Sha256};

use crate::catalog::{Catalog, Entity};
use crate::library::{NFO_BYTES_MAX, Source, parse_nfo};
use crate::model::{ContentHash, ImageType, RelPath};
use crate::phase::PhaseError;

/// What a document is put into.
pub(super) enum Base {
    Nothing,
    /// A file that somebody else wrote.
    Original(Vec<u8>),
    /// A document of ours that was exported.
    Own(Vec<u8>),
}

/// Why that cannot be told.
pub(super) enum Failure {
    /// A file cannot be read: what is published stays as it is.
    File(String),
    Phase(PhaseError),
}

impl<E: Into<PhaseError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Phase(error.into())
    }
}

impl Base {
    pub(super) fn is_something(&self) -> bool {
        !matches!(self, Self::Nothing)
    }
}

/// The first file that tells something, of those that the last scan found and those that lie where the document is shown: a
/// program may have written there since. One of ours only counts where nobody else's is there.
pub(super) fn find(catalog: &Catalog, source: &Source, entity: &Entity, places: Vec<RelPath>) -> Result<Base, Failure> {
    let originals = catalog.originals_of(entity.id)?.into_iter().map(|original| original.found);
    let originals = originals.filter(|found| found.image_type == ImageType::NFO);
    let mut paths: Vec<RelPath> = originals.map(|found| found.folder.join(&found.name)).collect();
    for place in places {
        if !paths.contains(&place) {
            paths.push(place);
        }
    }
    paths.sort_by_key(rank);
    let mut own = Base::Nothing;
    for path in paths {
        let bytes = match source.read_start(&path, NFO_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(Failure::File(error.to_string())),
        };
        if catalog.is_document(&ContentHash::new(Sha256::digest(&bytes).into()))? {
            own = Base::Own(bytes);
            continue;
        }
        if parse_nfo(&bytes).tells_something() {
            return Ok(Base::Original(bytes));
        }
    }
    Ok(own)
}

/// What players read first: that of a disc, `movie.nfo`, what is named like the video.
fn rank(path: &RelPath) -> u8 {
    let name = path.name().map(|name| name.as_bytes().to_ascii_lowercase()).unwrap_or_default();
    match name.as_slice() {
        b"video_ts.nfo" | b"index.nfo" => 0,
        b"movie.nfo" => 1,
        _ => 2,
    }
}
