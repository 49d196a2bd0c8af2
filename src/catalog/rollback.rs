//! Going back: all mappings, or those of one library or item, as they were in a generation.

use rusqlite::{Connection, named_params};

use super::error::Fault;
use super::generations::{self, Stamp};
use super::publish::{PublishMode, Published};
use super::sql_types::array;
use super::{Catalog, CatalogError, entities, feed, program_writes, replace};
use crate::model::{EntityId, GenerationId, LibraryId};

/// What goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollbackScope {
    /// Everything.
    All,
    /// One library.
    Library(LibraryId),
    /// One item, with all that belongs to it.
    Item(EntityId),
}

/// Current mappings that were not there in that generation.
const OLD_SINCE: &str = "
    INSERT INTO temp.old (id)
    SELECT m.id FROM library_image_files m
    WHERE m.added_generation > :to AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
      AND (:library IS NULL OR m.library_id = :library)
      AND (:is_all OR m.entity_id IN (SELECT s.entity_id FROM temp.scope s))";

/// Mappings of that generation that have ended since.
const WANTED_THEN: &str = "
    INSERT INTO temp.wanted (library_id, folder, name, entity_id, image_type, image_number, cache_file_id, is_synthetic)
    SELECT m.library_id, m.folder, m.name, m.entity_id, m.image_type, m.image_number, m.cache_file_id, 0
    FROM library_image_files m JOIN libraries l ON l.id = m.library_id
    WHERE m.removed_generation > :to AND m.added_generation <= :to AND l.removed_at IS NULL
      AND (:library IS NULL OR m.library_id = :library)
      AND (:is_all OR m.entity_id IN (SELECT s.entity_id FROM temp.scope s))";

/// What programs had removed in that generation, and is gone since: it is to be away again.
const AWAY_THEN: &str = "
    INSERT INTO temp.away (library_id, folder, name, program, uid, at)
    SELECT m.library_id, m.folder, m.name, w.program, w.uid, w.at
    FROM withdrawn w CROSS JOIN library_image_files m ON m.id = w.mapping_id JOIN libraries l ON l.id = m.library_id
    WHERE w.generation <= :to AND m.removed_generation > :to AND m.added_generation <= :to AND l.removed_at IS NULL
      AND (:library IS NULL OR m.library_id = :library)
      AND (:is_all OR m.entity_id IN (SELECT s.entity_id FROM temp.scope s))";

/// What programs have removed since, and so nobody sees now.
const WITHDRAWN_SINCE: &str = "
    INSERT INTO temp.anew (id)
    SELECT m.id FROM withdrawn w CROSS JOIN library_image_files m ON m.id = w.mapping_id
    WHERE m.removed_generation IS NULL AND (w.generation IS NULL OR w.generation > :to)
      AND NOT EXISTS (SELECT 1 FROM temp.away a
                      WHERE a.library_id = m.library_id AND a.folder = m.folder AND a.name = m.name)
      AND (:library IS NULL OR m.library_id = :library)
      AND (:is_all OR m.entity_id IN (SELECT s.entity_id FROM temp.scope s))";

const OLD_WITHDRAWN: &str = "INSERT OR IGNORE INTO temp.old (id) SELECT a.id FROM temp.anew a";

/// That takes the place of itself, where it was there then.
const WANTED_AGAIN: &str = "
    INSERT OR IGNORE INTO temp.wanted
        (library_id, folder, name, entity_id, image_type, image_number, cache_file_id, is_synthetic)
    SELECT m.library_id, m.folder, m.name, m.entity_id, m.image_type, m.image_number, m.cache_file_id, 0
    FROM temp.anew a CROSS JOIN library_image_files m ON m.id = a.id
    WHERE m.added_generation <= ?1";

/// What is seen now, and was away then, also where it is the same.
const SEEN_SINCE: &str = "
    INSERT OR IGNORE INTO temp.anew (id)
    SELECT m.id FROM temp.away a CROSS JOIN library_image_files m
        ON m.library_id = a.library_id AND m.folder = a.folder AND m.name = a.name
       AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
    WHERE m.id NOT IN (SELECT w.mapping_id FROM withdrawn w)";

/// Where only a part goes back, something else may have got a name of it since: that gives way.
const OLD_IN_THE_WAY: &str = "
    INSERT OR IGNORE INTO temp.old (id)
    SELECT m.id FROM temp.wanted w CROSS JOIN library_image_files m
        ON m.library_id = w.library_id AND m.folder = w.folder AND m.name = w.name
       AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL";

/// Mappings of that generation in libraries that have been removed since.
const LEFT_OUT: &str = "
    SELECT count(*) AS count FROM library_image_files m JOIN libraries l ON l.id = m.library_id
    WHERE m.removed_generation > ?1 AND m.added_generation <= ?1 AND l.removed_at IS NOT NULL";

const RELEASE_WANTED: &str = "
    DELETE FROM unpublished WHERE (entity_id, image_type, image_number) IN (
        SELECT w.entity_id, w.image_type, w.image_number FROM temp.wanted w)";

/// What programs wrote no whole picture over was seen in that generation.
const MASKED: &str = "
    SELECT m.id FROM library_image_files m
    WHERE m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
      AND m.id IN (SELECT mapping_id FROM program_writes WHERE is_refused = 1)
      AND (:library IS NULL OR m.library_id = :library)
      AND (:is_all OR m.entity_id IN (SELECT s.entity_id FROM temp.scope s))";

const CURRENT_IN_SCOPE: &str = "
    SELECT count(*) AS count FROM library_image_files m
    WHERE m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
      AND (:library IS NULL OR m.library_id = :library)
      AND (:is_all OR m.entity_id IN (SELECT s.entity_id FROM temp.scope s))";

/// The time before the first generation, when nothing was published.
const BEFORE_ALL: GenerationId = GenerationId::new(0);

impl Catalog {
    /// Makes the mappings of the scope what they were in that generation (0: before the first), as a new generation. Pictures
    /// that come back are no longer withheld, and what programs removed of them is seen again. Choices and locks stay: the
    /// next `publish` shows what is selected then, but for what is locked ([`super::Scope::All`]). What was shown in
    /// libraries that have been removed since stays away, and is counted.
    ///
    /// # Errors
    /// When there is no such generation, library or item, what it showed has been forgotten, or the catalog cannot be
    /// written.
    pub fn rollback(
        &mut self,
        to: GenerationId,
        scope: RollbackScope,
        mode: PublishMode,
        stamp: &Stamp,
    ) -> Result<Published, CatalogError> {
        match mode {
            PublishMode::Apply => self.write_many(|transaction| {
                let kept = prepare(transaction, to, scope)?;
                transaction.prepare_cached(RELEASE_WANTED)?.execute([])?;
                unmask(transaction, scope)?;
                let published = replace::carry_out(transaction, stamp)?;
                if published.generation.is_none() {
                    feed::announce_if_touched(transaction, stamp.now)?;
                }
                complete(transaction, to, scope, kept, published)
            }),
            PublishMode::DryRun => self.try_out(|transaction| {
                let kept = prepare(transaction, to, scope)?;
                let published = replace::compare(transaction)?;
                complete(transaction, to, scope, kept, published)
            }),
        }
    }
}

/// Fills `old` and `wanted`. Answers how many current mappings of the scope are older than that generation and stay
/// untouched.
fn prepare(connection: &Connection, to: GenerationId, scope: RollbackScope) -> Result<u64, Fault> {
    if to != BEFORE_ALL {
        generations::require(connection, to)?;
    }
    replace::clear(connection)?;
    fill_scope(connection, scope)?;
    run(connection, OLD_SINCE, to, scope)?;
    run(connection, WANTED_THEN, to, scope)?;
    run(connection, AWAY_THEN, to, scope)?;
    run(connection, WITHDRAWN_SINCE, to, scope)?;
    connection.prepare_cached(OLD_WITHDRAWN)?.execute([])?;
    connection.prepare_cached(WANTED_AGAIN)?.execute([to])?;
    connection.prepare_cached(SEEN_SINCE)?.execute([])?;
    let current = count_in_scope(connection, scope)?;
    let kept = current.saturating_sub(replace::old_count(connection)?);
    if scope != RollbackScope::All {
        connection.prepare_cached(OLD_IN_THE_WAY)?.execute([])?;
    }
    Ok(kept)
}

fn fill_scope(connection: &Connection, scope: RollbackScope) -> Result<(), Fault> {
    let RollbackScope::Item(item) = scope else { return Ok(()) };
    entities::require(connection, item)?;
    let items = array(entities::subtree(connection, item)?.into_iter().map(EntityId::get));
    connection.prepare_cached("INSERT INTO temp.scope (entity_id) SELECT value FROM rarray(?1)")?.execute([items])?;
    Ok(())
}

/// The library that goes back, if it is one; whether items are not looked at.
fn limits(scope: RollbackScope) -> (Option<LibraryId>, bool) {
    match scope {
        RollbackScope::All => (None, true),
        RollbackScope::Library(library) => (Some(library), true),
        RollbackScope::Item(_) => (None, false),
    }
}

fn run(connection: &Connection, sql: &str, to: GenerationId, scope: RollbackScope) -> rusqlite::Result<()> {
    let (library, is_all) = limits(scope);
    let parameters = named_params! { ":to": to, ":library": library, ":is_all": is_all };
    connection.prepare_cached(sql)?.execute(parameters).map(drop)
}

fn count_in_scope(connection: &Connection, scope: RollbackScope) -> rusqlite::Result<u64> {
    if scope == RollbackScope::All {
        return super::status::mapping_count(connection);
    }
    let (library, is_all) = limits(scope);
    connection
        .prepare_cached(CURRENT_IN_SCOPE)?
        .query_row(named_params! { ":library": library, ":is_all": is_all }, |row| {
            super::sql_types::count(row, "count")
        })
}

fn unmask(connection: &Connection, scope: RollbackScope) -> rusqlite::Result<()> {
    let (library, is_all) = limits(scope);
    let mut statement = connection.prepare_cached(MASKED)?;
    let masked = statement
        .query_map(named_params! { ":library": library, ":is_all": is_all }, |row| row.get("id"))?
        .collect::<Result<Vec<_>, _>>()?;
    program_writes::unmask(connection, &masked)
}

fn complete(
    connection: &Connection,
    to: GenerationId,
    scope: RollbackScope,
    kept: u64,
    published: Published,
) -> Result<Published, Fault> {
    let left_out = match scope {
        RollbackScope::All => {
            connection.prepare_cached(LEFT_OUT)?.query_row([to], |row| super::sql_types::count(row, "count"))?
        }
        _ => 0,
    };
    Ok(Published { unchanged: published.unchanged + kept, left_out, ..published })
}
