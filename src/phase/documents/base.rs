//! What the tree has already: the metadata file of an item that a document is put into.

use sha2::{Digest, Sha256};

use crate::catalog::{Catalog, Entity};
use crate::library::{FileStat, LibraryError, NFO_BYTES_MAX, Source, parse_nfo};
use crate::model::{ContentHash, ImageType, Name, RelPath, UnixSeconds};
use crate::phase::PhaseError;

/// What a document is put into.
#[derive(Default)]
pub(super) enum Base {
    #[default]
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

/// What a document is put into, and all that was looked at to find it.
#[derive(Default)]
pub(super) struct Found {
    pub(super) base: Base,
    /// The name of the file that it is, if it is somebody else's.
    pub(super) merged_with: Option<Name>,
    /// What there was at each path; nothing, where the file was missing.
    looked_at: Vec<(RelPath, Option<FileStat>)>,
}

impl Base {
    pub(super) fn is_something(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Whether somebody else's file says just that.
    pub(super) fn is_original(&self, document: &[u8]) -> bool {
        matches!(self, Self::Original(bytes) if bytes == document)
    }
}

impl Found {
    /// What was looked at, to be compared later. `None` where a file was changed just now: if it is changed once more within
    /// the same tick of the clock of its file system, nobody can tell.
    pub(super) fn files(&self, now: UnixSeconds) -> Option<Vec<u8>> {
        let is_settled = |stat: &FileStat| stat.mtime_ns.div_euclid(1_000_000_000) < now.get() - 1;
        if !self.looked_at.iter().filter_map(|(_, stat)| stat.as_ref()).all(is_settled) {
            return None;
        }
        let mut files = Vec::new();
        for (path, stat) in &self.looked_at {
            files.extend_from_slice(path.as_bytes());
            files.push(0);
            files.extend_from_slice(fingerprint(stat.as_ref()).as_bytes());
            files.push(0);
        }
        Some(files)
    }
}

/// Whether there is at each path what there was when [`Found::files`] told.
pub(super) fn are_unchanged(source: &Source, files: &[u8]) -> bool {
    let mut parts = files.split(|byte| *byte == 0);
    while let (Some(path), Some(noted)) = (parts.next(), parts.next()) {
        let now = RelPath::parse(path).map(|path| look(source, &path));
        if !now.is_ok_and(|now| now.is_ok_and(|stat| fingerprint(stat.as_ref()).as_bytes() == noted)) {
            return false;
        }
    }
    true
}

fn look(source: &Source, path: &RelPath) -> Result<Option<FileStat>, LibraryError> {
    match source.stat(path) {
        Ok(stat) => Ok(Some(stat)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

fn fingerprint(stat: Option<&FileStat>) -> String {
    stat.map_or_else(String::new, |stat| format!("{}:{}:{}", stat.inode, stat.size_bytes, stat.mtime_ns))
}

/// The first file that tells something, of those that the last scan found and those that lie where the document is shown: a
/// program may have written there since. One of ours only counts where nobody else's is there.
pub(super) fn find(
    catalog: &Catalog,
    source: &Source,
    entity: &Entity,
    places: Vec<RelPath>,
) -> Result<Found, Failure> {
    let originals = catalog.originals_of(entity.id)?.into_iter().map(|original| original.found);
    let originals = originals.filter(|found| found.image_type == ImageType::NFO);
    let mut paths: Vec<RelPath> = originals.map(|found| found.folder.join(&found.name)).collect();
    for place in places {
        if !paths.contains(&place) {
            paths.push(place);
        }
    }
    paths.sort_by_key(rank);
    let mut found = Found::default();
    for path in paths {
        // Looked at before it is read, so that what is written meanwhile is another file next time.
        let stat = look(source, &path).map_err(|error| Failure::File(error.to_string()))?;
        found.looked_at.push((path.clone(), stat));
        // Of the rest it must be known whether it changes: it might come first then.
        if stat.is_none() || matches!(found.base, Base::Original(_)) {
            continue;
        }
        let bytes = match source.read_start(&path, NFO_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(Failure::File(error.to_string())),
        };
        if catalog.is_document(&ContentHash::new(Sha256::digest(&bytes).into()))? {
            found.base = Base::Own(bytes);
        } else if parse_nfo(&bytes).tells_something() {
            found.merged_with = path.name();
            found.base = Base::Original(bytes);
        }
    }
    Ok(found)
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
