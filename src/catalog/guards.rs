//! What automatic choosing must leave alone: locks as they are inherited, and what is not monitored.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{Catalog, CatalogError};
use crate::model::EntityId;

/// What holds for an entity, its own locks and those it inherits taken together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    is_unmonitored: bool,
    locked: BTreeMap<String, bool>,
}

impl Guard {
    /// Whether automatic steps must leave a field (an image type or a metadata field) alone. Everything of an
    /// unmonitored entity is.
    #[must_use]
    pub fn is_locked(&self, field: &str) -> bool {
        self.is_unmonitored || self.locked.get(field).copied().unwrap_or(false)
    }

    /// Whether nothing of it may be touched at all.
    #[must_use]
    pub fn is_unmonitored(&self) -> bool {
        self.is_unmonitored
    }
}

impl Catalog {
    /// What automatic steps must leave alone. Locks are inherited from the series by its seasons and from the season by
    /// its episodes; what is said further down wins. What belongs to something unmonitored is not monitored either.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn guard_of(&self, entity: EntityId) -> Result<Guard, CatalogError> {
        self.read(|connection| Ok(guard(connection, entity)?))
    }
}

/// The entity, its season, its series, with the number of steps up; a ring of parents ends by its length.
const LINE: &str = "
    WITH RECURSIVE line (id, parent, monitored, depth) AS (
        SELECT id, CASE WHEN entity_type IN ('season', 'episode') THEN parent_id END, monitored, 0
        FROM entities WHERE id = ?1
        UNION ALL
        SELECT e.id, CASE WHEN e.entity_type IN ('season', 'episode') THEN e.parent_id END, e.monitored, line.depth + 1
        FROM line JOIN entities e ON e.id = line.parent WHERE line.depth < 8
    )
    SELECT line.monitored, k.field, k.is_locked FROM line LEFT JOIN locks k ON k.entity_id = line.id
    ORDER BY line.depth";

pub(super) fn guard(connection: &Connection, entity: EntityId) -> rusqlite::Result<Guard> {
    let mut statement = connection.prepare_cached(LINE)?;
    let mut rows = statement.query([entity])?;
    let mut guard = Guard::default();
    while let Some(row) = rows.next()? {
        guard.is_unmonitored |= !row.get::<_, bool>("monitored")?;
        if let Some(field) = row.get::<_, Option<String>>("field")? {
            let is_locked = row.get("is_locked")?;
            guard.locked.entry(field).or_insert(is_locked);
        }
    }
    Ok(guard)
}
