//! Counts by what kind of thing it is, for who watches over a service.

use rusqlite::Connection;

use super::sql_types::{Count, not_valid};
use super::{Catalog, CatalogError};

/// How many there are of each pair of words.
pub type Tally = Vec<([String; 2], u64)>;

/// Counts by what kind of thing it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tallies {
    /// Jobs that are remembered, by kind and state.
    pub jobs: Tally,
    /// Webhooks that are remembered, by manager and outcome.
    pub webhooks: Tally,
    /// Candidates by provider, and whether the picture is in the cache (`cached`), was refused, or is only `known`.
    pub candidates: Tally,
}

impl Catalog {
    /// Counts by what kind of thing it is.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn tallies(&self) -> Result<Tallies, CatalogError> {
        self.read_together(|connection| {
            Ok(Tallies {
                jobs: tally(connection, "SELECT kind, state, count(*) FROM jobs GROUP BY 1, 2")?,
                webhooks: tally(connection, "SELECT manager, outcome, count(*) FROM webhooks GROUP BY 1, 2")?,
                candidates: tally(
                    connection,
                    "SELECT provider,
                            CASE WHEN cache_file_id IS NOT NULL THEN 'cached'
                                 WHEN refused IS NOT NULL THEN 'refused' ELSE 'known' END,
                            count(*)
                     FROM asset_candidates GROUP BY 1, 2",
                )?,
            })
        })
    }
}

fn tally(connection: &Connection, sql: &str) -> rusqlite::Result<Tally> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        let word =
            |column: usize| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str().map_err(not_valid)?.to_owned());
        Ok(([word(0)?, word(1)?], row.get::<_, Count>(2)?.0))
    })?;
    rows.collect()
}
