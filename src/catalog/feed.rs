//! The change feed: which folders look different, in the order in which it happened.

use rusqlite::{Connection, Row};

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
    pub fn changes_since(&self, seq: i64, limit: u32) -> Result<Vec<Change>, CatalogError> {
        self.read(|connection| {
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
            Ok(changes)
        })
    }
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
    connection.prepare_cached(APPEND)?.execute([generation]).map(drop)
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
