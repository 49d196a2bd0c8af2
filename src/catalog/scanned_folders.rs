//! Folders that a scan has read: what the next one compares, so that it need not read them again.

use rusqlite::{Connection, OptionalExtension, Row};

use super::{Catalog, CatalogError};
use crate::model::{LibraryId, Name, RelPath};

/// A folder as a scan has read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedFolder {
    /// The library.
    pub library: LibraryId,
    /// The folder.
    pub path: RelPath,
    /// A hash of what the folders above say about it, and of the rules.
    pub context: u64,
    /// A hash of what the file system says of it and of what is watched.
    pub fingerprint: u64,
    /// What decides on its items besides its listing: metadata files, pictures, folders that were looked into.
    pub watched: Vec<RelPath>,
    /// The folders in it that a walk goes into.
    pub children: Vec<Name>,
}

const BY_PATH: &str = "
    SELECT library_id, path, context, fingerprint, watched, children FROM scanned_folders
    WHERE library_id = ?1 AND path = ?2";

impl Catalog {
    /// The folders as the last scan read them, in the order of the paths. `None` where one was not read.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn scanned_folders(
        &self,
        library: LibraryId,
        paths: &[RelPath],
    ) -> Result<Vec<Option<ScannedFolder>>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(BY_PATH)?;
            let mut at = |path| statement.query_row((library, path), folder).optional();
            Ok(paths.iter().map(&mut at).collect::<Result<_, _>>()?)
        })
    }

    /// Notes that everything that was found in those folders is still there, and answers how much that is.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn see_folders(&mut self, library: LibraryId, paths: &[RelPath]) -> Result<u64, CatalogError> {
        self.note(|transaction| {
            let mut statement = transaction.prepare_cached(
                "INSERT OR IGNORE INTO temp.seen (entity_id)
                 SELECT id FROM entities WHERE library_id = ?1 AND found_in = ?2",
            )?;
            let mut seen = 0;
            for path in paths {
                seen += statement.execute((library, path))? as u64;
            }
            Ok(seen)
        })
    }
}

/// Writes down a folder that was read, behind the items that were found in it; folders that were in it and are no longer are
/// forgotten with all beneath them. What was found in it before and was not seen now is found there no longer, at once: a scan
/// that is killed before its end marks nothing as missing, and the next one does not read the folder again.
///
/// Of a library that is `new`, nothing was known before.
pub(super) fn put(connection: &Connection, folder: &ScannedFolder, is_new: bool) -> rusqlite::Result<()> {
    if !is_new {
        forget_former(connection, folder)?;
    }
    connection
        .prepare_cached(
            "INSERT INTO scanned_folders (library_id, path, context, fingerprint, watched, children)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (library_id, path) DO UPDATE SET context = excluded.context,
                fingerprint = excluded.fingerprint, watched = excluded.watched, children = excluded.children",
        )?
        .execute((
            folder.library,
            &folder.path,
            folder.context.cast_signed(),
            folder.fingerprint.cast_signed(),
            joined(folder.watched.iter().map(RelPath::as_bytes)),
            joined(folder.children.iter().map(Name::as_bytes)),
        ))?;
    Ok(())
}

/// Forgets what was known of the folder and is no longer so.
fn forget_former(connection: &Connection, folder: &ScannedFolder) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE entities SET found_in = NULL
             WHERE library_id = ?1 AND found_in = ?2 AND id NOT IN (SELECT entity_id FROM temp.seen)",
        )?
        .execute((folder.library, &folder.path))?;
    let known =
        connection.prepare_cached(BY_PATH)?.query_row((folder.library, &folder.path), self::folder).optional()?;
    let children = known.iter().flat_map(|known| &known.children);
    for gone in children.filter(|name| folder.children.binary_search(name).is_err()) {
        // Everything beneath `a` lies between `a/` and `a0`.
        let path = folder.path.join(gone);
        let (first, end) = ([path.as_bytes(), b"/"].concat(), [path.as_bytes(), b"0"].concat());
        connection
            .prepare_cached(
                "DELETE FROM scanned_folders WHERE library_id = ?1 AND (path = ?2 OR (path >= ?3 AND path < ?4))",
            )?
            .execute((folder.library, &path, first, end))?;
    }
    Ok(())
}

fn folder(row: &Row<'_>) -> rusqlite::Result<ScannedFolder> {
    let watched = row.get_ref("watched")?.as_blob()?;
    let children = row.get_ref("children")?.as_blob()?;
    Ok(ScannedFolder {
        library: row.get("library_id")?,
        path: row.get("path")?,
        context: row.get::<_, i64>("context")?.cast_unsigned(),
        fingerprint: row.get::<_, i64>("fingerprint")?.cast_unsigned(),
        // What is no path there was written by nobody of us; the fingerprint differs without it.
        watched: parts(watched).filter_map(|bytes| RelPath::parse(bytes).ok()).collect(),
        children: parts(children).filter_map(|bytes| Name::parse(bytes).ok()).collect(),
    })
}

/// No path holds a zero byte.
fn joined<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    parts.collect::<Vec<_>>().join(&0)
}

fn parts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&byte| byte == 0).filter(|part| !part.is_empty())
}
