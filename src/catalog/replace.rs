//! Replacing mappings as a set.
//!
//! Whoever changes mappings fills two temporary tables, `old` (current mappings that are up for replacement) and
//! `wanted` (what shall be there instead), and calls [`carry_out`]. It compares the two path by path; only what
//! differs is written: a generation, the end of rows, new rows, the change feed. A handful of statements serves one
//! mapping as well as a million, and the temporary tables live in files, so memory stays bounded.

use rusqlite::{Connection, named_params};

use super::generations::{self, Stamp};
use super::sql_types::{Count, count};
use super::{Published, feed, program_writes};
use crate::model::{EntityId, GenerationId, ImageType, LibraryId, MappingId};

/// `fate` of an old mapping: 0 it ends, 1 it ends and another takes its path, 2 it stays as it is.
pub(super) const TEMPORARY_TABLES: &str = "
    CREATE TEMP TABLE scope (entity_id INTEGER PRIMARY KEY) STRICT;
    CREATE TEMP TABLE scope_pictures (  -- those of the scope that alone are meant, where not all are
        entity_id    INTEGER NOT NULL,
        image_type   TEXT    NOT NULL,
        image_number INTEGER NOT NULL,
        PRIMARY KEY (entity_id, image_type, image_number)
    ) STRICT, WITHOUT ROWID;
    CREATE TEMP TABLE old (id INTEGER PRIMARY KEY, fate INTEGER NOT NULL DEFAULT 0) STRICT;
    CREATE TEMP TABLE wanted (
        library_id    INTEGER NOT NULL,
        folder        BLOB    NOT NULL,
        name          BLOB    NOT NULL,
        stem          BLOB,             -- the name up to its last dot: two pictures must not have it
        entity_id     INTEGER NOT NULL,
        image_type    TEXT    NOT NULL,
        image_number  INTEGER NOT NULL,
        cache_file_id INTEGER NOT NULL,
        is_synthetic  INTEGER NOT NULL,
        PRIMARY KEY (library_id, folder, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TEMP TABLE anew (id INTEGER PRIMARY KEY) STRICT; -- of old: they end also where the same is wanted again
    CREATE TEMP TABLE away (            -- of wanted: what is there is withdrawn from the start
        library_id INTEGER NOT NULL,
        folder     BLOB    NOT NULL,
        name       BLOB    NOT NULL,
        program    TEXT    NOT NULL,
        uid        INTEGER NOT NULL,
        at         INTEGER NOT NULL,
        PRIMARY KEY (library_id, folder, name)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX temp.wanted_stems ON wanted (library_id, folder, stem) WHERE stem IS NOT NULL;
    CREATE TEMP TABLE touched (
        library_id INTEGER NOT NULL,
        folder     BLOB    NOT NULL,
        PRIMARY KEY (library_id, folder)
    ) STRICT, WITHOUT ROWID;
";

const CLEAR: &str = "
    DELETE FROM temp.scope; DELETE FROM temp.scope_pictures; DELETE FROM temp.old; DELETE FROM temp.anew;
    DELETE FROM temp.wanted; DELETE FROM temp.away; DELETE FROM temp.touched;";

const DECIDE_FATES: &str = "
    UPDATE temp.old SET fate = coalesce((
        SELECT 1 + (w.cache_file_id = m.cache_file_id AND w.entity_id = m.entity_id
                    AND w.image_type = m.image_type AND w.image_number = m.image_number
                    AND m.id NOT IN (SELECT a.id FROM temp.anew a))
        FROM library_image_files m CROSS JOIN temp.wanted w
            ON w.library_id = m.library_id AND w.folder = m.folder AND w.name = m.name
        WHERE m.id = old.id), 0)";

const DROP_UNCHANGED: &str = "
    DELETE FROM temp.wanted WHERE (library_id, folder, name) IN (
        SELECT m.library_id, m.folder, m.name
        FROM temp.old o CROSS JOIN library_image_files m ON m.id = o.id WHERE o.fate = 2)";

/// By what is seen: a picture that was withdrawn and is shown again begins, one that is withdrawn goes.
const COUNT: &str = "
    WITH away (id) AS (
        SELECT o.id FROM temp.away a CROSS JOIN library_image_files m
            ON m.library_id = a.library_id AND m.folder = a.folder AND m.name = a.name
        CROSS JOIN temp.old o ON o.id = m.id AND o.fate = 1)
    SELECT (SELECT count(*) FROM temp.wanted w WHERE NOT EXISTS (
                SELECT 1 FROM temp.away a
                WHERE a.library_id = w.library_id AND a.folder = w.folder AND a.name = w.name)) AS fresh,
           (SELECT count(*) FROM temp.old WHERE fate = 0) + (SELECT count(*) FROM away) AS removed,
           (SELECT count(*) FROM temp.old o WHERE o.fate = 1 AND o.id NOT IN (SELECT n.id FROM temp.anew n)
                                              AND o.id NOT IN (SELECT a.id FROM away a)) AS changed,
           (SELECT count(*) FROM temp.old WHERE fate = 2) AS unchanged";

const END_OLD: &str = "
    UPDATE library_image_files SET removed_generation = ?1
    WHERE id IN (SELECT o.id FROM temp.old o WHERE o.fate < 2)";

/// The publish time is later than any that this path ever had, whatever the clock says. All rows that had the path have
/// ended by now.
const BEGIN_NEW: &str = "
    INSERT INTO library_image_files (library_id, entity_id, image_type, image_number, folder, name, cache_file_id,
                                     added_generation, published_at)
    SELECT w.library_id, w.entity_id, w.image_type, w.image_number, w.folder, w.name, w.cache_file_id, :generation,
           max(:now, (SELECT publish_after + 1 FROM lineage),
               coalesce((SELECT max(h.published_at) FROM library_image_files h
                         WHERE h.library_id = w.library_id AND h.folder = w.folder AND h.name = w.name
                           AND h.removed_generation IS NOT NULL) + 1, :now))
    FROM temp.wanted w";

/// So that a catalog that is made anew publishes later than this one ever did.
const NOTE_TIME: &str = "
    UPDATE lineage SET published_until = max(published_until, coalesce((
        SELECT max(m.published_at) FROM library_image_files m
        WHERE m.added_generation = ?1 AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL), 0))";

const WITHDRAW_AWAY: &str = "
    INSERT INTO withdrawn (mapping_id, program, uid, at, generation)
    SELECT m.id, a.program, a.uid, a.at, ?1
    FROM temp.away a CROSS JOIN library_image_files m
        ON m.library_id = a.library_id AND m.folder = a.folder AND m.name = a.name AND m.added_generation = ?1";

/// The folders of new and of ended mappings, and those of the originals that these hide or show again.
const TOUCH: &str = "
    INSERT OR IGNORE INTO temp.touched (library_id, folder) SELECT library_id, folder FROM temp.wanted;
    INSERT OR IGNORE INTO temp.touched (library_id, folder)
        SELECT m.library_id, m.folder FROM temp.old o CROSS JOIN library_image_files m ON m.id = o.id WHERE o.fate < 2;
    INSERT OR IGNORE INTO temp.touched (library_id, folder)
        SELECT g.library_id, g.folder
        FROM temp.wanted w CROSS JOIN library_image_files g
            ON g.entity_id = w.entity_id AND g.image_type = w.image_type AND g.image_number = w.image_number
        WHERE g.cache_file_id IS NULL;
    INSERT OR IGNORE INTO temp.touched (library_id, folder)
        SELECT g.library_id, g.folder
        FROM temp.old o CROSS JOIN library_image_files m ON m.id = o.id CROSS JOIN library_image_files g
            ON g.entity_id = m.entity_id AND g.image_type = m.image_type AND g.image_number = m.image_number
        WHERE o.fate < 2 AND g.cache_file_id IS NULL;";

/// Begins anew: nothing is up for replacement, nothing wanted.
pub(super) fn clear(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(CLEAR)
}

/// All mappings of the entity, or those of one image type, shall end: how many they are.
pub(super) fn end_entity(
    connection: &Connection,
    entity: EntityId,
    image_type: Option<ImageType>,
) -> rusqlite::Result<u64> {
    let ended = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO temp.old (id)
             SELECT m.id FROM library_image_files m
             WHERE m.entity_id = ?1 AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
               AND (?2 IS NULL OR (m.image_type = ?2 AND m.image_number = ?3))",
        )?
        .execute((entity, image_type.map(|t| t.kind().as_str()), image_type.map(ImageType::number)))?;
    Ok(ended as u64)
}

/// All mappings of the library shall end.
pub(super) fn end_library(connection: &Connection, library: LibraryId) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO temp.old (id)
             SELECT m.id FROM library_image_files m
             WHERE m.library_id = ?1 AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL",
        )?
        .execute([library])?;
    Ok(())
}

/// The mapping shall end, and the same begin in its place.
pub(super) fn begin_anew(connection: &Connection, mapping: MappingId) -> rusqlite::Result<()> {
    for sql in [
        "INSERT INTO temp.old (id) VALUES (?1)",
        "INSERT INTO temp.anew (id) VALUES (?1)",
        "INSERT INTO temp.wanted
             (library_id, folder, name, entity_id, image_type, image_number, cache_file_id, is_synthetic)
         SELECT library_id, folder, name, entity_id, image_type, image_number, cache_file_id, 0
         FROM library_image_files WHERE id = ?1 AND removed_generation IS NULL AND cache_file_id IS NOT NULL",
    ] {
        connection.prepare_cached(sql)?.execute([mapping])?;
    }
    Ok(())
}

/// Compares `old` with `wanted`; afterwards `wanted` holds only what is new. Writes nothing but temporary tables.
pub(super) fn compare(connection: &Connection) -> rusqlite::Result<Published> {
    connection.prepare_cached(DECIDE_FATES)?.execute([])?;
    connection.prepare_cached(DROP_UNCHANGED)?.execute([])?;
    connection.prepare_cached(COUNT)?.query_row([], |row| {
        let changed = count(row, "changed")?;
        Ok(Published {
            added: count(row, "fresh")?.saturating_sub(changed),
            changed,
            removed: count(row, "removed")?,
            unchanged: count(row, "unchanged")?,
            ..Published::default()
        })
    })
}

/// Brings about what `old` and `wanted` say, in a generation of its own; without a difference nothing is written.
pub(super) fn carry_out(connection: &Connection, stamp: &Stamp) -> rusqlite::Result<Published> {
    let mut published = compare(connection)?;
    // What is withdrawn from the start is not seen, so it is not counted.
    let is_something = || connection.prepare_cached("SELECT 1 FROM temp.wanted")?.exists([]);
    if !published.is_nothing() || is_something()? {
        published.generation = Some(write(connection, stamp, &published)?);
    }
    Ok(published)
}

fn write(connection: &Connection, stamp: &Stamp, difference: &Published) -> rusqlite::Result<GenerationId> {
    let generation = generations::begin(connection, stamp, difference)?;
    connection.prepare_cached(END_OLD)?.execute([generation])?;
    connection.prepare_cached(BEGIN_NEW)?.execute(named_params! { ":generation": generation, ":now": stamp.now })?;
    connection.prepare_cached(NOTE_TIME)?.execute([generation])?;
    connection.prepare_cached(WITHDRAW_AWAY)?.execute([generation])?;
    program_writes::carry_over(connection)?;
    connection.execute_batch(TOUCH)?;
    feed::announce(connection, Some(generation), stamp.now)?;
    Ok(generation)
}

/// How many current mappings are up for replacement.
pub(super) fn old_count(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT count(*) AS count FROM temp.old")?
        .query_row([], |row| row.get::<_, Count>("count").map(|count| count.0))
}
