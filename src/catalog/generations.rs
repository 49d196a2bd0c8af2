//! Generations: who changed the mappings, when and why, and how to go back.

use rusqlite::{Connection, Row, named_params};

use super::error::Fault;
use super::publish::{PublishMode, Published};
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
}

const HISTORY: &str = "
    SELECT id, at, author, reason, added, changed, removed FROM generations
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

/// Current mappings that were not there in that generation.
const OLD_SINCE: &str = "
    INSERT INTO temp.old (id)
    SELECT m.id FROM library_image_files m
    WHERE m.added_generation > ?1 AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL";

/// Mappings of that generation that have ended since.
const WANTED_THEN: &str = "
    INSERT INTO temp.wanted (library_id, folder, name, entity_id, image_type, image_number, cache_file_id, is_synthetic)
    SELECT m.library_id, m.folder, m.name, m.entity_id, m.image_type, m.image_number, m.cache_file_id, 0
    FROM library_image_files m JOIN libraries l ON l.id = m.library_id
    WHERE m.removed_generation > ?1 AND m.added_generation <= ?1 AND l.removed_at IS NULL";

const RELEASE_WANTED: &str = "
    DELETE FROM unpublished WHERE (entity_id, image_type, image_number) IN (
        SELECT w.entity_id, w.image_type, w.image_number FROM temp.wanted w)";

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

    /// Makes all mappings what they were in that generation (0: before the first), as a new generation. Pictures that come back are no
    /// longer withheld. Choices are not rolled back: the next `publish` shows what is selected then.
    ///
    /// # Errors
    /// When there is no such generation, or the catalog cannot be written.
    pub fn rollback(&mut self, to: GenerationId, mode: PublishMode, stamp: &Stamp) -> Result<Published, CatalogError> {
        match mode {
            PublishMode::Apply => self.write_many(|transaction| {
                let kept = prepare_rollback(transaction, to)?;
                transaction.prepare_cached(RELEASE_WANTED)?.execute([])?;
                let published = replace::carry_out(transaction, stamp)?;
                Ok(Published { unchanged: published.unchanged + kept, ..published })
            }),
            PublishMode::DryRun => self.try_out(|transaction| {
                let kept = prepare_rollback(transaction, to)?;
                let published = replace::compare(transaction)?;
                Ok(Published { unchanged: published.unchanged + kept, ..published })
            }),
        }
    }
}

/// The time before the first generation, when nothing was published.
const BEFORE_ALL: GenerationId = GenerationId::new(0);

/// Fills `old` and `wanted`. Answers how many current mappings are older than that generation and stay untouched.
fn prepare_rollback(connection: &Connection, to: GenerationId) -> Result<u64, Fault> {
    let is_known =
        to == BEFORE_ALL || connection.prepare_cached("SELECT 1 FROM generations WHERE id = ?1")?.exists([to])?;
    if !is_known {
        return Err(CatalogError::NoSuchGeneration { id: to }.into());
    }
    replace::clear(connection)?;
    connection.prepare_cached(OLD_SINCE)?.execute([to])?;
    connection.prepare_cached(WANTED_THEN)?.execute([to])?;
    let current = super::status::mapping_count(connection)?;
    Ok(current.saturating_sub(replace::old_count(connection)?))
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

fn generation(row: &Row<'_>) -> rusqlite::Result<Generation> {
    Ok(Generation {
        id: row.get("id")?,
        at: row.get("at")?,
        author: row.get("author")?,
        reason: row.get("reason")?,
        added: count(row, "added")?,
        changed: count(row, "changed")?,
        removed: count(row, "removed")?,
    })
}
