//! Locks: what automatic choosing must leave alone.

use rusqlite::{Connection, Row};

use super::{Catalog, CatalogError, entities};
use crate::model::{EntityId, UnixSeconds};

/// How a lock came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockOrigin {
    /// By choosing, uploading or editing by hand.
    Manual,
    /// By `lock` or `unlock`.
    Explicit,
}

/// What is said about one field of one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// An image type (`poster`, `fanart2`) or a metadata field.
    pub field: String,
    /// Locked, or unlocked whatever its parent says.
    pub is_locked: bool,
    /// How it came about.
    pub origin: LockOrigin,
    /// When.
    pub locked_at: UnixSeconds,
}

impl LockOrigin {
    fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Explicit => "explicit",
        }
    }
}

/// The nearest word on the way up holds; an entity that is not monitored is locked whatever is said.
const IN_FORCE: &str = "
    WITH RECURSIVE above (id, parent_id, monitored, depth) AS (
        SELECT id, parent_id, monitored, 0 FROM entities WHERE id = ?1
        UNION ALL
        SELECT e.id, e.parent_id, e.monitored, a.depth + 1 FROM above a JOIN entities e ON e.id = a.parent_id
        WHERE a.depth < 8)
    SELECT EXISTS (SELECT 1 FROM above WHERE monitored = 0)
           OR coalesce((SELECT k.is_locked FROM above a JOIN locks k ON k.entity_id = a.id AND k.field = ?2
                        ORDER BY a.depth LIMIT 1), 0) AS is_locked";

impl Catalog {
    /// Whether a field is locked, by a word on the entity itself or on what it belongs to. An entity that is not
    /// monitored counts as locked.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn has_lock_in_force(&self, entity: EntityId, field: &str) -> Result<bool, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(IN_FORCE)?;
            Ok(statement.query_row((entity, field), |row| row.get("is_locked"))?)
        })
    }

    /// The locks of the entity itself, by field; those of its parents are not among them.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn locks_of(&self, entity: EntityId) -> Result<Vec<Lock>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT field, is_locked, origin, locked_at FROM locks WHERE entity_id = ?1 ORDER BY field",
            )?;
            Ok(statement.query_map([entity], lock)?.collect::<Result<_, _>>()?)
        })
    }

    /// Locks or unlocks a field of an entity.
    ///
    /// # Errors
    /// When there is no such entity, or the catalog cannot be written.
    pub fn set_lock(
        &mut self,
        entity: EntityId,
        field: &str,
        is_locked: bool,
        origin: LockOrigin,
        now: UnixSeconds,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            entities::require(transaction, entity)?;
            Ok(set(transaction, entity, field, is_locked, origin, now)?)
        })
    }
}

pub(super) fn set(
    connection: &Connection,
    entity: EntityId,
    field: &str,
    is_locked: bool,
    origin: LockOrigin,
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO locks (entity_id, field, is_locked, origin, locked_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (entity_id, field) DO UPDATE
                SET is_locked = excluded.is_locked, origin = excluded.origin, locked_at = excluded.locked_at",
        )?
        .execute((entity, field, is_locked, origin.as_str(), now))?;
    Ok(())
}

fn lock(row: &Row<'_>) -> rusqlite::Result<Lock> {
    Ok(Lock {
        field: row.get("field")?,
        is_locked: row.get("is_locked")?,
        origin: if row.get_ref("origin")?.as_str()? == LockOrigin::Manual.as_str() {
            LockOrigin::Manual
        } else {
            LockOrigin::Explicit
        },
        locked_at: row.get("locked_at")?,
    })
}
