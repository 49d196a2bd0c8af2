//! Counts.

use rusqlite::Connection;

use super::cache_files::{self, CacheTotals};
use super::sql_types::{Count, count};
use super::{Catalog, CatalogError};
use crate::model::GenerationId;

/// How much there is of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Libraries.
    pub libraries: u64,
    /// Entities that are there.
    pub entities: u64,
    /// Entities that the last scan did not find.
    pub missing: u64,
    /// Originals.
    pub originals: u64,
    /// Candidates.
    pub candidates: u64,
    /// Current mappings.
    pub mappings: u64,
    /// Metadata documents among them.
    pub documents: u64,
    /// Pictures in the cache.
    pub cache: CacheTotals,
    /// The last generation.
    pub generation: Option<GenerationId>,
}

impl Catalog {
    /// How much there is of everything.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn counts(&self) -> Result<Counts, CatalogError> {
        self.read_together(|connection| {
            let cache = cache_files::totals(connection)?;
            let mappings = mapping_count(connection)?;
            let mut statement = connection.prepare_cached(
                "SELECT (SELECT count(*) FROM libraries WHERE removed_at IS NULL) AS libraries,
                        (SELECT count(*) FROM entities WHERE is_missing = 0) AS entities,
                        (SELECT count(*) FROM entities WHERE is_missing = 1) AS missing,
                        (SELECT count(*) FROM library_image_files WHERE cache_file_id IS NULL) AS originals,
                        (SELECT count(*) FROM asset_candidates) AS candidates,
                        (SELECT count(*) FROM library_image_files WHERE image_type = 'nfo'
                         AND removed_generation IS NULL AND cache_file_id IS NOT NULL) AS documents,
                        (SELECT max(id) FROM generations) AS generation",
            )?;
            Ok(statement.query_row([], |row| {
                Ok(Counts {
                    libraries: count(row, "libraries")?,
                    entities: count(row, "entities")?,
                    missing: count(row, "missing")?,
                    originals: count(row, "originals")?,
                    candidates: count(row, "candidates")?,
                    mappings,
                    documents: count(row, "documents")?,
                    cache,
                    generation: row.get("generation")?,
                })
            })?)
        })
    }
}

/// The number of current mappings.
pub(super) fn mapping_count(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(
            "SELECT count(*) AS count FROM library_image_files
             WHERE removed_generation IS NULL AND cache_file_id IS NOT NULL",
        )?
        .query_row([], |row| row.get::<_, Count>("count").map(|count| count.0))
}
