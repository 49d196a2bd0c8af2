//! What a person says of an entity: ids and fields. It comes before what anybody else says, and is locked.

use rusqlite::{Connection, OptionalExtension};

use super::enrichment::SOURCE_USER;
use super::error::Fault;
use super::{Catalog, CatalogError, entities, locks, metadata, titles};
use crate::model::{EntityId, Field, LockOrigin, Provider, UnixSeconds};

/// One thing that a person says, or no longer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityEdit {
    /// Its id at a provider.
    SetId(Provider, String),
    /// The id that a person gave is taken back.
    UnsetId(Provider),
    /// A field; of one with several values a JSON list of texts.
    SetField(Field, String),
    /// The value that a person gave is taken back, with the lock: what others say is shown again.
    UnsetField(Field),
}

/// What editing came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Edited {
    /// Edits that made a difference.
    pub changed: u64,
    /// Whether an id is another one than before: providers are to be asked anew.
    pub is_another: bool,
}

impl Catalog {
    /// Writes down what a person says, all of it at once, and locks the fields. Another id than before makes it another item
    /// to providers: all that they said of the former goes (ids, fields, candidates, automatic choices), choices by hand
    /// stay.
    ///
    /// # Errors
    /// When there is no such entity, or the catalog cannot be written.
    pub fn edit(&mut self, entity: EntityId, edits: &[EntityEdit], now: UnixSeconds) -> Result<Edited, CatalogError> {
        self.write(|transaction| carry_out(transaction, entity, edits, now))
    }

    /// What [`Self::edit`] would come to; nothing is changed.
    ///
    /// # Errors
    /// As for [`Self::edit`].
    pub fn try_edit(
        &mut self,
        entity: EntityId,
        edits: &[EntityEdit],
        now: UnixSeconds,
    ) -> Result<Edited, CatalogError> {
        self.try_out(|transaction| carry_out(transaction, entity, edits, now))
    }
}

fn carry_out(
    connection: &Connection,
    entity: EntityId,
    edits: &[EntityEdit],
    now: UnixSeconds,
) -> Result<Edited, Fault> {
    entities::require(connection, entity)?;
    let mut edited = Edited::default();
    for edit in edits {
        let is_changed = match edit {
            EntityEdit::SetId(provider, value) => {
                let is_other = set_id(connection, entity, provider, value)?;
                edited.is_another |= is_other;
                is_other
            }
            EntityEdit::UnsetId(provider) => {
                let is_gone = unset_id(connection, entity, provider)?;
                edited.is_another |= is_gone;
                is_gone
            }
            EntityEdit::SetField(field, value) => set_field(connection, entity, *field, value, now)?,
            EntityEdit::UnsetField(field) => unset_field(connection, entity, *field, now)?,
        };
        edited.changed += u64::from(is_changed);
    }
    Ok(edited)
}

/// Whether it is another id than before.
fn set_id(connection: &Connection, entity: EntityId, provider: &Provider, value: &str) -> rusqlite::Result<bool> {
    let known: Option<String> = connection
        .prepare_cached("SELECT value FROM external_ids WHERE entity_id = ?1 AND provider = ?2")?
        .query_row((entity, provider), |row| row.get("value"))
        .optional()?;
    connection
        .prepare_cached(
            "INSERT INTO external_ids (entity_id, provider, value, source) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (entity_id, provider) DO UPDATE SET value = excluded.value, source = excluded.source",
        )?
        .execute((entity, provider, value, SOURCE_USER))?;
    let is_other = known.as_deref() != Some(value);
    if is_other {
        forget_answers(connection, entity)?;
    }
    Ok(is_other)
}

/// Whether there was one that a person gave. The next scan tells again what names say.
fn unset_id(connection: &Connection, entity: EntityId, provider: &Provider) -> rusqlite::Result<bool> {
    let gone = connection
        .prepare_cached("DELETE FROM external_ids WHERE entity_id = ?1 AND provider = ?2 AND source = ?3")?
        .execute((entity, provider, SOURCE_USER))?;
    if gone > 0 {
        forget_answers(connection, entity)?;
        locks::look_again(connection, entity)?;
    }
    Ok(gone > 0)
}

/// Whether the value is another one than the person's before.
fn set_field(
    connection: &Connection,
    entity: EntityId,
    field: Field,
    value: &str,
    now: UnixSeconds,
) -> Result<bool, Fault> {
    titles::remember(connection, entity, field, now)?;
    let is_changed = metadata::put(connection, entity, field.as_str(), SOURCE_USER, value, now)?;
    titles::show(connection, entity, field, value, now)?;
    locks::set(connection, entity, field.as_str(), true, LockOrigin::Manual, now)?;
    Ok(is_changed)
}

/// Whether there was a value that a person gave, or a lock.
fn unset_field(connection: &Connection, entity: EntityId, field: Field, now: UnixSeconds) -> Result<bool, Fault> {
    let had_value = metadata::remove(connection, entity, field.as_str(), SOURCE_USER)?;
    let had_lock = locks::unset(connection, entity, field.as_str())?;
    titles::restore(connection, entity, field, now)?;
    if had_value || had_lock {
        locks::look_again(connection, entity)?;
    }
    Ok(had_value || had_lock)
}

/// Takes back what providers said of an entity while it was taken for another one.
fn forget_answers(connection: &Connection, entity: EntityId) -> rusqlite::Result<()> {
    for statement in [
        "DELETE FROM external_ids WHERE entity_id = ?1 AND source NOT IN ('user', 'scan', 'nfo')",
        "DELETE FROM metadata_fields WHERE entity_id = ?1 AND source NOT IN ('user', 'scan', 'nfo')",
        "UPDATE asset_candidates SET is_selected = 0
         WHERE entity_id = ?1 AND user_locked = 0 AND provider NOT IN ('user', 'program', 'local')",
        "DELETE FROM asset_candidates
         WHERE entity_id = ?1 AND is_selected = 0 AND is_blocked = 0 AND provider NOT IN ('user', 'program', 'local')",
        "DELETE FROM enrichments WHERE entity_id = ?1",
    ] {
        connection.prepare_cached(statement)?.execute([entity])?;
    }
    Ok(())
}
