//! What the journal beside the cache is to tell, and does not yet.
//!
//! Triggers leave a row of `unnoted` in each transaction that changes a choice. So whoever dies between the transaction
//! and the journal leaves the row to the next one; and what is noted is always read from what was committed.

use rusqlite::{Connection, named_params};

use super::sql_types::{image_type, valid};
use super::{Catalog, CatalogError, entities, locks};
use crate::model::{
    EntityId, JournalBlocked, JournalChoice, JournalEntity, JournalEntry, JournalField, JournalGeneration, JournalId,
    JournalItem, JournalLibrary, JournalLock, JournalWithheld, UnixSeconds,
};

/// How far up what an entity belongs to is told of: an episode's season and series.
const LEVELS_MAX: usize = 2;

/// Things that have changed since the journal told of them, as they are now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unnoted {
    /// The word of the catalog.
    pub lineage: String,
    /// The things.
    pub entries: Vec<JournalEntry>,
    /// Whether there are no more than these.
    pub is_all: bool,
    up_to: i64,
}

impl Catalog {
    /// Whether the journal does not tell everything.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn has_unnoted(&self) -> Result<bool, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM unnoted) AS has_unnoted")?;
            Ok(statement.query_row([], |row| row.get("has_unnoted"))?)
        })
    }

    /// Things that have changed since the journal told of them, those that have waited longest first, all of one state of
    /// the catalog.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn unnoted(&self, at_most: u32) -> Result<Unnoted, CatalogError> {
        self.read_together(|connection| Ok(read_unnoted(connection, at_most)?))
    }

    /// The journal tells of these things now, durably.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn have_noted(&mut self, noted: &Unnoted) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let mut add = transaction.prepare_cached("INSERT OR IGNORE INTO noted_items (entity_id) VALUES (?1)")?;
            for entry in &noted.entries {
                if let JournalEntry::Item(item) = entry {
                    add.execute([item.entity.id])?;
                }
            }
            transaction.prepare_cached("DELETE FROM unnoted WHERE seq <= ?1")?.execute([noted.up_to])?;
            Ok(())
        })
    }

    /// The journal is to tell of everything anew, under a new word: what it told before was of a catalog that has gone
    /// another way.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn begin_lineage(&mut self) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction.execute_batch(
                "UPDATE lineage SET word = lower(hex(randomblob(8)));
                 DELETE FROM unnoted;
                 INSERT INTO unnoted (subject, subject_id) SELECT 'library', id FROM libraries;
                 INSERT INTO unnoted (subject, subject_id) SELECT 'generation', 0 FROM generations LIMIT 1;
                 INSERT INTO unnoted (subject, subject_id) SELECT 'item', entity_id FROM noted_items;",
            )?;
            Ok(())
        })
    }
}

fn read_unnoted(connection: &Connection, at_most: u32) -> rusqlite::Result<Unnoted> {
    let mut unnoted = Unnoted { lineage: lineage(connection)?, ..Unnoted::default() };
    let rows: Vec<(i64, String, i64)> = connection
        .prepare_cached("SELECT seq, subject, subject_id FROM unnoted ORDER BY seq LIMIT ?1")?
        .query_map([at_most], |row| Ok((row.get("seq")?, row.get("subject")?, row.get("subject_id")?)))?
        .collect::<Result<_, _>>()?;
    unnoted.is_all = rows.len() < at_most as usize;
    for (seq, subject, id) in rows {
        let entry = match subject.as_str() {
            "library" => library(connection, id)?,
            "generation" => generation(connection)?,
            _ => item(connection, EntityId::new(id))?,
        };
        unnoted.entries.extend(entry);
        unnoted.up_to = seq;
    }
    Ok(unnoted)
}

pub(super) fn lineage(connection: &Connection) -> rusqlite::Result<String> {
    connection.prepare_cached("SELECT word FROM lineage")?.query_row([], |row| row.get("word"))
}

fn library(connection: &Connection, id: i64) -> rusqlite::Result<Option<JournalEntry>> {
    use std::os::unix::ffi::OsStringExt;
    let mut statement = connection
        .prepare_cached("SELECT id, name, path, kind, naming, added_at, removed_at FROM libraries WHERE id = ?1")?;
    let rows = statement.query_map([id], |row| {
        Ok(JournalLibrary {
            id: row.get("id")?,
            name: row.get("name")?,
            path: std::ffi::OsString::from_vec(row.get("path")?).into(),
            kind: row.get("kind")?,
            naming: row.get("naming")?,
            added_at: row.get("added_at")?,
            removed_at: row.get("removed_at")?,
        })
    })?;
    first_valid(rows).map(|library| library.map(JournalEntry::Library))
}

fn generation(connection: &Connection) -> rusqlite::Result<Option<JournalEntry>> {
    let sql = "
        SELECT g.id, max(g.at, l.published_until, l.publish_after) AS at FROM generations g, lineage l
        ORDER BY g.id DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok(JournalGeneration { id: row.get("id")?, at: row.get("at")? }))?;
    first_valid(rows).map(|generation| generation.map(JournalEntry::Generation))
}

/// What a person could not make valid again is left out, and must not keep the rest from being noted.
fn first_valid<T>(rows: impl Iterator<Item = rusqlite::Result<T>>) -> rusqlite::Result<Option<T>> {
    rows.into_iter().next().map_or(Ok(None), valid)
}

fn item(connection: &Connection, id: EntityId) -> rusqlite::Result<Option<JournalEntry>> {
    let row = match valid(entities::by_id(connection, id))?.flatten() {
        Some(row) => row,
        None => return Ok(None),
    };
    Ok(Some(JournalEntry::Item(Box::new(JournalItem {
        library: row.library.get(),
        entity: entity(connection, &row, LEVELS_MAX)?,
        monitored: row.is_monitored,
        selected: selected(connection, id)?,
        blocked: blocked(connection, id)?,
        locks: locks_of(connection, id)?,
        fields: fields(connection, id)?,
        withheld: withheld(connection, id)?,
    }))))
}

fn entity(connection: &Connection, row: &entities::Entity, levels: usize) -> rusqlite::Result<JournalEntity> {
    let above = match row.parent.filter(|_| levels > 0) {
        Some(id) => valid(entities::by_id(connection, id))?.flatten(),
        None => None,
    };
    let parent = above.map(|above| entity(connection, &above, levels - 1)).transpose()?;
    Ok(JournalEntity {
        id: row.id.get(),
        entity_type: row.entity_type,
        path: row.path.clone(),
        folder: row.folder.clone(),
        video: row.video.clone(),
        layout: row.layout,
        title: row.title.clone(),
        sort_title: row.sort_title.clone(),
        year: row.year,
        season: row.season,
        episode: row.episode,
        last_episode: row.last_episode,
        added_at: row.added_at.get(),
        ids: ids(connection, row.id)?,
        parent: parent.map(Box::new),
    })
}

/// Runs a query of one entity and leaves out what is not valid.
fn all<T>(
    connection: &Connection,
    sql: &str,
    entity: EntityId,
    read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(named_params! { ":entity": entity }, read)?;
    rows.filter_map(|row| valid(row).transpose()).collect()
}

fn ids(connection: &Connection, entity: EntityId) -> rusqlite::Result<Vec<JournalId>> {
    let sql = "SELECT provider, value, source FROM external_ids WHERE entity_id = :entity ORDER BY provider";
    all(connection, sql, entity, |row| {
        Ok(JournalId { provider: row.get("provider")?, value: row.get("value")?, source: row.get("source")? })
    })
}

fn selected(connection: &Connection, entity: EntityId) -> rusqlite::Result<Vec<JournalChoice>> {
    let sql = "
        SELECT c.image_type, c.image_number, f.sha256, f.extension, c.provider, c.provider_key, c.url, c.selected_at,
               c.user_locked, f.source, f.source_url, f.author
        FROM asset_candidates c JOIN cache_image_files f ON f.id = c.cache_file_id
        WHERE c.entity_id = :entity AND c.is_selected = 1 ORDER BY c.image_type, c.image_number";
    all(connection, sql, entity, |row| {
        Ok(JournalChoice {
            image_type: image_type(row)?,
            sha256: row.get("sha256")?,
            extension: super::sql_types::extension(row)?,
            provider: row.get("provider")?,
            key: row.get("provider_key")?,
            url: row.get("url")?,
            at: row.get("selected_at")?,
            by_hand: row.get("user_locked")?,
            source: row.get("source")?,
            source_url: row.get("source_url")?,
            author: row.get("author")?,
        })
    })
}

fn blocked(connection: &Connection, entity: EntityId) -> rusqlite::Result<Vec<JournalBlocked>> {
    let sql = "
        SELECT image_type, image_number, provider, provider_key, url FROM asset_candidates
        WHERE entity_id = :entity AND is_blocked = 1 ORDER BY image_type, image_number, provider, provider_key";
    all(connection, sql, entity, |row| {
        Ok(JournalBlocked {
            image_type: image_type(row)?,
            provider: row.get("provider")?,
            key: row.get("provider_key")?,
            url: row.get("url")?,
        })
    })
}

fn locks_of(connection: &Connection, entity: EntityId) -> rusqlite::Result<Vec<JournalLock>> {
    let sql = "SELECT field, is_locked, origin, locked_at FROM locks WHERE entity_id = :entity ORDER BY field";
    all(connection, sql, entity, |row| {
        Ok(JournalLock {
            field: row.get("field")?,
            locked: row.get("is_locked")?,
            origin: locks::origin(row)?,
            at: row.get::<_, UnixSeconds>("locked_at")?.get(),
        })
    })
}

fn fields(connection: &Connection, entity: EntityId) -> rusqlite::Result<Vec<JournalField>> {
    let sql = "
        SELECT field, value, updated_at FROM metadata_fields
        WHERE entity_id = :entity AND source = 'user' ORDER BY field";
    all(connection, sql, entity, |row| {
        Ok(JournalField { field: row.get("field")?, value: row.get("value")?, at: row.get("updated_at")? })
    })
}

fn withheld(connection: &Connection, entity: EntityId) -> rusqlite::Result<Vec<JournalWithheld>> {
    let sql = "
        SELECT image_type, image_number, at FROM unpublished
        WHERE entity_id = :entity ORDER BY image_type, image_number";
    all(connection, sql, entity, |row| Ok(JournalWithheld { image_type: image_type(row)?, at: row.get("at")? }))
}
