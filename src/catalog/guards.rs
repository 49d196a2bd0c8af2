//! What automatic steps must leave alone: locks as they are inherited, and what is not monitored. [`Guard`] decides; here
//! is read what it decides by.

use rusqlite::Connection;

use super::locks::origin;
use super::{Catalog, CatalogError};
use crate::model::{EntityId, Guard, LockLevel, LockWord};

impl Catalog {
    /// What automatic steps must leave alone of an entity.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn guard_of(&self, entity: EntityId) -> Result<Guard, CatalogError> {
        self.read(|connection| Ok(guard(connection, entity)?))
    }
}

/// The entity, its season, its series, with the number of steps up; a ring of parents ends by its length.
const LINE: &str = "
    WITH RECURSIVE line (id, parent, entity_type, monitored, depth) AS (
        SELECT id, CASE WHEN entity_type IN ('season', 'episode') THEN parent_id END, entity_type, monitored, 0
        FROM entities WHERE id = ?1
        UNION ALL
        SELECT e.id, CASE WHEN e.entity_type IN ('season', 'episode') THEN e.parent_id END, e.entity_type, e.monitored,
               line.depth + 1
        FROM line JOIN entities e ON e.id = line.parent WHERE line.depth < 8
    )
    SELECT line.id, line.entity_type, line.monitored, k.field, k.is_locked, k.origin
    FROM line LEFT JOIN locks k ON k.entity_id = line.id
    ORDER BY line.depth";

pub(super) fn guard(connection: &Connection, entity: EntityId) -> rusqlite::Result<Guard> {
    let mut statement = connection.prepare_cached(LINE)?;
    let mut rows = statement.query([entity])?;
    let mut levels: Vec<LockLevel> = Vec::new();
    while let Some(row) = rows.next()? {
        let entity = row.get("id")?;
        if levels.last().is_none_or(|level| level.entity != entity) {
            levels.push(LockLevel {
                entity,
                entity_type: row.get("entity_type")?,
                is_monitored: row.get("monitored")?,
                words: Default::default(),
            });
        }
        if let (Some(level), Some(field)) = (levels.last_mut(), row.get::<_, Option<String>>("field")?) {
            level.words.insert(field, LockWord { is_locked: row.get("is_locked")?, origin: origin(row)? });
        }
    }
    Ok(Guard::new(levels))
}
