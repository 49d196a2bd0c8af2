//! Ids of entities at providers.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{Catalog, CatalogError};
use crate::model::{EntityId, LibraryId, Provider, RelPath};

/// Who says it: the names in the tree.
pub(super) const SOURCE_SCAN: &str = "scan";

impl Catalog {
    /// The ids of an entity, by provider. Ids at providers that this program does not know are left out.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn external_ids_of(&self, entity: EntityId) -> Result<Vec<(Provider, String)>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT provider, value FROM external_ids WHERE entity_id = ?1 ORDER BY provider")?;
            let rows = statement.query_map([entity], |row| Ok((row.get("provider")?, row.get("value")?)))?;
            let mut ids = Vec::new();
            for row in rows {
                let (provider, value): (String, String) = row?;
                ids.extend(Provider::parse(&provider).map(|provider| (provider, value)));
            }
            Ok(ids)
        })
    }
}

/// Two entities of one library and type with one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedId {
    /// The provider.
    pub provider: Provider,
    /// The id.
    pub value: String,
    /// The entity that is known for longer.
    pub first: EntityId,
    /// The other one.
    pub second: EntityId,
    /// The path of the other one.
    pub path: RelPath,
}

impl Catalog {
    /// Ids of a library that two entities of one type have which are both there, at most `limit` of them. Not those of one
    /// title in one folder, which are editions of one film.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn shared_ids(&self, library: LibraryId, limit: u32) -> Result<Vec<SharedId>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT y.provider, y.value, a.id AS first, b.id AS second, b.path
                 FROM entities b
                 CROSS JOIN external_ids y ON y.entity_id = b.id
                 CROSS JOIN external_ids x ON x.provider = y.provider AND x.value = y.value AND x.entity_id < b.id
                 CROSS JOIN entities a ON a.id = x.entity_id
                 WHERE b.library_id = ?1 AND a.library_id = ?1 AND a.entity_type = b.entity_type
                   AND a.is_missing = 0 AND b.is_missing = 0 AND (a.folder, a.title) <> (b.folder, b.title)
                 ORDER BY b.id, y.provider, a.id LIMIT ?2",
            )?;
            let mut rows = statement.query((library, limit))?;
            let mut shared = Vec::new();
            while let Some(row) = rows.next()? {
                let word: String = row.get("provider")?;
                let Some(provider) = Provider::parse(&word) else { continue };
                let (first, second) = (row.get("first")?, row.get("second")?);
                shared.push(SharedId { provider, value: row.get("value")?, first, second, path: row.get("path")? });
            }
            Ok(shared)
        })
    }
}

/// Makes `ids` the ids that the tree tells of the entity; ids from elsewhere win and stay. Whether anything changed.
pub(super) fn replace_scanned(
    connection: &Connection,
    entity: EntityId,
    ids: &[(Provider, String)],
) -> rusqlite::Result<bool> {
    let known = all_of(connection, entity)?;
    let mut is_changed = false;
    for provider in known.iter().filter(|(_, (_, source))| source == SOURCE_SCAN).map(|(provider, _)| provider) {
        if !ids.iter().any(|(kept, _)| kept.as_str() == provider) {
            connection
                .prepare_cached("DELETE FROM external_ids WHERE entity_id = ?1 AND provider = ?2")?
                .execute((entity, provider))?;
            is_changed = true;
        }
    }
    for (provider, value) in ids {
        let is_settled = known
            .get(provider.as_str())
            .is_some_and(|(known_value, source)| source != SOURCE_SCAN || known_value == value);
        if !is_settled {
            connection
                .prepare_cached(
                    "INSERT INTO external_ids (entity_id, provider, value, source) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (entity_id, provider) DO UPDATE SET value = excluded.value",
                )?
                .execute((entity, provider, value, SOURCE_SCAN))?;
            is_changed = true;
        }
    }
    Ok(is_changed)
}

/// Provider → value and source.
fn all_of(connection: &Connection, entity: EntityId) -> rusqlite::Result<BTreeMap<String, (String, String)>> {
    connection
        .prepare_cached("SELECT provider, value, source FROM external_ids WHERE entity_id = ?1")?
        .query_map([entity], |row| Ok((row.get("provider")?, (row.get("value")?, row.get("source")?))))?
        .collect()
}
