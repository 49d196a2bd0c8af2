//! Generations: who changed the mappings, when and why.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::error::Fault;
use super::publish::Published;
use super::sql_types::{Count, count};
use super::{Catalog, CatalogError, entities, replace};
use crate::model::{EntityId, GenerationId, ImageType, UnixSeconds};

/// Who changes something, why and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// A person or program.
    pub author: String,
    /// The command, or what moved it.
    pub reason: String,
    /// The present time.
    pub now: UnixSeconds,
}

/// One change of the mappings as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Its number.
    pub id: GenerationId,
    /// When it was made.
    pub at: UnixSeconds,
    /// Who made it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// Paths that began to show a picture.
    pub added: u64,
    /// Paths that show another picture.
    pub changed: u64,
    /// Paths that ceased to show one.
    pub removed: u64,
    /// Whether what it showed has been forgotten, so that it cannot be gone back to.
    pub is_forgotten: bool,
}

const HISTORY: &str = "
    SELECT id, at, author, reason, added, changed, removed, forgotten_at FROM generations
    WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2";

const WITHHOLD: &str = "
    INSERT INTO unpublished (entity_id, image_type, image_number, at)
    SELECT entity_id, image_type, image_number, :now FROM (
        SELECT entity_id, image_type, image_number FROM asset_candidates
        WHERE entity_id = :entity AND is_selected = 1
        UNION
        SELECT entity_id, image_type, image_number FROM library_image_files
        WHERE entity_id = :entity AND removed_generation IS NULL AND cache_file_id IS NOT NULL)
    WHERE :image_type IS NULL OR (image_type = :image_type AND image_number = :number)
    ON CONFLICT DO NOTHING";

impl Catalog {
    /// The newest generations before `before`, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn history(&self, before: Option<GenerationId>, limit: u32) -> Result<Vec<Generation>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(HISTORY)?;
            Ok(statement.query_map((before, limit), generation)?.collect::<Result<_, _>>()?)
        })
    }

    /// Ends the mappings of an entity, or of one image type of it, and withholds these pictures from publishing
    /// until they are published by name or chosen again.
    ///
    /// # Errors
    /// When there is no such entity, or the catalog cannot be written.
    pub fn unpublish(
        &mut self,
        entity: EntityId,
        image_type: Option<ImageType>,
        stamp: &Stamp,
    ) -> Result<Published, CatalogError> {
        self.write(|transaction| {
            entities::require(transaction, entity)?;
            transaction.prepare_cached(WITHHOLD)?.execute(named_params! {
                ":entity": entity, ":now": stamp.now, ":image_type": image_type.map(|t| t.kind().as_str()),
                ":number": image_type.map(ImageType::number),
            })?;
            replace::clear(transaction)?;
            replace::end_entity(transaction, entity, image_type)?;
            Ok(replace::carry_out(transaction, stamp)?)
        })
    }
}

/// Refuses a generation that never was, or that cannot be gone back to any more.
pub(super) fn require(connection: &Connection, id: GenerationId) -> Result<(), Fault> {
    let forgotten: Option<bool> = connection
        .prepare_cached("SELECT forgotten_at IS NOT NULL AS is_forgotten FROM generations WHERE id = ?1")?
        .query_row([id], |row| row.get("is_forgotten"))
        .optional()?;
    match forgotten {
        None => Err(CatalogError::NoSuchGeneration { id }.into()),
        Some(true) => Err(CatalogError::Forgotten { id }.into()),
        Some(false) => Ok(()),
    }
}

/// Makes the row of a new generation.
pub(super) fn begin(connection: &Connection, stamp: &Stamp, change: &Published) -> rusqlite::Result<GenerationId> {
    connection
        .prepare_cached(
            "INSERT INTO generations (at, author, reason, added, changed, removed)
             VALUES (:at, :author, :reason, :added, :changed, :removed) RETURNING id",
        )?
        .query_row(
            named_params! {
                ":at": stamp.now, ":author": stamp.author, ":reason": stamp.reason, ":added": Count(change.added),
                ":changed": Count(change.changed), ":removed": Count(change.removed),
            },
            |row| row.get("id"),
        )
}

/// The generation of a row with these columns.
pub(super) fn generation(row: &Row<'_>) -> rusqlite::Result<Generation> {
    Ok(Generation {
        id: row.get("id")?,
        at: row.get("at")?,
        author: row.get("author")?,
        reason: row.get("reason")?,
        added: count(row, "added")?,
        changed: count(row, "changed")?,
        removed: count(row, "removed")?,
        is_forgotten: row.get::<_, Option<UnixSeconds>>("forgotten_at")?.is_some(),
    })
}
