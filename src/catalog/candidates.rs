//! Candidates: pictures that could be chosen, and which one is.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::cache_files::{self, CacheFile, NewCacheFile, cache_file_columns};
use super::error::Fault;
use super::generations::Stamp;
use super::sql_types::image_type;
use super::{Catalog, CatalogError, Published, entities, locks, replace};
use crate::model::{CacheFileId, CandidateId, EntityId, ImageType, LockOrigin, UnixSeconds};

/// The provider of pictures that a person brought.
pub const USER_PROVIDER: &str = "user";

/// The provider of pictures that managers and players wrote through a view.
pub const PROGRAM_PROVIDER: &str = "program";

/// A picture that could be chosen for an entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its number.
    pub id: CandidateId,
    /// The entity it is for.
    pub entity: EntityId,
    /// What it is of.
    pub image_type: ImageType,
    /// Who offers it; [`USER_PROVIDER`] for a person.
    pub provider: String,
    /// The provider's own name of it.
    pub provider_key: String,
    /// Where it can be fetched.
    pub url: Option<String>,
    /// Its width in pixels, as far as it is known.
    pub width: Option<u32>,
    /// Its height in pixels.
    pub height: Option<u32>,
    /// The language of its text; `None` without text.
    pub language: Option<String>,
    /// The mean of the votes.
    pub vote_average: Option<f64>,
    /// The number of votes.
    pub vote_count: Option<u32>,
    /// 0 to 100; `None` until scored.
    pub score: Option<f64>,
    /// What the score is made of, as JSON.
    pub score_parts: Option<String>,
    /// Why its picture was not taken.
    pub refused: Option<String>,
    /// Whether it is the chosen one.
    pub is_selected: bool,
    /// Whether it must never be chosen.
    pub is_blocked: bool,
    /// Whether a person chose it.
    pub user_locked: bool,
    /// Its picture in the cache; `None` until fetched.
    pub cache_file: Option<CacheFileId>,
    /// When the provider offered it.
    pub fetched_at: UnixSeconds,
    /// When it was chosen.
    pub selected_at: Option<UnixSeconds>,
}

/// What a choice by hand wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selected {
    /// The chosen candidate.
    pub candidate: CandidateId,
    /// Its picture in the cache.
    pub cache_file: CacheFileId,
}

/// What taking back choices came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deselected {
    /// Of each of them, in order.
    pub each: Vec<GivenUp>,
    /// What ended in the view.
    pub published: Published,
}

/// A choice that was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenUp {
    /// Whether anything had been selected.
    pub was_selected: bool,
    /// How many paths showed it.
    pub removed: u64,
}

impl Deselected {
    /// Whether anything had been selected of any of them.
    #[must_use]
    pub fn was_selected(&self) -> bool {
        self.each.iter().any(|one| one.was_selected)
    }
}

const CANDIDATES_OF: &str = "
    SELECT * FROM asset_candidates
    WHERE entity_id = :entity AND (:image_type IS NULL OR (image_type = :image_type AND image_number = :number))
    ORDER BY image_type, image_number, is_selected DESC, score DESC, id";

impl Catalog {
    /// Chooses a picture of the cache by hand: notes it, makes it a candidate of [`USER_PROVIDER`], selects it
    /// instead of what was selected, and locks the image type, all at once. What `unpublish` withheld is released.
    ///
    /// # Errors
    /// When there is no such entity, or the catalog cannot be written.
    pub fn select_by_hand(&mut self, new: &NewCacheFile, now: UnixSeconds) -> Result<Selected, CatalogError> {
        self.write(|transaction| {
            entities::require(transaction, new.entity)?;
            clear_selection(transaction, new.entity, new.image_type)?;
            let selected = put_brought(transaction, new, USER_PROVIDER, true, now)?;
            locks::set(transaction, new.entity, &new.image_type.to_string(), true, LockOrigin::Manual, now)?;
            release(transaction, new.entity, new.image_type)?;
            Ok(selected)
        })
    }

    /// Notes a picture of the cache that a program wrote, as a candidate of [`PROGRAM_PROVIDER`]. Nothing is selected.
    ///
    /// # Errors
    /// When there is no such entity, or the catalog cannot be written.
    pub fn offer_captured(&mut self, new: &NewCacheFile, now: UnixSeconds) -> Result<CandidateId, CatalogError> {
        self.write(|transaction| {
            entities::require(transaction, new.entity)?;
            Ok(put_brought(transaction, new, PROGRAM_PROVIDER, false, now)?.candidate)
        })
    }

    /// Notes a picture of the cache that the catalog had lost sight of, as a candidate of [`USER_PROVIDER`]. Nothing is
    /// selected.
    ///
    /// # Errors
    /// When there is no such entity, or the catalog cannot be written.
    pub fn offer_found(&mut self, new: &NewCacheFile, now: UnixSeconds) -> Result<CandidateId, CatalogError> {
        self.write(|transaction| {
            entities::require(transaction, new.entity)?;
            Ok(put_brought(transaction, new, USER_PROVIDER, false, now)?.candidate)
        })
    }

    /// Takes choices back for good: nothing is selected any more, what was published of them ends at once in one
    /// generation, and the image types are locked so that no automatic choice takes their place.
    ///
    /// # Errors
    /// When there is no such entity, or the catalog cannot be written; then nothing has changed.
    pub fn deselect(&mut self, choices: &[(EntityId, ImageType)], stamp: &Stamp) -> Result<Deselected, CatalogError> {
        self.write_many(|transaction| {
            replace::clear(transaction)?;
            let mut each = Vec::with_capacity(choices.len());
            for &(entity, image_type) in choices {
                entities::require(transaction, entity)?;
                let was_selected = clear_selection(transaction, entity, image_type)?;
                let removed = replace::end_entity(transaction, entity, Some(image_type))?;
                locks::set(transaction, entity, &image_type.to_string(), true, LockOrigin::Manual, stamp.now)?;
                each.push(GivenUp { was_selected, removed });
            }
            Ok(Deselected { each, published: replace::carry_out(transaction, stamp)? })
        })
    }

    /// The candidates of an entity, of one image type or all; the selected one first, then by score.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn candidates_of(&self, entity: EntityId, of_type: Option<ImageType>) -> Result<Vec<Candidate>, CatalogError> {
        self.read(|connection| Ok(of(connection, entity, of_type)?))
    }

    /// The pictures selected for an entity that are in the cache, by image type, withheld ones too.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn selections_of(&self, entity: EntityId) -> Result<Vec<CacheFile>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(concat!(
                "SELECT ",
                cache_file_columns!(),
                " FROM cache_image_files
                  WHERE id IN (SELECT cache_file_id FROM asset_candidates WHERE entity_id = ?1 AND is_selected = 1)
                  ORDER BY image_type, image_number"
            ))?;
            Ok(statement.query_map([entity], cache_files::cache_file)?.collect::<Result<_, _>>()?)
        })
    }
}

pub(super) fn of(
    connection: &Connection,
    entity: EntityId,
    of_type: Option<ImageType>,
) -> rusqlite::Result<Vec<Candidate>> {
    let parameters = named_params! {
        ":entity": entity, ":image_type": of_type.map(|t| t.kind().as_str()), ":number": of_type.map(ImageType::number),
    };
    connection.prepare_cached(CANDIDATES_OF)?.query_map(parameters, candidate)?.collect()
}

pub(super) fn by_id(connection: &Connection, id: CandidateId) -> rusqlite::Result<Option<Candidate>> {
    connection.prepare_cached("SELECT * FROM asset_candidates WHERE id = ?1")?.query_row([id], candidate).optional()
}

/// Whether anything was selected.
pub(super) fn clear_selection(connection: &Connection, entity: EntityId, image_type: ImageType) -> Result<bool, Fault> {
    let cleared = connection
        .prepare_cached(
            "UPDATE asset_candidates SET is_selected = 0, user_locked = 0
             WHERE entity_id = ?1 AND image_type = ?2 AND image_number = ?3 AND is_selected = 1",
        )?
        .execute((entity, image_type.kind().as_str(), image_type.number()))?;
    Ok(cleared > 0)
}

/// Notes a picture of the cache that a person or program brought. What is chosen is selected, locked, and blocked no more;
/// what is not changes nothing of that.
fn put_brought(
    connection: &Connection,
    new: &NewCacheFile,
    provider: &str,
    is_chosen: bool,
    now: UnixSeconds,
) -> rusqlite::Result<Selected> {
    let cache_file = cache_files::put(connection, new)?;
    let candidate = connection
        .prepare_cached(
            "INSERT INTO asset_candidates (entity_id, image_type, image_number, provider, provider_key, url, width,
                 height, is_selected, user_locked, cache_file_id, fetched_at, selected_at)
             VALUES (:entity, :image_type, :number, :provider, :key, :url, :width, :height, :is_chosen, :is_chosen,
                 :file, :now, iif(:is_chosen, :now, NULL))
             ON CONFLICT (entity_id, image_type, image_number, provider, provider_key) DO UPDATE
                SET cache_file_id = excluded.cache_file_id, fetched_at = excluded.fetched_at,
                    is_selected = max(is_selected, excluded.is_selected),
                    user_locked = max(user_locked, excluded.user_locked),
                    is_blocked = min(is_blocked, 1 - excluded.is_selected),
                    selected_at = coalesce(excluded.selected_at, selected_at)
             RETURNING id",
        )?
        .query_row(
            named_params! {
                ":entity": new.entity, ":image_type": new.image_type.kind().as_str(),
                ":number": new.image_type.number(), ":provider": provider, ":key": new.hash.to_string(),
                ":url": new.source_url, ":width": new.width, ":height": new.height, ":is_chosen": is_chosen,
                ":file": cache_file, ":now": now,
            },
            |row| row.get("id"),
        )?;
    Ok(Selected { candidate, cache_file })
}

pub(super) fn release(connection: &Connection, entity: EntityId, image_type: ImageType) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM unpublished WHERE entity_id = ?1 AND image_type = ?2 AND image_number = ?3")?
        .execute((entity, image_type.kind().as_str(), image_type.number()))?;
    Ok(())
}

fn candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    Ok(Candidate {
        id: row.get("id")?,
        entity: row.get("entity_id")?,
        image_type: image_type(row)?,
        provider: row.get("provider")?,
        provider_key: row.get("provider_key")?,
        url: row.get("url")?,
        width: row.get("width")?,
        height: row.get("height")?,
        language: row.get("language")?,
        vote_average: row.get("vote_average")?,
        vote_count: row.get("vote_count")?,
        score: row.get("score")?,
        score_parts: row.get("score_parts")?,
        refused: row.get("refused")?,
        is_selected: row.get("is_selected")?,
        is_blocked: row.get("is_blocked")?,
        user_locked: row.get("user_locked")?,
        cache_file: row.get("cache_file_id")?,
        fetched_at: row.get("fetched_at")?,
        selected_at: row.get("selected_at")?,
    })
}
