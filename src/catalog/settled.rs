//! Entities that are shown just as they shall be, and of which publishing has nothing to do.

use rusqlite::{Connection, Row};

use super::sql_types::image_type;
use super::wanted::Wish;
use crate::model::{CacheFileId, LibraryId};

/// What is shown of an entity, and whether a program removed it or wrote over it.
const SHOWN_OF: &str = "
    SELECT m.library_id, m.folder, m.name, m.image_type, m.image_number, m.cache_file_id,
           EXISTS (SELECT 1 FROM withdrawn w WHERE w.mapping_id = m.id)
           OR EXISTS (SELECT 1 FROM program_writes p WHERE p.mapping_id = m.id) AS is_disturbed
    FROM library_image_files m
    WHERE m.entity_id = ?1 AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL";

/// Whether exactly that is shown of the entity, undisturbed.
pub(super) fn is_shown_so(connection: &Connection, wishes: &[Wish<'_>]) -> rusqlite::Result<bool> {
    let Some((picture, _)) = wishes.first() else { return Ok(false) };
    let mut statement = connection.prepare_cached(SHOWN_OF)?;
    let mut rows = statement.query([picture.entity.id])?;
    let mut shown = 0;
    while let Some(row) = rows.next()? {
        let mut is_wished = false;
        for wish in wishes {
            is_wished |= is_of(row, wish)?;
        }
        if !is_wished || row.get::<_, bool>("is_disturbed")? {
            return Ok(false);
        }
        shown += 1;
    }
    Ok(shown == wishes.len())
}

/// Whether a mapping is what is wished for.
fn is_of(row: &Row<'_>, (picture, place): &Wish<'_>) -> rusqlite::Result<bool> {
    Ok(row.get_ref("folder")?.as_bytes()? == place.folder.as_bytes()
        && row.get_ref("name")?.as_bytes()? == place.name.as_bytes()
        && row.get::<_, CacheFileId>("cache_file_id")? == picture.cache_file
        && row.get::<_, LibraryId>("library_id")? == picture.entity.library
        && image_type(row)? == picture.image_type)
}
