//! The change feed: which folders look different, in the order in which it happened.
//!
//! It does not grow for ever: before new changes are appended, all but the last [`KEPT`] go. So whoever has followed up to
//! then gets every one of the new ones, however many; who has fallen behind further is told so
//! ([`Changes::Forgotten`]) and has to look at everything anew.

use rusqlite::{Connection, OptionalExtension, Row};

use super::sql_types::valid;
use super::{Catalog, CatalogError};
use crate::model::{GenerationId, LibraryId, RelPath, UnixSeconds};

/// A folder whose listing, or a picture in it, is no longer what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place in the feed; rises, perhaps with gaps.
    pub seq: i64,
    /// The generation that changed it; `None` when a scan found other originals there.
    pub generation: Option<GenerationId>,
    /// The library.
    pub library: LibraryId,
    /// The folder.
    pub folder: RelPath,
}

/// What happened behind some place of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// These changes, oldest first; perhaps not yet all.
    Known(Vec<Change>),
    /// More than is remembered: anything may be different. The feed goes on behind `last`.
    Forgotten {
        /// The number of the last change.
        last: i64,
    },
}

/// How many changes are remembered at least: what two publications of a large library touch, or months of small ones. A
/// row takes about 100 bytes.
const KEPT: i64 = 200_000;

/// How many changes go at most beside those that make room for new ones: a small change should not wait for the end of
/// a large one's.
const FORGOTTEN_AT_ONCE: i64 = 10_000;

const FORGET: &str = "
    DELETE FROM changes
    WHERE seq <= (SELECT max(seq) FROM changes) - ?1
      AND seq < (SELECT min(seq) FROM changes) + ?2 + (SELECT count(*) FROM temp.touched)";

/// Synthetic folders that are not known as such. Theirs is the only parent that is ever asked for.
const NEW_SYNTHETIC: &str = "
    SELECT DISTINCT w.library_id, w.folder FROM temp.wanted w
    WHERE w.is_synthetic = 1
      AND NOT EXISTS (SELECT 1 FROM mapping_folders f
                      WHERE f.library_id = w.library_id AND f.folder = w.folder AND f.is_synthetic = 1)";

const ADD_SYNTHETIC: &str = "
    INSERT INTO mapping_folders (library_id, folder, parent, name, is_synthetic, changed_at)
    VALUES (?1, ?2, ?3, ?4, 1, ?5 - 1)
    ON CONFLICT (library_id, folder) DO UPDATE
       SET parent = excluded.parent, name = excluded.name, is_synthetic = 1";

const TOUCH_PARENTS: &str = "
    INSERT OR IGNORE INTO temp.touched (library_id, folder)
    SELECT f.library_id, f.parent
    FROM temp.touched t CROSS JOIN mapping_folders f ON f.library_id = t.library_id AND f.folder = t.folder
    WHERE f.is_synthetic = 1";

const BRING_UP_TO_DATE: &str = "
    INSERT INTO mapping_folders (library_id, folder, mapping_count, changed_at)
    SELECT t.library_id, t.folder,
           (SELECT count(*) FROM library_image_files m
            WHERE m.library_id = t.library_id AND m.folder = t.folder
              AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL),
           ?1
    FROM temp.touched t WHERE true
    ON CONFLICT (library_id, folder) DO UPDATE
       SET mapping_count = excluded.mapping_count, changed_at = max(excluded.changed_at, changed_at + 1)";

const APPEND: &str = "
    INSERT INTO changes (generation, library_id, folder)
    SELECT ?1, t.library_id, t.folder FROM temp.touched t ORDER BY t.library_id, t.folder";

impl Catalog {
    /// The number of the last change; 0 when there has been none.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn last_change(&self) -> Result<i64, CatalogError> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached("SELECT coalesce(max(seq), 0) AS seq FROM changes")?
                .query_row([], |row| row.get("seq"))?)
        })
    }

    /// The changes behind `seq`, oldest first, at most `limit`; none when there are none. Rows that are not valid are
    /// passed over.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn changes_since(&self, seq: i64, limit: u32) -> Result<Changes, CatalogError> {
        self.read_together(|connection| {
            if let Some(last) = forgotten(connection, seq)? {
                return Ok(Changes::Forgotten { last });
            }
            let mut statement = connection.prepare_cached(
                "SELECT seq, generation, library_id, folder FROM changes WHERE seq > ?1 ORDER BY seq",
            )?;
            let mut rows = statement.query([seq])?;
            let mut changes = Vec::new();
            while changes.len() < limit as usize
                && let Some(row) = rows.next()?
            {
                changes.extend(valid(change(row))?);
            }
            Ok(Changes::Known(changes))
        })
    }
}

/// The number of the last change, if one behind `seq` is not remembered. What goes, goes from the beginning, so there is
/// a gap before the first one that is left; a gap for another reason only has somebody look once too often.
fn forgotten(connection: &Connection, seq: i64) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT max(seq) AS last FROM changes HAVING min(seq) > ?1 + 1")?
        .query_row([seq], |row| row.get("last"))
        .optional()
}

fn change(row: &Row<'_>) -> rusqlite::Result<Change> {
    Ok(Change {
        seq: row.get("seq")?,
        generation: row.get("generation")?,
        library: row.get("library_id")?,
        folder: row.get("folder")?,
    })
}

/// Brings the folders in `touched` up to date and appends them to the feed.
pub(super) fn announce(
    connection: &Connection,
    generation: Option<GenerationId>,
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    add_synthetic(connection, now)?;
    connection.prepare_cached(TOUCH_PARENTS)?.execute([])?;
    connection.prepare_cached(BRING_UP_TO_DATE)?.execute([now])?;
    append_touched(connection, generation)
}

/// Appends the folders in `touched` to the feed.
pub(super) fn append_touched(connection: &Connection, generation: Option<GenerationId>) -> rusqlite::Result<()> {
    forget(connection, KEPT, FORGOTTEN_AT_ONCE)?;
    connection.prepare_cached(APPEND)?.execute([generation]).map(drop)
}

/// Forgets all but the last changes, a number of them at once.
fn forget(connection: &Connection, kept: i64, at_once: i64) -> rusqlite::Result<()> {
    connection.prepare_cached(FORGET)?.execute([kept, at_once]).map(drop)
}

/// The same for what was noted in `touched` outside of a generation; nothing is written when that is nothing.
pub(super) fn announce_if_touched(connection: &Connection, now: UnixSeconds) -> rusqlite::Result<()> {
    if connection.prepare_cached("SELECT 1 FROM temp.touched")?.exists([])? {
        announce(connection, None, now)?;
    }
    Ok(())
}

/// Notes a folder in `touched`.
pub(super) fn touch(connection: &Connection, library: LibraryId, folder: &RelPath) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO temp.touched (library_id, folder) VALUES (?1, ?2)")?
        .execute((library, folder))?;
    Ok(())
}

/// Tells those who follow that something in the folder looks different, though its listing does not.
pub(super) fn append(connection: &Connection, library: LibraryId, folder: &RelPath) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO changes (generation, library_id, folder) VALUES (NULL, ?1, ?2)")?
        .execute((library, folder))?;
    Ok(())
}

fn add_synthetic(connection: &Connection, now: UnixSeconds) -> rusqlite::Result<()> {
    let mut unknown = connection.prepare_cached(NEW_SYNTHETIC)?;
    let mut add = connection.prepare_cached(ADD_SYNTHETIC)?;
    let folders: Vec<(LibraryId, RelPath)> =
        unknown.query_map([], |row| Ok((row.get("library_id")?, row.get("folder")?)))?.collect::<Result<_, _>>()?;
    for (library, folder) in folders {
        if let Some((parent, name)) = folder.split_last() {
            add.execute((library, &folder, parent, name, now))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_fallen_behind_what_is_remembered_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut catalog = Catalog::open(&folder.path().join("posterfs.db")).unwrap();
        let append_some = |catalog: &mut Catalog, count: i64| {
            for _ in 0..count {
                catalog.write(|transaction| Ok(append(transaction, LibraryId::new(1), &RelPath::root())?)).unwrap();
            }
        };
        let forget = |catalog: &mut Catalog, kept, at_once| {
            catalog.write(|transaction| Ok(forget(transaction, kept, at_once)?)).unwrap();
        };
        forget(&mut catalog, 10, 100);
        append_some(&mut catalog, 30);
        forget(&mut catalog, 10, 5);
        let seen = |catalog: &Catalog, seq| match catalog.changes_since(seq, 1000).unwrap() {
            Changes::Known(changes) => Ok(changes.len()),
            Changes::Forgotten { last } => Err(last),
        };
        assert_eq!((seen(&catalog, 4), seen(&catalog, 5)), (Err(30), Ok(25)), "a few at once");
        forget(&mut catalog, 10, 100);
        for (seq, wanted) in [(0, Err(30)), (19, Err(30)), (20, Ok(10)), (29, Ok(1)), (30, Ok(0)), (31, Ok(0))] {
            assert_eq!(seen(&catalog, seq), wanted, "behind {seq}");
        }
        append_some(&mut catalog, 1);
        assert_eq!((seen(&catalog, 30), catalog.last_change().unwrap()), (Ok(1), 31));
    }
}
