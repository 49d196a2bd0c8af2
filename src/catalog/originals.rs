//! Originals: pictures of the tree that were there before us. They follow the tree as the scan sees it.

use std::collections::HashMap;

use rusqlite::{Connection, Row, named_params};

use super::sql_types::{Count, count, image_type};
use super::{Catalog, CatalogError};
use crate::model::{EntityId, ImageType, LibraryId, MappingId, Name, RelPath, UnixSeconds};

/// An original as a scan found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedOriginal {
    /// The folder it lies in.
    pub folder: RelPath,
    /// Its name there.
    pub name: Name,
    /// What it is of.
    pub image_type: ImageType,
    /// Its size in bytes.
    pub byte_count: u64,
    /// When it was last modified.
    pub mtime: UnixSeconds,
}

/// An original that the catalog knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its row.
    pub id: MappingId,
    /// What the scan found.
    pub found: ScannedOriginal,
}

const INSERT: &str = "
    INSERT OR IGNORE INTO library_image_files (library_id, entity_id, image_type, image_number, folder, name,
                                               byte_count, mtime)
    VALUES (:library, :entity, :image_type, :number, :folder, :name, :byte_count, :mtime)";

/// Takes a picture from an entity that this scan has not seen.
const TAKE_OVER: &str = "
    UPDATE library_image_files
    SET entity_id = :entity, image_type = :image_type, image_number = :number, byte_count = :byte_count, mtime = :mtime
    WHERE library_id = :library AND folder = :folder AND name = :name AND cache_file_id IS NULL
      AND entity_id NOT IN (SELECT s.entity_id FROM temp.seen s)";

impl Catalog {
    /// The originals of an entity, by path.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn originals_of(&self, entity: EntityId) -> Result<Vec<Original>, CatalogError> {
        self.read(|connection| Ok(known_of(connection, entity)?))
    }
}

/// Makes `found` the originals of the entity. Whether anything changed; folders where that changes what is hidden are
/// noted as touched.
///
/// A picture that another entity, seen in this scan, claims already stays with that one.
pub(super) fn replace(
    connection: &Connection,
    library: LibraryId,
    entity: EntityId,
    found: &[ScannedOriginal],
) -> rusqlite::Result<bool> {
    let known = known_of(connection, entity)?;
    let wanted: HashMap<(&RelPath, &Name), &ScannedOriginal> =
        found.iter().map(|original| ((&original.folder, &original.name), original)).collect();
    let mut is_changed = false;
    let mut settled = Vec::new();
    for Original { id, found: old } in &known {
        let key = (&old.folder, &old.name);
        if wanted.get(&key).is_some_and(|new| *new == old) {
            settled.push(key);
            continue;
        }
        connection
            .prepare_cached("DELETE FROM library_image_files WHERE id = ?1 AND cache_file_id IS NULL")?
            .execute([id])?;
        touch(connection, library, entity, old)?;
        is_changed = true;
    }
    for original in wanted.into_iter().filter(|(key, _)| !settled.contains(key)).map(|(_, original)| original) {
        is_changed |= insert(connection, library, entity, original)?;
    }
    Ok(is_changed)
}

/// Makes `found` those originals of the entity that lie in a folder or directly beneath it; others it may have elsewhere,
/// as actors and sets have beside each of their films. Whether anything changed.
pub(super) fn replace_beside(
    connection: &Connection,
    library: LibraryId,
    entity: EntityId,
    folder: &RelPath,
    found: &[ScannedOriginal],
) -> rusqlite::Result<bool> {
    let is_beside = |original: &&Original| {
        original.found.folder == *folder || original.found.folder.parent().as_ref() == Some(folder)
    };
    let known = known_of(connection, entity)?;
    let known: Vec<&Original> = known.iter().filter(is_beside).collect();
    let mut is_changed = false;
    for old in known.iter().filter(|old| !found.contains(&old.found)) {
        connection
            .prepare_cached("DELETE FROM library_image_files WHERE id = ?1 AND cache_file_id IS NULL")?
            .execute([old.id])?;
        touch(connection, library, entity, &old.found)?;
        is_changed = true;
    }
    for new in found.iter().filter(|new| !known.iter().any(|old| old.found == **new)) {
        is_changed |= insert(connection, library, entity, new)?;
    }
    Ok(is_changed)
}

fn insert(
    connection: &Connection,
    library: LibraryId,
    entity: EntityId,
    original: &ScannedOriginal,
) -> rusqlite::Result<bool> {
    let parameters = named_params! {
        ":library": library, ":entity": entity, ":image_type": original.image_type.kind().as_str(),
        ":number": original.image_type.number(), ":folder": original.folder, ":name": original.name,
        ":byte_count": Count(original.byte_count), ":mtime": original.mtime,
    };
    // Two statements, as one that may do either costs more than both.
    let mut written = connection.prepare_cached(INSERT)?.execute(parameters)?;
    if written == 0 {
        written = connection.prepare_cached(TAKE_OVER)?.execute(parameters)?;
    }
    if written > 0 {
        touch(connection, library, entity, original)?;
    }
    Ok(written > 0)
}

/// Notes the folder as touched when a mapping hides, or would show again, this original.
fn touch(
    connection: &Connection,
    library: LibraryId,
    entity: EntityId,
    original: &ScannedOriginal,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO temp.touched (library_id, folder)
             SELECT :library, :folder
             WHERE EXISTS (SELECT 1 FROM library_image_files m
                           WHERE m.entity_id = :entity AND m.image_type = :image_type AND m.image_number = :number
                             AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL)",
        )?
        .execute(named_params! {
            ":library": library, ":folder": original.folder, ":entity": entity,
            ":image_type": original.image_type.kind().as_str(), ":number": original.image_type.number(),
        })?;
    Ok(())
}

fn known_of(connection: &Connection, entity: EntityId) -> rusqlite::Result<Vec<Original>> {
    connection
        .prepare_cached(
            "SELECT id, folder, name, image_type, image_number, byte_count, mtime FROM library_image_files
             WHERE entity_id = ?1 AND cache_file_id IS NULL ORDER BY folder, name",
        )?
        .query_map([entity], original)?
        .collect()
}

fn original(row: &Row<'_>) -> rusqlite::Result<Original> {
    Ok(Original {
        id: row.get("id")?,
        found: ScannedOriginal {
            folder: row.get("folder")?,
            name: row.get("name")?,
            image_type: image_type(row)?,
            byte_count: count(row, "byte_count")?,
            mtime: row.get("mtime")?,
        },
    })
}
