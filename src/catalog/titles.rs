//! Titles and years of entities: the tree tells them, unless a person does, or they are locked.
//!
//! What is shown stands in the row of the entity, where lists and searches find it. What the tree says meanwhile is kept
//! among the fields, as said by `scan`, for the day when the person takes it back.

use std::borrow::Cow;

use rusqlite::Connection;

use super::enrichment::SOURCE_USER;
use super::entities::{self, Entity};
use super::error::Fault;
use super::external_ids::SOURCE_SCAN;
use super::scanned::ScannedItem;
use super::{CatalogError, guards, metadata};
use crate::model::{EntityId, Field, Guard, UnixSeconds, sort_title};

/// The item as it is to be recorded: with the title and year that the entity has, as far as a person said them or they
/// are locked.
pub(super) fn kept<'a>(
    connection: &Connection,
    entity: &Entity,
    item: &'a ScannedItem,
    now: UnixSeconds,
) -> rusqlite::Result<Cow<'a, ScannedItem>> {
    let (title, sort_title, year) = (&entity.title, &entity.sort_title, entity.year);
    if (&item.title, &item.sort_title, item.year) == (title, sort_title, year) {
        return Ok(Cow::Borrowed(item));
    }
    let guard = guards::guard(connection, entity.id)?;
    let is_kept = |field| is_kept(connection, entity.id, &guard, field, item, now);
    let mut kept = item.clone();
    let keeps_title = is_kept(Field::TITLE)?;
    if keeps_title {
        kept.title.clone_from(title);
    }
    if is_kept(Field::SORT_TITLE)? || keeps_title {
        kept.sort_title.clone_from(sort_title);
    }
    if is_kept(Field::YEAR)? {
        kept.year = year;
    }
    Ok(Cow::Owned(kept))
}

/// Whether a field stays as it is. What a person says otherwise is kept apart from what the tree says, which is noted.
fn is_kept(
    connection: &Connection,
    entity: EntityId,
    guard: &Guard,
    field: Field,
    item: &ScannedItem,
    now: UnixSeconds,
) -> rusqlite::Result<bool> {
    if metadata::value(connection, entity, field.as_str(), SOURCE_USER)?.is_none() {
        return Ok(guard.is_locked(field.as_str()));
    }
    let said = said(field, &item.title, &item.sort_title, item.year);
    metadata::put(connection, entity, field.as_str(), SOURCE_SCAN, &said, now)?;
    Ok(true)
}

/// Notes what the tree says of a title or year, before a person says otherwise for the first time.
pub(super) fn remember(connection: &Connection, entity: EntityId, field: Field, now: UnixSeconds) -> Result<(), Fault> {
    if !is_of_row(field) || metadata::value(connection, entity, field.as_str(), SOURCE_USER)?.is_some() {
        return Ok(());
    }
    let row = entities::by_id(connection, entity)?.ok_or(CatalogError::NoSuchEntity { id: entity })?;
    let said = said(field, &row.title, &row.sort_title, row.year);
    metadata::put(connection, entity, field.as_str(), SOURCE_SCAN, &said, now)?;
    Ok(())
}

/// Shows the title or year that was said; of other fields nothing stands in the row.
pub(super) fn show(
    connection: &Connection,
    entity: EntityId,
    field: Field,
    value: &str,
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    match field {
        Field::TITLE => {
            connection
                .prepare_cached("UPDATE entities SET title = ?2, updated_at = ?3 WHERE id = ?1")?
                .execute((entity, value, now))?;
            let sorted = metadata::value(connection, entity, Field::SORT_TITLE.as_str(), SOURCE_USER)?;
            set_sort_title(connection, entity, &sorted.unwrap_or_else(|| sort_title(value)), now)
        }
        Field::SORT_TITLE => set_sort_title(connection, entity, value, now),
        Field::YEAR => connection
            .prepare_cached("UPDATE entities SET year = ?2, updated_at = ?3 WHERE id = ?1")?
            .execute((entity, value.parse::<u16>().ok(), now))
            .map(drop),
        _ => Ok(()),
    }
}

/// Shows again what the tree says, where a person said otherwise before.
pub(super) fn restore(
    connection: &Connection,
    entity: EntityId,
    field: Field,
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    let Some(value) = metadata::value(connection, entity, field.as_str(), SOURCE_SCAN)? else { return Ok(()) };
    metadata::remove(connection, entity, field.as_str(), SOURCE_SCAN)?;
    show(connection, entity, field, &value, now)
}

fn is_of_row(field: Field) -> bool {
    [Field::TITLE, Field::SORT_TITLE, Field::YEAR].contains(&field)
}

fn said(field: Field, title: &str, sort_title: &str, year: Option<u16>) -> String {
    match field {
        Field::SORT_TITLE => sort_title.to_owned(),
        Field::YEAR => year.map(|year| year.to_string()).unwrap_or_default(),
        _ => title.to_owned(),
    }
}

fn set_sort_title(connection: &Connection, entity: EntityId, value: &str, now: UnixSeconds) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE entities SET sort_title = ?2, updated_at = ?3 WHERE id = ?1")?
        .execute((entity, value.to_lowercase(), now))
        .map(drop)
}
