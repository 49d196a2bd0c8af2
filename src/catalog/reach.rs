//! What lies beneath one folder: what an import concerns, and what the scan of one folder answers for.

use rusqlite::{Connection, Row};

use super::sql_types::array;
use super::{Catalog, CatalogError};
use crate::model::{EntityId, LibraryId, RelPath};

/// Everything beneath `a` lies between `a` and `a0`; so does `a!`, which is sorted out later. Nothing lies behind the
/// longest name of the highest byte.
pub(super) fn range(folder: &RelPath) -> (Vec<u8>, Vec<u8>) {
    let end = if folder.is_root() { vec![0xff; 256] } else { [folder.as_bytes(), b"0"].concat() };
    (folder.as_bytes().to_vec(), end)
}

/// What a folder above tells of, as a series of its seasons, is not to be seen by looking into the folder.
const UNSEEN: &str = "
    SELECT id, path FROM entities
    WHERE library_id = ?1 AND path >= ?2 AND path < ?3 AND is_missing = 0
      AND (found_in IS NULL OR found_in >= ?2)
      AND id NOT IN (SELECT entity_id FROM temp.seen)";

const BELOW: &str = "
    SELECT id, path FROM entities WHERE library_id = ?1 AND path >= ?2 AND path < ?3 AND is_missing = 0 ORDER BY id";

const AROUND: &str = "
    SELECT actor_id AS id FROM credits WHERE entity_id IN (SELECT value FROM rarray(?1))
    UNION SELECT set_id FROM set_members WHERE entity_id IN (SELECT value FROM rarray(?1)) ORDER BY id";

impl Catalog {
    /// The items of a library that lie in a folder or beneath it and are there, who plays in them, and the sets they are
    /// in.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn items_in(&self, library: LibraryId, folder: &RelPath) -> Result<Vec<EntityId>, CatalogError> {
        self.read_together(|connection| {
            let mut items: Vec<EntityId> =
                below(connection, BELOW, library, folder)?.into_iter().map(|(id, _)| id).collect();
            let ids = array(items.iter().map(|id| id.get()));
            let mut statement = connection.prepare_cached(AROUND)?;
            let around = statement.query_map([ids], |row| row.get("id"))?;
            items.extend(around.collect::<Result<Vec<EntityId>, _>>()?);
            Ok(items)
        })
    }
}

/// The entities at a folder and beneath it that the scan has not seen and would have, had they been there.
pub(super) fn unseen(
    connection: &Connection,
    library: LibraryId,
    folder: &RelPath,
) -> rusqlite::Result<Vec<(EntityId, RelPath)>> {
    below(connection, UNSEEN, library, folder)
}

fn below(
    connection: &Connection,
    sql: &'static str,
    library: LibraryId,
    folder: &RelPath,
) -> rusqlite::Result<Vec<(EntityId, RelPath)>> {
    let (first, end) = range(folder);
    let row = |row: &Row<'_>| Ok((row.get("id")?, row.get("path")?));
    let mut found: Vec<(EntityId, RelPath)> =
        connection.prepare_cached(sql)?.query_map((library, first, end), row)?.collect::<Result<_, _>>()?;
    found.retain(|(_, path)| path.strip_prefix(folder).is_some());
    Ok(found)
}
