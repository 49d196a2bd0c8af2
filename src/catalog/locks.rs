//! Locks: what automatic choosing must leave alone.

use rusqlite::{Connection, Row, Transaction};

use super::sql_types::array;
use super::{Catalog, CatalogError, PublishMode, entities, guards};
use crate::model::{EntityId, Guard, LockField, LockOrigin, UnixSeconds};

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

/// What `lock` and `unlock` do to a field of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockChange {
    /// Automatic steps must leave it alone.
    Lock,
    /// They may change it, whatever is said of what the entity belongs to.
    Unlock,
    /// Nothing is said of it here any more: what the entity belongs to decides.
    Inherit,
}

impl Catalog {
    /// Whether a field is locked, by a word on the entity itself or on what it belongs to ([`Guard`]).
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn has_lock_in_force(&self, entity: EntityId, field: &str) -> Result<bool, CatalogError> {
        Ok(self.guard_of(entity)?.is_locked(field))
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

    /// Locks or unlocks fields of an entity, or takes back what was said of them, all at once. What may be locked no longer is
    /// looked at again by the next scan and the next `enrich`, in the entity and in all that belongs to it. Answers what
    /// holds then.
    ///
    /// # Errors
    /// When there is no such entity, or the catalog cannot be written.
    pub fn change_locks(
        &mut self,
        entity: EntityId,
        fields: &[LockField],
        to: LockChange,
        mode: PublishMode,
        now: UnixSeconds,
    ) -> Result<Guard, CatalogError> {
        let work = |transaction: &Transaction<'_>| {
            entities::require(transaction, entity)?;
            fields.iter().try_for_each(|field| change(transaction, entity, *field, to, now))?;
            if to != LockChange::Lock {
                look_again(transaction, entity)?;
            }
            Ok(guards::guard(transaction, entity)?)
        };
        match mode {
            PublishMode::Apply => self.write(work),
            PublishMode::DryRun => self.try_out(work),
        }
    }
}

/// Lets the next scan and the next `enrich` look at the entity and all that belongs to it, as something of it may be
/// written again. A folder that has not changed would not be read otherwise, and an item that is not due not be asked for.
pub(super) fn look_again(connection: &Connection, entity: EntityId) -> rusqlite::Result<()> {
    let of = array(entities::subtree(connection, entity)?.into_iter().map(EntityId::get));
    connection
        .prepare_cached(
            "DELETE FROM scanned_folders WHERE (library_id, path) IN
                 (SELECT library_id, found_in FROM entities
                  WHERE id IN (SELECT value FROM rarray(?1)) AND found_in IS NOT NULL)",
        )?
        .execute([&of])?;
    connection
        .prepare_cached("UPDATE enrichments SET due_at = 0 WHERE entity_id IN (SELECT value FROM rarray(?1))")?
        .execute([&of])?;
    Ok(())
}

/// Says a word. What was locked explicitly stays so when it is locked by hand as well: what belongs to it goes on inheriting.
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
                SET origin = CASE WHEN is_locked = 1 AND excluded.is_locked = 1 AND origin = 'explicit' THEN origin
                                  ELSE excluded.origin END,
                    is_locked = excluded.is_locked, locked_at = excluded.locked_at",
        )?
        .execute((entity, field, is_locked, word(origin), now))?;
    Ok(())
}

/// Takes a word back. Whether there was one.
pub(super) fn unset(connection: &Connection, entity: EntityId, field: &str) -> rusqlite::Result<bool> {
    let gone =
        connection.prepare_cached("DELETE FROM locks WHERE entity_id = ?1 AND field = ?2")?.execute((entity, field))?;
    Ok(gone > 0)
}

fn change(
    connection: &Connection,
    entity: EntityId,
    field: LockField,
    change: LockChange,
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    if field == LockField::Every {
        // What agrees stays, with how it came about; what is said otherwise gives way.
        let kept = match change {
            LockChange::Lock => Some(true),
            LockChange::Unlock => Some(false),
            LockChange::Inherit => None,
        };
        connection
            .prepare_cached("DELETE FROM locks WHERE entity_id = ?1 AND is_locked IS NOT ?2")?
            .execute((entity, kept))?;
    }
    match change {
        LockChange::Inherit => unset(connection, entity, &field.to_string()).map(drop),
        _ => set(connection, entity, &field.to_string(), change == LockChange::Lock, LockOrigin::Explicit, now),
    }
}

fn word(origin: LockOrigin) -> &'static str {
    match origin {
        LockOrigin::Manual => "manual",
        LockOrigin::Explicit => "explicit",
    }
}

/// How the lock of a row came about.
pub(super) fn origin(row: &Row<'_>) -> rusqlite::Result<LockOrigin> {
    let is_manual = row.get_ref("origin")?.as_str()? == word(LockOrigin::Manual);
    Ok(if is_manual { LockOrigin::Manual } else { LockOrigin::Explicit })
}

fn lock(row: &Row<'_>) -> rusqlite::Result<Lock> {
    Ok(Lock {
        field: row.get("field")?,
        is_locked: row.get("is_locked")?,
        origin: origin(row)?,
        locked_at: row.get("locked_at")?,
    })
}
