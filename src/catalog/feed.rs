//! The change feed: which folders look different, in the order in which it happened.

use rusqlite::{Connection, named_params};

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

/// How many folders are looked at at once.
const BATCH: usize = 1000;

const PARENTS_OF_SYNTHETIC: &str = "
    INSERT OR IGNORE INTO temp.touched (library_id, folder)
    SELECT f.library_id, f.parent
    FROM temp.touched t CROSS JOIN mapping_folders f ON f.library_id = t.library_id AND f.folder = t.folder
    WHERE f.is_synthetic = 1 AND f.parent IS NOT NULL";

const MARK_SYNTHETIC: &str = "
    UPDATE mapping_folders SET is_synthetic = 1 WHERE id IN (
        SELECT f.id FROM temp.wanted w CROSS JOIN mapping_folders f ON f.library_id = w.library_id AND f.folder = w.folder
        WHERE w.is_synthetic = 1 AND f.is_synthetic = 0)";

const UNKNOWN_FOLDERS: &str = "
    SELECT t.library_id, t.folder FROM temp.touched t
    WHERE (t.library_id, t.folder) > (?1, ?2)
      AND NOT EXISTS (SELECT 1 FROM mapping_folders f WHERE f.library_id = t.library_id AND f.folder = t.folder)
    ORDER BY t.library_id, t.folder LIMIT ?3";

/// A new folder has changed now, which `COUNT_ANEW` brings about.
const ADD_FOLDER: &str = "
    INSERT INTO mapping_folders (library_id, folder, parent, name, changed_at) VALUES (?1, ?2, ?3, ?4, ?5 - 1)";

const COUNT_ANEW: &str = "
    UPDATE mapping_folders
    SET mapping_count = (SELECT count(*) FROM library_image_files m
                         WHERE m.library_id = mapping_folders.library_id AND m.folder = mapping_folders.folder
                           AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL),
        changed_at = max(?1, changed_at + 1)
    WHERE id IN (SELECT f.id FROM temp.touched t CROSS JOIN mapping_folders f
                     ON f.library_id = t.library_id AND f.folder = t.folder)";

const APPEND: &str = "
    INSERT INTO changes (generation, library_id, folder)
    SELECT :generation, f.library_id, f.folder
    FROM temp.touched t CROSS JOIN mapping_folders f ON f.library_id = t.library_id AND f.folder = t.folder
    ORDER BY t.library_id, t.folder";

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

    /// The changes behind `seq`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn changes_since(&self, seq: i64, limit: u32) -> Result<Vec<Change>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, generation, library_id, folder FROM changes WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            )?;
            let changes = statement.query_map((seq, limit), |row| {
                Ok(Change {
                    seq: row.get("seq")?,
                    generation: row.get("generation")?,
                    library: row.get("library_id")?,
                    folder: row.get("folder")?,
                })
            })?;
            Ok(changes.collect::<Result<_, _>>()?)
        })
    }
}

/// Brings the folders in `touched` up to date and appends them to the feed.
pub(super) fn announce(
    connection: &Connection,
    generation: Option<GenerationId>,
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    add_unknown_folders(connection, now)?;
    connection.prepare_cached(MARK_SYNTHETIC)?.execute([])?;
    if connection.prepare_cached(PARENTS_OF_SYNTHETIC)?.execute([])? > 0 {
        add_unknown_folders(connection, now)?;
    }
    connection.prepare_cached(COUNT_ANEW)?.execute([now])?;
    connection.prepare_cached(APPEND)?.execute(named_params! { ":generation": generation })?;
    Ok(())
}

fn add_unknown_folders(connection: &Connection, now: UnixSeconds) -> rusqlite::Result<()> {
    let mut after = (LibraryId::new(i64::MIN), Vec::new());
    loop {
        let batch: Vec<(LibraryId, Vec<u8>)> = connection
            .prepare_cached(UNKNOWN_FOLDERS)?
            .query_map((after.0, &after.1, BATCH as i64), |row| Ok((row.get("library_id")?, row.get("folder")?)))?
            .collect::<Result<_, _>>()?;
        for (library, folder) in &batch {
            add_folder(connection, *library, folder, now)?;
        }
        match batch.into_iter().next_back() {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

fn add_folder(connection: &Connection, library: LibraryId, folder: &[u8], now: UnixSeconds) -> rusqlite::Result<()> {
    let path = match RelPath::parse(folder) {
        Ok(path) => path,
        Err(error) => {
            // Such a row was put there by someone else. It can be ended and forgotten, but is never shown.
            tracing::warn!(folder = %crate::model::show_bytes(folder), %error, "the catalog holds a folder that is refused");
            return Ok(());
        }
    };
    let (parent, name) = path.split_last().unzip();
    connection.prepare_cached(ADD_FOLDER)?.execute((library, &path, parent, name, now))?;
    Ok(())
}
