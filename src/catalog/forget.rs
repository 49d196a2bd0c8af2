//! Retention: what only old generations showed is forgotten.
//!
//! A mapping that has ended is needed as long as a generation can be gone back to in which it was shown. When none is left, its row
//! goes, unless it is the last one of its path: the time of the next one there must be later. The row of a generation
//! stays for the history; it says that it cannot be gone back to.

use rusqlite::{Connection, Transaction, named_params};

use super::sql_types::Count;
use super::{Catalog, CatalogError, PublishMode};
use crate::model::UnixSeconds;

/// Which generations are kept besides the present one and those with a name: those that are new enough by either rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The newest so many.
    pub newest: u32,
    /// Those that were made after that.
    pub since: UnixSeconds,
}

/// What was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Generations that cannot be gone back to any more.
    pub generations: u64,
    /// Mappings that only these showed.
    pub mappings: u64,
}

const FORGET: &str = "
    UPDATE generations SET forgotten_at = :now
    WHERE forgotten_at IS NULL AND at < :since
      AND id NOT IN (SELECT id FROM generations ORDER BY id DESC LIMIT :newest)
      AND id <> (SELECT max(id) FROM generations)
      AND id NOT IN (SELECT generation_id FROM generation_tags)";

/// Ended mappings that no generation shows which can be gone back to, and that are not the last of their path.
const NOT_NEEDED: &str = "
    INSERT INTO temp.old (id)
    SELECT m.id FROM library_image_files m
    WHERE m.removed_generation IS NOT NULL
      AND m.removed_generation <= (SELECT max(id) FROM generations WHERE forgotten_at IS NOT NULL) + 1
      AND NOT EXISTS (SELECT 1 FROM generations g WHERE g.id >= m.added_generation AND g.id < m.removed_generation
                        AND g.forgotten_at IS NULL)
      AND EXISTS (SELECT 1 FROM library_image_files h
                  WHERE h.library_id = m.library_id AND h.folder = m.folder AND h.name = m.name
                    AND h.removed_generation IS NOT NULL AND h.published_at > m.published_at
                  UNION ALL
                  SELECT 1 FROM library_image_files c
                  WHERE c.library_id = m.library_id AND c.folder = m.folder AND c.name = m.name
                    AND c.removed_generation IS NULL AND c.cache_file_id IS NOT NULL)";

impl Catalog {
    /// Forgets what only generations showed that need not be kept.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn forget(
        &mut self,
        retention: Retention,
        mode: PublishMode,
        now: UnixSeconds,
    ) -> Result<Forgotten, CatalogError> {
        let work = |transaction: &Transaction<'_>| {
            super::replace::clear(transaction)?;
            let generations = transaction.prepare_cached(FORGET)?.execute(named_params! {
                ":now": now, ":since": retention.since, ":newest": retention.newest,
            })?;
            let mappings = if generations > 0 { remove(transaction)? } else { 0 };
            Ok(Forgotten { generations: generations as u64, mappings })
        };
        match mode {
            PublishMode::Apply => self.write_many(work),
            PublishMode::DryRun => self.try_out(work),
        }
    }
}

fn remove(connection: &Connection) -> rusqlite::Result<u64> {
    connection.prepare_cached(NOT_NEEDED)?.execute([])?;
    for statement in [
        "DELETE FROM withdrawn WHERE mapping_id IN (SELECT id FROM temp.old)",
        "DELETE FROM program_writes WHERE mapping_id IN (SELECT id FROM temp.old)",
        "DELETE FROM library_image_files WHERE id IN (SELECT id FROM temp.old)",
    ] {
        connection.prepare_cached(statement)?.execute([])?;
    }
    let removed: Count =
        connection.prepare_cached("SELECT count(*) AS count FROM temp.old")?.query_row([], |row| row.get("count"))?;
    super::replace::clear(connection)?;
    Ok(removed.0)
}
