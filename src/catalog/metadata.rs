//! Metadata fields of entities, and the pictures that metadata files name by their addresses.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::sql_types::image_type;
use super::{Catalog, CatalogError};
use crate::model::{EntityId, ImageType, UnixSeconds};

/// Who says it: a metadata file in the tree.
const SOURCE_NFO: &str = "nfo";

/// One field of metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataField {
    /// Its name: `title`, `plot`, `genres`, …
    pub field: String,
    /// Its value; of a field with several values a JSON list of texts.
    pub value: String,
}

/// A picture that is named by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredArtwork {
    /// What it is of.
    pub image_type: ImageType,
    /// Its address.
    pub url: String,
}

impl Catalog {
    /// The metadata of an entity, by field.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn metadata_of(&self, entity: EntityId) -> Result<Vec<MetadataField>, CatalogError> {
        self.read(|connection| Ok(of(connection, entity)?))
    }

    /// The pictures that metadata files of an entity name, in their order.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn declared_artwork_of(&self, entity: EntityId) -> Result<Vec<DeclaredArtwork>, CatalogError> {
        self.read(|connection| Ok(artwork_of(connection, entity)?))
    }
}

/// Makes `fields` what metadata files tell of the entity. Fields from elsewhere and locked ones stay as they are. Whether
/// anything changed.
pub(super) fn replace(
    connection: &Connection,
    entity: EntityId,
    fields: &[MetadataField],
    now: UnixSeconds,
) -> rusqlite::Result<bool> {
    let known = told_by_nfo(connection, entity)?;
    let mut is_changed = false;
    for field in known.keys().filter(|name| !fields.iter().any(|field| field.field == **name)) {
        is_changed |= connection
            .prepare_cached(
                "DELETE FROM metadata_fields WHERE entity_id = ?1 AND field = ?2 AND NOT EXISTS
                 (SELECT 1 FROM locks k WHERE k.entity_id = ?1 AND k.field = ?2 AND k.is_locked = 1)",
            )?
            .execute((entity, field))?
            > 0;
    }
    for MetadataField { field, value } in fields.iter().filter(|field| known.get(&field.field) != Some(&field.value)) {
        is_changed |= connection
            .prepare_cached(
                "INSERT INTO metadata_fields (entity_id, field, value, source, updated_at)
                 SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS
                 (SELECT 1 FROM locks k WHERE k.entity_id = ?1 AND k.field = ?2 AND k.is_locked = 1)
                 ON CONFLICT (entity_id, field) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
                    WHERE source = excluded.source AND value <> excluded.value",
            )?
            .execute((entity, field, value, SOURCE_NFO, now))?
            > 0;
    }
    Ok(is_changed)
}

/// Makes `artwork` the pictures that metadata files of the entity name. Whether anything changed.
pub(super) fn replace_artwork(
    connection: &Connection,
    entity: EntityId,
    artwork: &[DeclaredArtwork],
) -> rusqlite::Result<bool> {
    if artwork_of(connection, entity)? == artwork {
        return Ok(false);
    }
    connection.prepare_cached("DELETE FROM declared_artwork WHERE entity_id = ?1")?.execute([entity])?;
    let mut add = connection.prepare_cached(
        "INSERT INTO declared_artwork (entity_id, position, image_type, image_number, url) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (position, DeclaredArtwork { image_type, url }) in artwork.iter().enumerate() {
        add.execute((entity, position as i64, image_type.kind().as_str(), image_type.number(), url))?;
    }
    Ok(true)
}

/// The metadata of an entity, by field.
pub(super) fn of(connection: &Connection, entity: EntityId) -> rusqlite::Result<Vec<MetadataField>> {
    connection
        .prepare_cached("SELECT field, value FROM metadata_fields WHERE entity_id = ?1 ORDER BY field")?
        .query_map([entity], |row| Ok(MetadataField { field: row.get("field")?, value: row.get("value")? }))?
        .collect()
}

fn told_by_nfo(connection: &Connection, entity: EntityId) -> rusqlite::Result<BTreeMap<String, String>> {
    connection
        .prepare_cached("SELECT field, value FROM metadata_fields WHERE entity_id = ?1 AND source = ?2")?
        .query_map((entity, SOURCE_NFO), |row| Ok((row.get("field")?, row.get("value")?)))?
        .collect()
}

fn artwork_of(connection: &Connection, entity: EntityId) -> rusqlite::Result<Vec<DeclaredArtwork>> {
    connection
        .prepare_cached(
            "SELECT image_type, image_number, url FROM declared_artwork WHERE entity_id = ?1 ORDER BY position",
        )?
        .query_map([entity], |row| Ok(DeclaredArtwork { image_type: image_type(row)?, url: row.get("url")? }))?
        .collect()
}
