//! One picture into the cache: reused where it was had before, else downloaded, checked, hashed, durable.

use std::io::Cursor;
use std::sync::Arc;

use image::ImageReader;

use crate::cache::{Cache, CacheError, Limits, Origin, ProvenanceRecord, Stored};
use crate::catalog::{CacheFile, NewCacheFile};
use crate::model::{ContentHash, EntityType, ImageType, UnixSeconds};
use crate::provider::ArtworkProvider;
use crate::score::{fits, ideal};

use super::super::{PhaseError, select};
use super::choose::{self, Ranked};
use super::desk::Desk;
use super::run::Work;
use super::subject::Known;

/// Who chooses, in provenance and catalog.
pub(super) const AUTHOR: &str = "enrich";

/// What trying to take a picture came to.
pub(super) enum Taken {
    /// It is in the cache; whether it was downloaded now.
    Picture(Box<NewCacheFile>, bool),
    /// It never will be, for that reason.
    Refused(String),
    /// Not this time; already reported.
    Failed,
}

/// What is to be known of a picture to write it into the catalog.
pub(super) struct Purpose<'a> {
    pub(super) ranked: &'a Ranked,
    pub(super) image_type: ImageType,
    pub(super) author: &'a str,
    pub(super) now: UnixSeconds,
}

/// Takes the picture of a candidate into the cache, for that image type.
pub(super) async fn picture(
    work: &Work,
    desk: &Desk,
    known: &Known,
    ranked: &Ranked,
    image_type: ImageType,
) -> Result<Taken, PhaseError> {
    let url = ranked.candidate.url.clone().unwrap_or_default();
    let purpose = Purpose { ranked, image_type, author: AUTHOR, now: work.clock.now() };
    let had = match &ranked.file {
        Some(file) => Some(file.clone()),
        None => {
            let url = url.clone();
            desk.ask(move |catalog| catalog.cache_file_by_url(&url)).await?
        }
    };
    if let Some(file) = had.filter(|file| is_there(&work.cache, file)) {
        let (width, height) = (file.picture.width, file.picture.height);
        return Ok(match misfit(known.entity.entity_type, image_type, width, height) {
            Some(reason) => Taken::Refused(reason),
            None => Taken::Picture(Box::new(purpose.reused(&file)), false),
        });
    }
    let Some(provider) = work.providers.iter().find(|provider| provider.name() == ranked.candidate.provider) else {
        return Ok(Taken::Failed);
    };
    // Bounds the memory: so many pictures are downloaded and not yet written.
    let _one_of_few = work.pictures.acquire().await;
    let bytes = match provider.picture(&url, work.limits.file_bytes).await {
        Ok(bytes) => bytes,
        Err(error) if error.is_final() => return Ok(Taken::Refused(error.to_string())),
        Err(error) => {
            choose::failed(work, known, ranked, &error);
            return Ok(Taken::Failed);
        }
    };
    if let Some(reason) = size_of(&bytes).and_then(|(w, h)| misfit(known.entity.entity_type, image_type, w, h)) {
        return Ok(Taken::Refused(reason));
    }
    let length = bytes.len() as u64;
    match put(&work.cache, bytes, url, work.limits).await? {
        Ok(stored) => {
            work.note(|report| {
                report.downloaded += 1;
                report.downloaded_bytes += length;
            });
            Ok(Taken::Picture(Box::new(purpose.stored(&stored)), true))
        }
        Err(reason) => Ok(Taken::Refused(reason)),
    }
}

impl Purpose<'_> {
    /// A picture that was put into the cache just now.
    pub(super) fn stored(&self, stored: &Stored) -> NewCacheFile {
        let candidate = &self.ranked.candidate;
        let url = candidate.url.clone().unwrap_or_default();
        let choice = select::Choice {
            entity: candidate.entity,
            image_type: self.image_type,
            origin: Origin::Provider { name: candidate.provider.clone(), url },
            author: self.author,
        };
        NewCacheFile { quality: candidate.score, ..select::new_cache_file(stored, &choice, self.now) }
    }

    /// A picture that was in the cache, perhaps for something else.
    pub(super) fn reused(&self, file: &CacheFile) -> NewCacheFile {
        let candidate = &self.ranked.candidate;
        NewCacheFile {
            entity: candidate.entity,
            image_type: self.image_type,
            source: "provider".to_owned(),
            provider: Some(candidate.provider.clone()),
            source_url: candidate.url.clone(),
            author: Some(self.author.to_owned()),
            quality: candidate.score,
            created_at: self.now,
            ..file.picture.clone()
        }
    }
}

/// Whether the file of a picture is where the catalog says. It is not collected for a while then, so it is still there
/// when the catalog is told of another use of it.
pub(super) fn is_there(cache: &Cache, file: &CacheFile) -> bool {
    cache.renew(&file.picture.hash, &file.picture.extension).unwrap_or(false)
}

/// Why a picture of that size cannot be shown as that.
pub(super) fn misfit(entity_type: EntityType, image_type: ImageType, width: u32, height: u32) -> Option<String> {
    if fits(entity_type, image_type.kind(), width, height) {
        return None;
    }
    let wanted = ideal(entity_type, image_type.kind());
    let kind = image_type.kind().as_str();
    Some(format!("{width}×{height} is no shape of a {kind}, which is {}×{} or alike", wanted.width, wanted.height))
}

/// The size that the first bytes tell; whether they are right is found out by decoding.
pub(super) fn size_of(bytes: &[u8]) -> Option<(u32, u32)> {
    ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?.into_dimensions().ok()
}

/// Puts a picture into the cache on a thread that may take its time. The inner error is the reason why it is refused.
pub(super) async fn put(
    cache: &Arc<Cache>,
    bytes: Vec<u8>,
    origin: String,
    limits: Limits,
) -> Result<Result<Stored, String>, PhaseError> {
    let cache = Arc::clone(cache);
    let put = tokio::task::spawn_blocking(move || cache.put(Cursor::new(bytes), &origin, &limits)).await;
    match put.map_err(|_| PhaseError::Stopped)? {
        Ok(stored) => Ok(Ok(stored)),
        Err(CacheError::Refused { refusal, .. }) => Ok(Err(format!("it {refusal}"))),
        Err(error) => Err(error.into()),
    }
}

/// What is written beside a picture that is chosen automatically.
pub(super) fn record(picture: &NewCacheFile, subject: ProvenanceRecord, now: UnixSeconds) -> ProvenanceRecord {
    let name = picture.provider.clone().unwrap_or_default();
    let url = picture.source_url.clone().unwrap_or_default();
    let origin = Origin::Provider { name, url };
    ProvenanceRecord { time: now, origin, author: AUTHOR.to_owned(), selected: true, locked: false, ..subject }
}

/// Writes a record beside a picture.
pub(super) async fn write_record(work: &Work, hash: ContentHash, record: &ProvenanceRecord) -> Result<(), PhaseError> {
    let (cache, record) = (Arc::clone(&work.cache), record.clone());
    let written = tokio::task::spawn_blocking(move || cache.record(&hash, &record)).await;
    written.map_err(|_| PhaseError::Stopped)??;
    Ok(())
}

/// Notes beside a picture that another one was chosen instead, by `record`.
pub(super) async fn write_given_up(work: &Work, file: CacheFile, record: ProvenanceRecord) -> Result<(), PhaseError> {
    let cache = Arc::clone(&work.cache);
    let written = tokio::task::spawn_blocking(move || select::record_given_up(&cache, &file, &record)).await;
    written.map_err(|_| PhaseError::Stopped)?
}

/// Downloads what a person chose, from the provider that offers it.
pub(in crate::phase) async fn download(
    provider: &dyn ArtworkProvider,
    url: &str,
    limits: &Limits,
) -> Result<Vec<u8>, PhaseError> {
    Ok(provider.picture(url, limits.file_bytes).await?)
}
