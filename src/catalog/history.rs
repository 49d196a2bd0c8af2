//! Looking back: what happened to an item, how two generations differ, names of generations, and what is forgotten.

use rusqlite::{OptionalExtension, Row, named_params};

use super::generations::{self, Generation, Stamp};
use super::sql_types::{array, image_type, valid};
use super::{Catalog, CatalogError, entities};
use crate::model::{ContentHash, EntityId, GenerationId, ImageType, LibraryId, Name, RelPath, UnixSeconds};

/// A name that a generation goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The name.
    pub name: String,
    /// The generation.
    pub generation: GenerationId,
    /// Who named it.
    pub author: String,
    /// When.
    pub at: UnixSeconds,
}

/// A picture as a path showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPicture {
    /// The entity it is for.
    pub entity: EntityId,
    /// What it is of.
    pub image_type: ImageType,
    /// The SHA-256 of its bytes.
    pub hash: ContentHash,
}

/// A path that two generations show differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The library.
    pub library: LibraryId,
    /// The folder, relative to it. Of a folder that was renamed since, as it is called now.
    pub folder: RelPath,
    /// The name there.
    pub name: Name,
    /// What the one shows; `None` where it shows nothing.
    pub before: Option<ShownPicture>,
    /// What the other one shows.
    pub after: Option<ShownPicture>,
}

/// A picture that a program wrote into a view and that became a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapturedWrite {
    /// The entity it is for.
    pub entity: EntityId,
    /// What it is of.
    pub image_type: ImageType,
    /// The program and its user.
    pub author: String,
    /// When.
    pub at: UnixSeconds,
}

/// The generations that touched any of the entities, with what each of them did to these. A path that ends and begins in
/// one generation has changed.
const OF_ITEMS: &str = "
    WITH mine (library_id, folder, name, added, removed) AS (
        SELECT m.library_id, m.folder, m.name, m.added_generation, w.generation
        FROM library_image_files m LEFT JOIN withdrawn w ON w.mapping_id = m.id
        WHERE m.entity_id IN (SELECT value FROM rarray(:items)) AND m.removed_generation IS NULL
          AND m.cache_file_id IS NOT NULL
        UNION ALL
        SELECT m.library_id, m.folder, m.name, m.added_generation, coalesce(w.generation, m.removed_generation)
        FROM library_image_files m LEFT JOIN withdrawn w ON w.mapping_id = m.id
        WHERE m.entity_id IN (SELECT value FROM rarray(:items)) AND m.removed_generation IS NOT NULL),
    steps (generation, library_id, folder, name, began, ended) AS (
        SELECT added, library_id, folder, name, 1, 0 FROM mine
        UNION ALL SELECT removed, library_id, folder, name, 0, 1 FROM mine WHERE removed IS NOT NULL),
    paths (generation, began, ended) AS (
        SELECT generation, max(began), max(ended) FROM steps GROUP BY generation, library_id, folder, name)
    SELECT g.id, g.at, g.author, g.reason, g.forgotten_at, sum(p.began AND NOT p.ended) AS added,
           sum(p.began AND p.ended) AS changed, sum(p.ended AND NOT p.began) AS removed
    FROM paths p JOIN generations g ON g.id = p.generation
    WHERE :before IS NULL OR g.id < :before
    GROUP BY g.id ORDER BY g.id DESC LIMIT :limit";

const CAPTURED: &str = "
    SELECT c.entity_id, c.image_type, c.image_number, c.fetched_at, coalesce(f.author, '') AS author
    FROM asset_candidates c JOIN cache_image_files f ON f.id = c.cache_file_id
    WHERE c.entity_id IN (SELECT value FROM rarray(?1)) AND c.provider = 'program'
    ORDER BY c.fetched_at DESC, c.id DESC LIMIT ?2";

/// A path that changed between two generations has a row that ended there, one that began there, or both. What a program
/// has removed ended with that.
const DIFFERENCES: &str = "
    WITH moved (id, library_id, folder, name, added, removed) AS (
        SELECT id, library_id, folder, name, added_generation, removed_generation FROM library_image_files
        WHERE removed_generation > :low AND (removed_generation <= :high AND added_generation <= :low
                                             OR removed_generation > :high AND added_generation > :low
                                                AND added_generation <= :high)
              AND id NOT IN (SELECT mapping_id FROM withdrawn WHERE generation IS NOT NULL)
        UNION ALL
        SELECT id, library_id, folder, name, added_generation, removed_generation FROM library_image_files
        WHERE added_generation > :low AND added_generation <= :high AND removed_generation IS NULL
              AND cache_file_id IS NOT NULL
              AND id NOT IN (SELECT mapping_id FROM withdrawn WHERE generation IS NOT NULL)
        UNION ALL
        SELECT m.id, m.library_id, m.folder, m.name, m.added_generation, w.generation
        FROM withdrawn w CROSS JOIN library_image_files m ON m.id = w.mapping_id
        WHERE w.generation > :low AND (w.generation <= :high AND m.added_generation <= :low
                                       OR w.generation > :high AND m.added_generation > :low
                                          AND m.added_generation <= :high)),
    paths (library_id, folder, name, older, newer) AS (
        SELECT library_id, folder, name, max(CASE WHEN added <= :low THEN id END),
               max(CASE WHEN added > :low THEN id END)
        FROM moved GROUP BY library_id, folder, name)
    SELECT p.library_id, p.folder, p.name,
           o.entity_id AS old_entity, o.image_type AS old_type, o.image_number AS old_number, of.sha256 AS old_hash,
           n.entity_id AS new_entity, n.image_type AS new_type, n.image_number AS new_number, nf.sha256 AS new_hash
    FROM paths p
    LEFT JOIN library_image_files o ON o.id = p.older LEFT JOIN cache_image_files of ON of.id = o.cache_file_id
    LEFT JOIN library_image_files n ON n.id = p.newer LEFT JOIN cache_image_files nf ON nf.id = n.cache_file_id
    ORDER BY p.library_id, p.folder, p.name";

impl Catalog {
    /// The newest generations before `before` that touched an item or anything that belongs to it, newest first, at most
    /// `limit`, each with what it did to these.
    ///
    /// # Errors
    /// When there is no such item, or the catalog cannot be read.
    pub fn history_of(
        &self,
        item: EntityId,
        before: Option<GenerationId>,
        limit: u32,
    ) -> Result<Vec<Generation>, CatalogError> {
        self.read(|connection| {
            entities::require(connection, item)?;
            let items = array(entities::subtree(connection, item)?.into_iter().map(EntityId::get));
            let mut statement = connection.prepare_cached(OF_ITEMS)?;
            let rows = statement.query_map(
                named_params! { ":items": items, ":before": before, ":limit": limit },
                generations::generation,
            )?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// What programs wrote of an item and of all that belongs to it that became candidates, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn captured_writes_of(&self, item: EntityId, limit: u32) -> Result<Vec<CapturedWrite>, CatalogError> {
        self.read(|connection| {
            let items = array(entities::subtree(connection, item)?.into_iter().map(EntityId::get));
            let mut statement = connection.prepare_cached(CAPTURED)?;
            let captured = |row: &Row<'_>| {
                let (entity, image_type) = (row.get("entity_id")?, image_type(row)?);
                Ok(CapturedWrite { entity, image_type, author: row.get("author")?, at: row.get("fetched_at")? })
            };
            Ok(statement.query_map((items, limit), captured)?.collect::<Result<_, _>>()?)
        })
    }

    /// The newest generation; 0 when there is none.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn latest_generation(&self) -> Result<GenerationId, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT coalesce(max(id), 0) AS id FROM generations")?;
            Ok(statement.query_row([], |row| row.get("id"))?)
        })
    }

    /// Tells every path that two generations show differently, by library and path. Rows that are not valid are passed
    /// over.
    ///
    /// # Errors
    /// When there is no such generation, what it showed has been forgotten, or the catalog cannot be read.
    pub fn differences(
        &self,
        from: GenerationId,
        to: GenerationId,
        mut each: impl FnMut(Difference),
    ) -> Result<(), CatalogError> {
        self.read_together(|connection| {
            for generation in [from, to].into_iter().filter(|generation| generation.get() != 0) {
                generations::require(connection, generation)?;
            }
            let mut statement = connection.prepare_cached(DIFFERENCES)?;
            let mut rows = statement.query(named_params! { ":low": from.min(to), ":high": from.max(to) })?;
            while let Some(row) = rows.next()? {
                let Some(mut difference) = valid(difference(row))? else { continue };
                if from > to {
                    std::mem::swap(&mut difference.before, &mut difference.after);
                }
                if difference.before != difference.after {
                    each(difference);
                }
            }
            Ok(())
        })
    }

    /// Names a generation. A name that is in use moves to it.
    ///
    /// # Errors
    /// When the name is none, there is no such generation, what it showed has been forgotten, or the catalog cannot be
    /// written.
    pub fn tag(&mut self, name: &str, generation: GenerationId, stamp: &Stamp) -> Result<(), CatalogError> {
        check_name(name)?;
        self.write(|transaction| {
            generations::require(transaction, generation)?;
            transaction
                .prepare_cached(
                    "INSERT INTO generation_tags (name, generation_id, author, at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (name) DO UPDATE
                        SET generation_id = excluded.generation_id, author = excluded.author, at = excluded.at",
                )?
                .execute((name, generation, &stamp.author, stamp.now))?;
            Ok(())
        })
    }

    /// Takes the name of a generation away.
    ///
    /// # Errors
    /// When there is no such name, or the catalog cannot be written.
    pub fn untag(&mut self, name: &str) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let gone = transaction.prepare_cached("DELETE FROM generation_tags WHERE name = ?1")?.execute([name])?;
            if gone == 0 { Err(CatalogError::NoSuchTag { name: name.to_owned() }.into()) } else { Ok(()) }
        })
    }

    /// All names of generations, newest generation first.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn tags(&self) -> Result<Vec<Tag>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT name, generation_id, author, at FROM generation_tags ORDER BY generation_id DESC, name",
            )?;
            Ok(statement.query_map([], tag)?.collect::<Result<_, _>>()?)
        })
    }

    /// The generation of that name.
    ///
    /// # Errors
    /// When there is no such name, or the catalog cannot be read.
    pub fn tagged(&self, name: &str) -> Result<GenerationId, CatalogError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached("SELECT generation_id FROM generation_tags WHERE name = ?1")?
                .query_row([name], |row| row.get("generation_id"))
                .optional()?;
            Ok(found.ok_or_else(|| CatalogError::NoSuchTag { name: name.to_owned() })?)
        })
    }
}

/// A name begins with a letter, so that it is no number, and is easily typed.
fn check_name(name: &str) -> Result<(), CatalogError> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let is_name = name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(is_plain);
    if is_name { Ok(()) } else { Err(CatalogError::TagName { name: name.to_owned() }) }
}

fn tag(row: &Row<'_>) -> rusqlite::Result<Tag> {
    Ok(Tag {
        name: row.get("name")?,
        generation: row.get("generation_id")?,
        author: row.get("author")?,
        at: row.get("at")?,
    })
}

fn difference(row: &Row<'_>) -> rusqlite::Result<Difference> {
    Ok(Difference {
        library: row.get("library_id")?,
        folder: row.get("folder")?,
        name: row.get("name")?,
        before: shown(row, ["old_entity", "old_type", "old_number", "old_hash"])?,
        after: shown(row, ["new_entity", "new_type", "new_number", "new_hash"])?,
    })
}

fn shown(row: &Row<'_>, [entity, kind, number, hash]: [&str; 4]) -> rusqlite::Result<Option<ShownPicture>> {
    let Some(entity) = row.get(entity)? else { return Ok(None) };
    let image_type = super::sql_types::image_type_of(row, kind, number)?;
    Ok(Some(ShownPicture { entity, image_type, hash: row.get(hash)? }))
}
