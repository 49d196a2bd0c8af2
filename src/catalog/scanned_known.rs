//! Which entity a scanned item is.
//!
//! By its path first. Then by its video, which a film keeps when its folder gets company. Then as one that moved: the
//! same file or folder elsewhere, or the same id, where nothing is left at the old path. Seasons go by their number.

use rusqlite::{Connection, OptionalExtension, Params};

use super::entities::{self, Entity, entity_columns};
use super::scanned::{ScannedItem, ScannedParent};
use crate::model::{EntityId, EntityType, LibraryId, RelPath};

/// An entity that a scanned item is.
pub(super) struct Known {
    pub(super) entity: Entity,
    /// Whether it was somewhere else before.
    pub(super) has_moved: bool,
}

const BY_SEASON: &str = concat!(
    "SELECT ",
    entity_columns!(),
    " FROM entities e WHERE e.parent_id = ?1 AND e.season = ?2 AND e.entity_type = 'season'
      ORDER BY e.is_missing, e.id LIMIT 1"
);
const BY_VIDEO: &str = concat!(
    "SELECT ",
    entity_columns!(),
    " FROM entities e WHERE e.library_id = ?1 AND e.entity_type = ?2 AND e.video = ?3
      AND e.id NOT IN (SELECT entity_id FROM temp.seen) ORDER BY e.is_missing, e.id LIMIT 1"
);
const BY_FILE: &str = concat!(
    "SELECT ",
    entity_columns!(),
    " FROM entity_files f CROSS JOIN entities e ON e.id = f.entity_id
      WHERE f.inode = ?3 AND f.born = ?4 AND e.library_id = ?1 AND e.entity_type = ?2
      AND e.id NOT IN (SELECT entity_id FROM temp.seen) ORDER BY e.is_missing, e.id"
);
const BY_ID: &str = concat!(
    "SELECT ",
    entity_columns!(),
    " FROM external_ids x CROSS JOIN entities e ON e.id = x.entity_id
      WHERE x.provider = ?3 AND x.value = ?4 AND e.library_id = ?1 AND e.entity_type = ?2
      AND e.id NOT IN (SELECT entity_id FROM temp.seen) ORDER BY e.is_missing, e.id"
);

/// The entity that the item is, if it is known. Without `is_gone`, which tells whether a path is empty now, nothing counts as
/// moved.
pub(super) fn known(
    connection: &Connection,
    item: &ScannedItem,
    parent: Option<EntityId>,
    is_gone: Option<&dyn Fn(&RelPath) -> bool>,
) -> rusqlite::Result<Option<Known>> {
    let stays = |entity| Known { entity, has_moved: false };
    if let (EntityType::Season, Some(parent)) = (item.entity_type, parent) {
        let season = one(connection, BY_SEASON, (parent, item.season))?;
        let has_moved =
            |entity: &Entity| entity.path != item.path && is_gone.is_some_and(|is_gone| is_gone(&entity.path));
        return Ok(season.map(|entity| Known { has_moved: has_moved(&entity), entity }));
    }
    if let Some(entity) = entities::by_key(connection, item.library, item.entity_type, &item.path)? {
        return Ok(Some(stays(entity)));
    }
    let Some(is_gone) = is_gone else { return Ok(None) };
    if let Some(entity) = one(connection, BY_VIDEO, (item.library, item.entity_type, &item.video))? {
        return Ok(Some(stays(entity)));
    }
    Ok(moved(connection, item, is_gone)?.map(|entity| Known { entity, has_moved: true }))
}

/// The entity that the item belongs to.
pub(super) fn parent(
    connection: &Connection,
    library: LibraryId,
    parent: &ScannedParent,
) -> rusqlite::Result<Option<EntityId>> {
    let Some(number) = parent.season else {
        return Ok(entities::by_key(connection, library, parent.entity_type, &parent.path)?.map(|entity| entity.id));
    };
    let series = entities::by_key(connection, library, EntityType::Series, &parent.path)?;
    match series {
        Some(series) => Ok(one(connection, BY_SEASON, (series.id, number))?.map(|season| season.id)),
        None => Ok(None),
    }
}

/// Notes where the item was found.
pub(super) fn note_place(connection: &Connection, id: EntityId, item: &ScannedItem) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE entities SET found_in = ?2 WHERE id = ?1 AND found_in IS NOT ?2")?
        .execute((id, &item.found_in))?;
    Ok(())
}

/// Notes which file the item is.
pub(super) fn note_file(connection: &Connection, id: EntityId, item: &ScannedItem) -> rusqlite::Result<()> {
    let Some(file) = item.file else { return Ok(()) };
    connection
        .prepare_cached(
            "INSERT INTO entity_files (entity_id, inode, born) VALUES (?1, ?2, ?3)
             ON CONFLICT (entity_id) DO UPDATE SET inode = excluded.inode, born = excluded.born
                WHERE (inode, born) <> (excluded.inode, excluded.born)",
        )?
        .execute((id, file.inode.cast_signed(), file.born_ns))?;
    Ok(())
}

/// Takes the path of the item away from another entity that has it: that one is gone from there, or is about to be found
/// elsewhere.
pub(super) fn displace(connection: &Connection, id: EntityId, item: &ScannedItem) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE entities SET path = CAST('.displaced/' || id AS BLOB)
             WHERE library_id = ?1 AND entity_type = ?2 AND path = ?3 AND id <> ?4",
        )?
        .execute((item.library, item.entity_type, &item.path, id))?;
    Ok(())
}

fn moved(
    connection: &Connection,
    item: &ScannedItem,
    is_gone: &dyn Fn(&RelPath) -> bool,
) -> rusqlite::Result<Option<Entity>> {
    let (library, entity_type) = (item.library, item.entity_type);
    if let Some(file) = item.file {
        let same = all(connection, BY_FILE, (library, entity_type, file.inode.cast_signed(), file.born_ns))?;
        let is_gone = |entity: &Entity| is_gone(entity.video.as_ref().unwrap_or(&entity.path));
        if let Some(entity) = same.into_iter().find(is_gone) {
            return Ok(Some(entity));
        }
    }
    for (provider, value) in &item.ids {
        let same = all(connection, BY_ID, (library, entity_type, provider, value))?;
        if let Some(entity) = same.into_iter().find(|entity| is_gone(&entity.path)) {
            return Ok(Some(entity));
        }
    }
    Ok(None)
}

fn one(connection: &Connection, sql: &'static str, parameters: impl Params) -> rusqlite::Result<Option<Entity>> {
    connection.prepare_cached(sql)?.query_row(parameters, entities::entity).optional()
}

fn all(connection: &Connection, sql: &'static str, parameters: impl Params) -> rusqlite::Result<Vec<Entity>> {
    connection.prepare_cached(sql)?.query_map(parameters, entities::entity)?.collect()
}
