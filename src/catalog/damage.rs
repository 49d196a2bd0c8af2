//! What may be wrong with the catalog itself, and putting it right: rows that refer to nothing, paths that leave their
//! library, indexes that do not say what the tables say.

use rusqlite::Connection;

use super::sql_types::image_type;
use super::{Catalog, CatalogError, Original, PathKey, ScannedOriginal, open};
use crate::model::{LibraryId, MappingId, Name, RelPath};

/// How many lines SQLite tells of what is wrong with a file.
const LINES_MAX: u32 = 100;

/// A row that is to be taken out of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The table.
    pub table: String,
    /// Its number; `None` in a table without.
    pub id: Option<i64>,
    /// What is wrong.
    pub reason: String,
}

/// A path of the catalog that leads out of its library or is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPath {
    /// Its row.
    pub id: MappingId,
    /// The folder, as it stands there.
    pub folder: Vec<u8>,
    /// The name, as it stands there.
    pub name: Vec<u8>,
    /// What is wrong.
    pub reason: String,
}

/// The paths of a library.
#[derive(Debug, Default)]
pub struct CheckedPaths {
    /// Current mappings.
    pub mappings: u64,
    /// Originals.
    pub originals: u64,
    /// Paths that are none.
    pub bad: Vec<BadPath>,
}

const CURRENT_PATHS: &str = "
    SELECT id, folder, name FROM library_image_files
    WHERE library_id = ?1 AND removed_generation IS NULL AND cache_file_id IS NOT NULL";
const ORIGINAL_PATHS: &str =
    "SELECT id, folder, name FROM library_image_files WHERE library_id = ?1 AND cache_file_id IS NULL";

const ORIGINALS: &str = "
    SELECT id, folder, name, image_type, image_number, byte_count, mtime FROM library_image_files
    WHERE library_id = ?1 AND cache_file_id IS NULL AND (folder, name) > (?2, ?3) ORDER BY folder, name LIMIT ?4";

impl Catalog {
    /// Looks at every path of a library, whether it can be followed.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn check_paths(&self, library: LibraryId) -> Result<CheckedPaths, CatalogError> {
        self.read(|connection| {
            let mut checked = CheckedPaths::default();
            checked.mappings = check(connection, CURRENT_PATHS, library, &mut checked.bad)?;
            checked.originals = check(connection, ORIGINAL_PATHS, library, &mut checked.bad)?;
            Ok(checked)
        })
    }

    /// A page of the originals of a library by path, at most `limit`, behind `after`, and where the next one begins.
    /// Those whose path is none are left out.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn originals_page(
        &self,
        library: LibraryId,
        after: Option<&PathKey>,
        limit: u32,
    ) -> Result<(Vec<Original>, Option<PathKey>), CatalogError> {
        self.read(|connection| {
            let (folder, name) = after.map_or((&[][..], &[][..]), PathKey::parts);
            let mut statement = connection.prepare_cached(ORIGINALS)?;
            let mut rows = statement.query((library, folder, name, limit))?;
            let (mut originals, mut last, mut seen) = (Vec::new(), None, 0);
            while let Some(row) = rows.next()? {
                let (folder, name): (Vec<u8>, Vec<u8>) = (row.get("folder")?, row.get("name")?);
                (seen, last) = (seen + 1, Some(PathKey::of_bytes(folder.clone(), name.clone())));
                let (Ok(folder), Ok(name)) = (RelPath::parse(&folder), Name::parse(&name)) else { continue };
                let byte_count = super::sql_types::count(row, "byte_count")?;
                let (image_type, mtime) = (image_type(row)?, row.get("mtime")?);
                let found = ScannedOriginal { folder, name, image_type, byte_count, mtime };
                originals.push(Original { id: row.get("id")?, found });
            }
            Ok((originals, last.filter(|_| seen == limit)))
        })
    }

    /// Rows that refer to rows which are not there.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn orphan_rows(&self) -> Result<Vec<BadRow>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
            let rows = statement.query_map([], |row| {
                let (table, id, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let reason = format!("it refers to a row of {parent} that is not there");
                Ok(BadRow { table, id, reason })
            })?;
            let mut found: Vec<BadRow> = rows.collect::<Result<_, _>>()?;
            // A row may miss several others.
            found.dedup_by(|one, other| one.table == other.table && one.id == other.id && one.id.is_some());
            Ok(found)
        })
    }

    /// What SQLite says is wrong with the file, in its words.
    ///
    /// # Errors
    /// When the catalog cannot be read at all.
    pub fn integrity(&self) -> Result<Vec<String>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare(&format!("PRAGMA integrity_check({LINES_MAX})"))?;
            let lines = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
            // Missing rows are told one by one by `orphan_rows`.
            Ok(lines.into_iter().filter(|line| line != "ok").collect())
        })
    }

    /// Makes every index anew from its table.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn rebuild_indexes(&mut self) -> Result<(), CatalogError> {
        self.write_many(|transaction| Ok(transaction.execute_batch("REINDEX")?))
    }

    /// Takes a row out. What referred to it does so in vain then, and is found by the next look.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn remove_row(&mut self, row: &BadRow) -> Result<bool, CatalogError> {
        let Some(id) = row.id else { return self.remove_orphans(&row.table) };
        open::without_foreign_keys(self, |catalog| {
            catalog.write(|transaction| {
                if !is_table(transaction, &row.table)? {
                    return Ok(false);
                }
                let sql = format!("DELETE FROM \"{}\" WHERE rowid = ?1", row.table);
                Ok(transaction.prepare(&sql)?.execute([id])? > 0)
            })
        })
    }

    /// Takes the rows out of a table without row numbers that refer to nothing.
    fn remove_orphans(&mut self, table: &str) -> Result<bool, CatalogError> {
        open::without_foreign_keys(self, |catalog| {
            catalog.write(|transaction| {
                if !is_table(transaction, table)? {
                    return Ok(false);
                }
                let mut removed = 0;
                for (column, parent, key) in references(transaction, table)? {
                    let sql = format!(
                        "DELETE FROM \"{table}\" WHERE \"{column}\" IS NOT NULL
                             AND NOT EXISTS (SELECT 1 FROM \"{parent}\" p WHERE p.\"{key}\" = \"{table}\".\"{column}\")"
                    );
                    removed += transaction.prepare(&sql)?.execute([])?;
                }
                Ok(removed > 0)
            })
        })
    }
}

fn check(connection: &Connection, sql: &str, library: LibraryId, bad: &mut Vec<BadPath>) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([library])?;
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        seen += 1;
        let (folder, name) = (row.get_ref("folder")?.as_bytes()?, row.get_ref("name")?.as_bytes()?);
        let reason = match (RelPath::parse(folder), Name::parse(name)) {
            (Ok(_), Ok(_)) => continue,
            (Err(error), _) => error.to_string(),
            (_, Err(error)) => error.to_string(),
        };
        bad.push(BadPath { id: row.get("id")?, folder: folder.to_owned(), name: name.to_owned(), reason });
    }
    Ok(seen)
}

fn is_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")?.exists([name])
}

/// The columns of a table that refer to others: column, table, column there.
fn references(connection: &Connection, table: &str) -> rusqlite::Result<Vec<(String, String, String)>> {
    let mut statement =
        connection.prepare("SELECT \"from\", \"table\", coalesce(\"to\", 'id') FROM pragma_foreign_key_list(?1)")?;
    statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}
