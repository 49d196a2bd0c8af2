//! Metadata fields of entities, and the pictures that metadata files name by their addresses.
//!
//! What each source says of a field is kept apart. What is shown is what the person says, else metadata files, else names in
//! the tree, else a provider.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row};

use super::enrichment::SOURCE_USER;
use super::entities::Entity;
use super::external_ids::SOURCE_SCAN;
use super::sql_types::image_type;
use super::{Catalog, CatalogError, guards};
use crate::model::{EntityId, Field, ImageType, UnixSeconds};

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

/// A field of metadata, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcedField {
    /// The field.
    pub field: MetadataField,
    /// `user`, `nfo`, `scan` (names in the tree) or a provider.
    pub source: String,
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
    /// The metadata of an entity as it is shown, by field.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn metadata_of(&self, entity: EntityId) -> Result<Vec<MetadataField>, CatalogError> {
        self.read(|connection| Ok(of(connection, entity)?))
    }

    /// The same, with who says so.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn sourced_metadata_of(&self, entity: EntityId) -> Result<Vec<SourcedField>, CatalogError> {
        self.read(|connection| Ok(shown(connection, entity)?))
    }

    /// Everything that is shown of an entity in words: its metadata, with the title and year that stand in its row.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn fields_of(&self, entity: &Entity) -> Result<Vec<SourcedField>, CatalogError> {
        let mut fields = self.sourced_metadata_of(entity.id)?;
        let year = entity.year.map(|year| year.to_string());
        for (field, value) in [(Field::YEAR, year), (Field::TITLE, Some(entity.title.clone()))] {
            let known = fields.iter().position(|one| one.field.field == field.as_str());
            let known = known.map(|at| fields.remove(at));
            let Some(value) = value else { continue };
            let told =
                known.filter(|one| one.source == SOURCE_USER || one.source == SOURCE_NFO && one.field.value == value);
            let source = told.map_or_else(|| SOURCE_SCAN.to_owned(), |one| one.source);
            fields.insert(0, SourcedField { field: MetadataField { field: field.to_string(), value }, source });
        }
        Ok(fields)
    }

    /// The pictures that metadata files of an entity name, in their order.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn declared_artwork_of(&self, entity: EntityId) -> Result<Vec<DeclaredArtwork>, CatalogError> {
        self.read(|connection| Ok(artwork_of(connection, entity)?))
    }
}

/// Writes metadata that providers tell into fields that are not locked. It is shown where neither a person nor the tree says
/// anything; of providers the last one to tell counts.
pub(super) fn set_fields(
    connection: &Connection,
    entity: EntityId,
    fields: &[SourcedField],
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    let guard = guards::guard(connection, entity)?;
    let mut forget = connection.prepare_cached(
        "DELETE FROM metadata_fields
         WHERE entity_id = ?1 AND field = ?2 AND source NOT IN ('user', 'nfo', 'scan', ?3)",
    )?;
    for SourcedField { field, source } in fields.iter().filter(|one| !guard.is_locked(&one.field.field)) {
        forget.execute((entity, &field.field, source))?;
        put(connection, entity, &field.field, source, &field.value, now)?;
    }
    Ok(())
}

/// The metadata of an entity as it is shown, by field.
pub(super) fn of(connection: &Connection, entity: EntityId) -> rusqlite::Result<Vec<MetadataField>> {
    Ok(shown(connection, entity)?.into_iter().map(|sourced| sourced.field).collect())
}

/// What is shown, by field.
fn shown(connection: &Connection, entity: EntityId) -> rusqlite::Result<Vec<SourcedField>> {
    let mut statement =
        connection.prepare_cached("SELECT field, source, value FROM metadata_fields WHERE entity_id = ?1")?;
    let mut shown: BTreeMap<String, SourcedField> = BTreeMap::new();
    for sourced in statement.query_map([entity], sourced)? {
        let sourced = sourced?;
        let known = shown.get(&sourced.field.field);
        if known.is_none_or(|known| rank(&sourced.source) < rank(&known.source)) {
            shown.insert(sourced.field.field.clone(), sourced);
        }
    }
    Ok(shown.into_values().collect())
}

fn sourced(row: &Row<'_>) -> rusqlite::Result<SourcedField> {
    let field = MetadataField { field: row.get("field")?, value: row.get("value")? };
    Ok(SourcedField { field, source: row.get("source")? })
}

/// Who comes before whom.
fn rank(source: &str) -> u8 {
    match source {
        SOURCE_USER => 0,
        SOURCE_NFO => 1,
        SOURCE_SCAN => 2,
        _ => 3,
    }
}

/// What a source says of a field.
pub(super) fn value(
    connection: &Connection,
    entity: EntityId,
    field: &str,
    source: &str,
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM metadata_fields WHERE entity_id = ?1 AND field = ?2 AND source = ?3")?
        .query_row((entity, field, source), |row| row.get("value"))
        .optional()
}

/// Notes what a source says of a field. Whether it said something else before.
pub(super) fn put(
    connection: &Connection,
    entity: EntityId,
    field: &str,
    source: &str,
    value: &str,
    now: UnixSeconds,
) -> rusqlite::Result<bool> {
    let written = connection
        .prepare_cached(
            "INSERT INTO metadata_fields (entity_id, field, source, value, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (entity_id, field, source) DO UPDATE
                SET value = excluded.value, updated_at = excluded.updated_at WHERE value <> excluded.value",
        )?
        .execute((entity, field, source, value, now))?;
    Ok(written > 0)
}

/// A source says nothing of a field any more. Whether it did.
pub(super) fn remove(connection: &Connection, entity: EntityId, field: &str, source: &str) -> rusqlite::Result<bool> {
    let gone = connection
        .prepare_cached("DELETE FROM metadata_fields WHERE entity_id = ?1 AND field = ?2 AND source = ?3")?
        .execute((entity, field, source))?;
    Ok(gone > 0)
}

/// Makes `fields` what metadata files tell of the entity, but for locked ones. Whether anything changed.
pub(super) fn replace(
    connection: &Connection,
    entity: EntityId,
    fields: &[MetadataField],
    now: UnixSeconds,
) -> rusqlite::Result<bool> {
    let known = told_by_nfo(connection, entity)?;
    let gone = known.keys().filter(|name| !fields.iter().any(|field| field.field == **name));
    let new = fields.iter().filter(|field| known.get(&field.field) != Some(&field.value));
    let (gone, new): (Vec<&String>, Vec<&MetadataField>) = (gone.collect(), new.collect());
    if gone.is_empty() && new.is_empty() {
        return Ok(false);
    }
    let guard = guards::guard(connection, entity)?;
    let mut is_changed = false;
    for field in gone.into_iter().filter(|field| !guard.is_locked(field)) {
        is_changed |= remove(connection, entity, field, SOURCE_NFO)?;
    }
    for MetadataField { field, value } in new.into_iter().filter(|new| !guard.is_locked(&new.field)) {
        is_changed |= put(connection, entity, field, SOURCE_NFO, value, now)?;
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
