//! What players have been told.

use rusqlite::OptionalExtension;

use super::{Catalog, CatalogError};
use crate::model::{GenerationId, UnixSeconds};

impl Catalog {
    /// The generation that a player, by its word, was told of last. `None`: it has never been told anything.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn told(&self, player: &str) -> Result<Option<GenerationId>, CatalogError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached("SELECT generation FROM players WHERE player = ?1")?
                .query_row([player], |row| row.get("generation"))
                .optional()?;
            Ok(found)
        })
    }

    /// Remembers that a player knows of everything up to a generation. Of an older one than it knows already nothing is
    /// remembered.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn set_told(&mut self, player: &str, generation: GenerationId, now: UnixSeconds) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO players (player, generation, at) VALUES (?1, ?2, ?3)
                     ON CONFLICT (player) DO UPDATE SET generation = excluded.generation, at = excluded.at
                     WHERE excluded.generation > generation",
                )?
                .execute((player, generation, now))?;
            Ok(())
        })
    }
}
