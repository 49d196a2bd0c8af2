//! Runs of `verify`, and which files of the cache were found whole when.

use rusqlite::{Connection, OptionalExtension, Row};

use super::sql_types::{Count, count, extension, valid};
use super::{Catalog, CatalogError};
use crate::model::{ContentHash, UnixSeconds};

/// A run of `verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verification {
    /// Its number.
    pub id: i64,
    /// When it began; of one that goes on where a killed one was, when that began.
    pub started_at: UnixSeconds,
    /// When it came to its end.
    pub finished_at: Option<UnixSeconds>,
    /// Whether it read every file.
    pub is_deep: bool,
    /// What it found.
    pub findings: u64,
    /// How much of that was repaired.
    pub repaired: u64,
}

/// A file that the catalog says is in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedFile {
    /// The SHA-256 of its bytes.
    pub hash: ContentHash,
    /// Its extension, without dot.
    pub extension: String,
    /// Its size in bytes.
    pub byte_count: u64,
    /// When its bytes were last found to be those.
    pub verified_at: Option<UnixSeconds>,
}

/// As many rows for a file as it has uses: to group them here would need a table of its own, and they are sorted anyway.
const CACHED: &str = "
    SELECT f.sha256, f.extension, f.byte_count, v.verified_at
    FROM cache_image_files f LEFT JOIN verified_files v ON v.sha256 = f.sha256 AND v.extension = f.extension
    WHERE f.sha256 >= ?1 AND f.sha256 < ?2
      AND (?3 IS NULL OR f.entity_id IN (SELECT id FROM entities WHERE library_id IN (SELECT value FROM rarray(?4))))";

impl Catalog {
    /// The files that the catalog says are in the cache and whose hash begins with that byte, by hash and extension; of all
    /// libraries, or of some.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn cached_files(
        &self,
        first: u8,
        libraries: Option<&[crate::model::LibraryId]>,
    ) -> Result<Vec<CachedFile>, CatalogError> {
        let (start, end) = (vec![first], first.checked_add(1).map_or_else(|| vec![0xff; 33], |next| vec![next]));
        let of = super::sql_types::array(libraries.unwrap_or_default().iter().map(|library| library.get()));
        self.read(|connection| {
            let mut statement = connection.prepare_cached(CACHED)?;
            let parameters = (start, end, libraries.map(|_| 1), of);
            let rows = statement.query_map(parameters, cached_file)?;
            let mut files = Vec::new();
            for row in rows {
                files.extend(valid(row)?);
            }
            // Of rows that do not agree on the size of one file, the greatest counts.
            files.sort_unstable_by(|a: &CachedFile, b| {
                (&a.hash, &a.extension, b.byte_count).cmp(&(&b.hash, &b.extension, a.byte_count))
            });
            files.dedup_by(|later, first| (&later.hash, &later.extension) == (&first.hash, &first.extension));
            Ok(files)
        })
    }

    /// Whether the catalog says that this file is in the cache.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn is_cached(&self, hash: &ContentHash, extension: &str) -> Result<bool, CatalogError> {
        self.read(|connection| Ok(is_cached(connection, hash, extension)?))
    }

    /// Notes that the bytes of these files are those of their names.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn note_verified(&mut self, files: &[(ContentHash, String)], now: UnixSeconds) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let mut note = transaction.prepare_cached(
                "INSERT INTO verified_files (sha256, extension, verified_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (sha256, extension) DO UPDATE SET verified_at = excluded.verified_at",
            )?;
            files.iter().try_for_each(|(hash, extension)| note.execute((hash, extension, now)).map(drop))?;
            Ok(())
        })
    }

    /// Begins a run. A deep one goes on with the last one if that was killed; whether it does is told.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn begin_verification(
        &mut self,
        is_deep: bool,
        now: UnixSeconds,
    ) -> Result<(Verification, bool), CatalogError> {
        self.write(|transaction| {
            let last = of_depth(transaction, is_deep)?;
            if let Some(killed) = last.filter(|last| is_deep && last.finished_at.is_none()) {
                return Ok((killed, true));
            }
            let new = transaction
                .prepare_cached("INSERT INTO verifications (started_at, is_deep) VALUES (?1, ?2) RETURNING *")?
                .query_row((now, is_deep), verification)?;
            Ok((new, false))
        })
    }

    /// Ends a run.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn end_verification(&mut self, id: i64, findings: u64, now: UnixSeconds) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction
                .prepare_cached("UPDATE verifications SET finished_at = ?2, findings = ?3 WHERE id = ?1")?
                .execute((id, now, Count(findings)))?;
            // The last hundred are enough to look back.
            transaction.prepare_cached("DELETE FROM verifications WHERE id <= ?1 - 100")?.execute([id])?;
            Ok(())
        })
    }

    /// Notes how much of what a run found was repaired.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn note_repaired(&mut self, id: i64, repaired: u64) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction
                .prepare_cached("UPDATE verifications SET repaired = ?2 WHERE id = ?1")?
                .execute((id, Count(repaired)))?;
            Ok(())
        })
    }

    /// The last run that came to its end.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn last_verification(&self) -> Result<Option<Verification>, CatalogError> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached("SELECT * FROM verifications WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1")?
                .query_row([], verification)
                .optional()?)
        })
    }
}

pub(super) fn is_cached(connection: &Connection, hash: &ContentHash, extension: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM cache_image_files WHERE sha256 = ?1 AND extension = ?2")?
        .exists((hash, extension))
}

fn of_depth(connection: &Connection, is_deep: bool) -> rusqlite::Result<Option<Verification>> {
    connection
        .prepare_cached("SELECT * FROM verifications WHERE is_deep = ?1 ORDER BY id DESC LIMIT 1")?
        .query_row([is_deep], verification)
        .optional()
}

fn cached_file(row: &Row<'_>) -> rusqlite::Result<CachedFile> {
    Ok(CachedFile {
        hash: row.get("sha256")?,
        extension: extension(row)?,
        byte_count: count(row, "byte_count")?,
        verified_at: row.get("verified_at")?,
    })
}

fn verification(row: &Row<'_>) -> rusqlite::Result<Verification> {
    Ok(Verification {
        id: row.get("id")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
        is_deep: row.get("is_deep")?,
        findings: count(row, "findings")?,
        repaired: count(row, "repaired")?,
    })
}
