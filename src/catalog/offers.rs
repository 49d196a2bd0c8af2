//! What enrichment writes of candidates: what is offered, how good it is, which is chosen automatically.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::cache_files::{self, CacheFile, NewCacheFile, cache_file_columns};
use super::candidates::{self, Candidate, Selected};
use super::error::Fault;
use super::sql_types::{array, words};
use super::{Catalog, CatalogError, guards, locks};
use crate::model::{CandidateId, EntityId, ImageKind, LockOrigin, UnixSeconds};

/// A picture as a provider offers it.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferedCandidate {
    /// What it is of.
    pub kind: ImageKind,
    /// The provider's own name of it.
    pub provider_key: String,
    /// Where it can be fetched.
    pub url: String,
    /// Its width in pixels, where told.
    pub width: Option<u32>,
    /// Its height in pixels, where told.
    pub height: Option<u32>,
    /// The language of its text.
    pub language: Option<String>,
    /// The mean of the votes, 0 to 10.
    pub vote_average: Option<f64>,
    /// How many voted.
    pub vote_count: Option<u32>,
}

/// The score of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredCandidate {
    /// Which.
    pub id: CandidateId,
    /// 0 to 100.
    pub score: f64,
    /// What it is made of, as JSON.
    pub parts: String,
}

/// Why an automatic choice was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotChosen {
    /// The image type was locked, or the entity unmonitored, in the meantime.
    Locked,
    /// The candidate was blocked in the meantime, or is not offered any more.
    NotOffered,
}

impl Catalog {
    /// Chooses a candidate automatically, instead of what was chosen automatically before. Locks, monitoring and blocks
    /// are looked at in the same transaction, so a person who decided a moment ago wins.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn choose(
        &mut self,
        candidate: CandidateId,
        picture: &NewCacheFile,
        now: UnixSeconds,
    ) -> Result<Result<Selected, NotChosen>, CatalogError> {
        self.write(|transaction| {
            let (entity, image_type) = (picture.entity, picture.image_type);
            let is_locked = guards::guard(transaction, entity)?.is_locked(&image_type.to_string());
            if is_locked {
                return Ok(Err(NotChosen::Locked));
            }
            if !is_offered(transaction, candidate, entity)? {
                return Ok(Err(NotChosen::NotOffered));
            }
            Ok(Ok(select(transaction, candidate, picture, false, now)?))
        })
    }

    /// Chooses a candidate by hand: selects it, locks the image type, and releases what `unpublish` withheld. A block is
    /// lifted by it.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn choose_by_hand(
        &mut self,
        candidate: CandidateId,
        picture: &NewCacheFile,
        now: UnixSeconds,
    ) -> Result<Selected, CatalogError> {
        self.write(|transaction| {
            let selected = select(transaction, candidate, picture, true, now)?;
            let field = picture.image_type.to_string();
            locks::set(transaction, picture.entity, &field, true, LockOrigin::Manual, now)?;
            candidates::release(transaction, picture.entity, picture.image_type)?;
            Ok(selected)
        })
    }

    /// Notes that a candidate's picture is in the cache, without choosing it.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn note_cached(&mut self, candidate: CandidateId, picture: &NewCacheFile) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let file = cache_files::put(transaction, picture)?;
            transaction
                .prepare_cached(
                    "UPDATE asset_candidates SET cache_file_id = ?2, width = ?3, height = ?4, refused = NULL WHERE id = ?1",
                )?
                .execute((candidate, file, picture.width, picture.height))?;
            Ok(())
        })
    }

    /// Notes why a candidate's picture cannot be taken, so that it is not tried again.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn refuse_candidate(&mut self, candidate: CandidateId, reason: &str) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction
                .prepare_cached("UPDATE asset_candidates SET refused = ?2 WHERE id = ?1")?
                .execute((candidate, reason))?;
            Ok(())
        })
    }

    /// Blocks a candidate, so that it is never chosen again, or lifts that. Blocking what is chosen takes the choice
    /// back; what is published of it stays until the next `publish`.
    ///
    /// # Errors
    /// When there is no such candidate, or the catalog cannot be written.
    pub fn set_blocked(&mut self, candidate: CandidateId, is_blocked: bool) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let changed = transaction
                .prepare_cached(
                    "UPDATE asset_candidates SET is_blocked = ?2,
                         is_selected = CASE WHEN ?2 THEN 0 ELSE is_selected END,
                         user_locked = CASE WHEN ?2 THEN 0 ELSE user_locked END
                     WHERE id = ?1",
                )?
                .execute((candidate, is_blocked))?;
            if changed == 0 { Err(CatalogError::NoSuchCandidate { id: candidate }.into()) } else { Ok(()) }
        })
    }

    /// The candidate of that number.
    ///
    /// # Errors
    /// When there is none, or the catalog cannot be read.
    pub fn candidate(&self, id: CandidateId) -> Result<Candidate, CatalogError> {
        self.read(|connection| {
            let found = candidates::by_id(connection, id)?;
            Ok(found.ok_or(CatalogError::NoSuchCandidate { id })?)
        })
    }

    /// The picture that was had from that address before, for whatever entity.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn cache_file_by_url(&self, url: &str) -> Result<Option<CacheFile>, CatalogError> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached(concat!(
                    "SELECT ",
                    cache_file_columns!(),
                    " FROM cache_image_files WHERE id =
                          (SELECT cache_file_id FROM asset_candidates
                           WHERE url = ?1 AND cache_file_id IS NOT NULL ORDER BY id LIMIT 1)"
                ))?
                .query_row([url], cache_files::cache_file)
                .optional()?)
        })
    }

    /// The pictures in the cache of an entity's candidates, each with the candidate it is of.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn cached_candidates_of(&self, entity: EntityId) -> Result<Vec<(CandidateId, CacheFile)>, CatalogError> {
        self.candidates_of(entity, None)?
            .into_iter()
            .filter_map(|candidate| Some((candidate.id, candidate.cache_file?)))
            .map(|(candidate, file)| self.read(|connection| Ok((candidate, cache_files::by_id(connection, file)?))))
            .collect()
    }
}

/// Makes `offered` what a provider offers of the kinds that it was asked for.
pub(super) fn record(
    connection: &Connection,
    entity: EntityId,
    (provider, kinds): (&str, &[ImageKind]),
    offered: &[OfferedCandidate],
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    let mut ids = Vec::with_capacity(offered.len());
    for offer in offered {
        ids.push(upsert(connection, entity, provider, offer, now)?.get());
    }
    connection
        .prepare_cached(
            "DELETE FROM asset_candidates WHERE entity_id = ?1 AND provider = ?2 AND is_selected = 0
                 AND is_blocked = 0 AND user_locked = 0 AND cache_file_id IS NULL
                 AND image_type IN (SELECT value FROM rarray(?4)) AND id NOT IN (SELECT value FROM rarray(?3))",
        )?
        .execute((entity, provider, array(ids.into_iter()), words(kinds.iter().map(|kind| kind.as_str()))))?;
    Ok(())
}

/// Writes down how good candidates are.
pub(super) fn set_scores(connection: &Connection, scores: &[ScoredCandidate]) -> rusqlite::Result<()> {
    let mut set =
        connection.prepare_cached("UPDATE asset_candidates SET score = ?2, score_parts = ?3 WHERE id = ?1")?;
    scores.iter().try_for_each(|scored| set.execute((scored.id, scored.score, &scored.parts)).map(drop))
}

/// The candidate of a provider's picture, whichever number it was given when it was chosen. A size that was measured is
/// kept; a picture that moved to another address may be tried again.
fn upsert(
    connection: &Connection,
    entity: EntityId,
    provider: &str,
    offer: &OfferedCandidate,
    now: UnixSeconds,
) -> rusqlite::Result<CandidateId> {
    let parameters = named_params! {
        ":entity": entity, ":kind": offer.kind.as_str(), ":provider": provider, ":key": offer.provider_key,
        ":url": offer.url, ":width": offer.width, ":height": offer.height, ":language": offer.language,
        ":average": offer.vote_average, ":count": offer.vote_count, ":now": now,
    };
    let known = connection
        .prepare_cached(
            "UPDATE asset_candidates SET
                 refused = CASE WHEN url IS :url THEN refused END,
                 cache_file_id = CASE WHEN url IS :url OR is_selected = 1 THEN cache_file_id END,
                 width = CASE WHEN cache_file_id IS NOT NULL THEN width ELSE :width END,
                 height = CASE WHEN cache_file_id IS NOT NULL THEN height ELSE :height END,
                 url = :url, language = :language, vote_average = :average, vote_count = :count, fetched_at = :now
             WHERE entity_id = :entity AND image_type = :kind AND provider = :provider AND provider_key = :key
             RETURNING id",
        )?
        .query_row(parameters, |row| row.get("id"))
        .optional()?;
    match known {
        Some(id) => Ok(id),
        None => connection
            .prepare_cached(
                "INSERT INTO asset_candidates (entity_id, image_type, image_number, provider, provider_key, url, width,
                     height, language, vote_average, vote_count, fetched_at)
                 VALUES (:entity, :kind, 0, :provider, :key, :url, :width, :height, :language, :average, :count, :now)
                 RETURNING id",
            )?
            .query_row(parameters, |row| row.get("id")),
    }
}

fn is_offered(connection: &Connection, candidate: CandidateId, entity: EntityId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM asset_candidates WHERE id = ?1 AND entity_id = ?2 AND is_blocked = 0")?
        .exists((candidate, entity))
}

fn select(
    connection: &Connection,
    candidate: CandidateId,
    picture: &NewCacheFile,
    is_by_hand: bool,
    now: UnixSeconds,
) -> Result<Selected, Fault> {
    let cache_file = cache_files::put(connection, picture)?;
    candidates::clear_selection(connection, picture.entity, picture.image_type)?;
    let changed = connection
        .prepare_cached(
            "UPDATE asset_candidates SET is_selected = 1, is_blocked = 0, user_locked = :by_hand, refused = NULL,
                 image_number = :number, cache_file_id = :file, width = :width, height = :height, selected_at = :now
             WHERE id = :candidate AND entity_id = :entity AND image_type = :kind",
        )?
        .execute(named_params! {
            ":by_hand": is_by_hand, ":number": picture.image_type.number(), ":file": cache_file,
            ":width": picture.width, ":height": picture.height, ":now": now, ":candidate": candidate,
            ":entity": picture.entity, ":kind": picture.image_type.kind().as_str(),
        })?;
    if changed == 0 {
        Err(CatalogError::NoSuchCandidate { id: candidate }.into())
    } else {
        Ok(Selected { candidate, cache_file })
    }
}
