//! The pictures of the cache, each looked at anew: the cache may have suffered with the database.

use std::collections::HashMap;
use std::io::Read;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::cache::{Cache, CacheError, Limits, Picture, StoredFile, StoredFormat, probe};
use crate::catalog::NewCacheFile;
use crate::model::{ContentHash, EntityId, ImageKind, ImageType, UnixSeconds};

use super::{PhaseError, Progress, shown};

/// What is in the cache, whole.
pub(super) struct Pictures {
    whole: HashMap<ContentHash, (Picture, u64)>,
    damaged: Vec<String>,
}

/// What the threads bring together.
#[derive(Default)]
struct Found {
    whole: HashMap<ContentHash, (Picture, u64)>,
    damaged: Vec<String>,
    failure: Option<CacheError>,
}

impl Pictures {
    /// Reads every picture of the cache, on all cores.
    pub(super) fn read(cache: &Cache, limits: &Limits, progress: &dyn Progress) -> Result<Self, PhaseError> {
        let (files, found) = (Mutex::new(cache.files()), Mutex::new(Found::default()));
        let work = || {
            loop {
                let Some(file) = files.lock().next() else { return };
                let looked_at = file.map(|file| (look(cache, &file, limits), file));
                let mut found = found.lock();
                match looked_at {
                    Err(error) => found.failure = Some(error),
                    // Documents are made anew by the next publish, of what is known then.
                    Ok((_, file)) if file.format == StoredFormat::Nfo => {}
                    Ok((Some(picture), file)) => drop(found.whole.insert(file.hash, (picture, file.byte_count))),
                    Ok((None, file)) => found.damaged.push(shown(&cache.path_of(&file.hash, file.format))),
                }
                if found.failure.is_some() {
                    return;
                }
                progress.advance(1);
            }
        };
        progress.start(None);
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
        progress.finish();
        let Found { whole, mut damaged, failure } = found.into_inner();
        damaged.sort();
        failure.map_or(Ok(Self { whole, damaged }), |error| Err(error.into()))
    }

    pub(super) fn count(&self) -> u64 {
        self.whole.len() as u64
    }

    /// Paths of files that are not what their name says.
    pub(super) fn damaged(&self) -> &[String] {
        &self.damaged
    }

    /// Every picture, in the order of their hashes.
    pub(super) fn hashes(&self) -> Vec<&ContentHash> {
        let mut hashes: Vec<_> = self.whole.keys().collect();
        hashes.sort_unstable();
        hashes
    }

    /// What the catalog is to know of a picture; what it serves and where it came from is yet to be said.
    pub(super) fn cache_file(&self, hash: &ContentHash, now: UnixSeconds) -> Option<NewCacheFile> {
        let (picture, byte_count) = self.whole.get(hash)?;
        Some(NewCacheFile {
            hash: *hash,
            extension: picture.format.extension().to_owned(),
            format: picture.format.to_string(),
            byte_count: *byte_count,
            width: picture.width,
            height: picture.height,
            has_alpha: picture.has_alpha,
            perceptual_hash: Some(picture.perceptual_hash.to_vec()),
            difference_hash: Some(picture.difference_hash.to_vec()),
            entity: EntityId::new(0),
            image_type: ImageType::main(ImageKind::Poster),
            source: "file".to_owned(),
            provider: None,
            source_url: None,
            author: None,
            quality: None,
            created_at: now,
        })
    }
}

/// `None` when the file is not, or not wholly, the picture that its name says.
fn look(cache: &Cache, file: &StoredFile, limits: &Limits) -> Option<Picture> {
    // It was within the limits of its time; what is as long as it was is read.
    let mut bytes = Vec::new();
    let opened = cache.open_file(&file.hash, file.format).ok()?;
    opened.take(file.byte_count.min(limits.file_bytes.max(1 << 28))).read_to_end(&mut bytes).ok()?;
    let is_itself = ContentHash::new(Sha256::digest(&bytes).into()) == file.hash;
    let of_its_time = Limits { file_bytes: u64::MAX, ..*limits };
    is_itself.then(|| probe(&bytes, &of_its_time).ok()).flatten()
}
