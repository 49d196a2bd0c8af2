//! What a publish is about: which entities, and which of their pictures.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::entities;
use super::error::Fault;
use super::sql_types::array;
use crate::model::{EntityId, ImageType, LibraryId};

/// What is to be published.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// Everything.
    All,
    /// All of these libraries.
    Libraries(&'a [LibraryId]),
    /// These entities, by name: what `unpublish` withheld of them is released.
    Entities(&'a [EntityId]),
    /// Some pictures of entities; the others stay as they are.
    Pictures(&'a [(EntityId, ImageType)]),
    /// These entities, as far as something of them is shown: what is shown follows them. Nothing is released.
    Shown(&'a [EntityId]),
    /// These entities, as publishing everything would: nothing is released, and locks keep what is shown.
    Among(&'a [EntityId]),
}

const SCOPE_ALL: &str = "INSERT INTO temp.scope (entity_id) SELECT id FROM entities WHERE is_missing = 0";
const SCOPE_LIBRARIES: &str = "
    INSERT INTO temp.scope (entity_id)
    SELECT id FROM entities WHERE is_missing = 0 AND library_id IN (SELECT value FROM rarray(?1))";
const SCOPE_SHOWN: &str = "
    INSERT INTO temp.scope (entity_id)
    SELECT id FROM entities e WHERE is_missing = 0 AND id IN (SELECT value FROM rarray(?1))
    AND EXISTS (SELECT 1 FROM library_image_files m WHERE m.entity_id = e.id
                AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL)";
const SCOPE_ENTITIES: &str = "
    INSERT INTO temp.scope (entity_id)
    SELECT id FROM entities WHERE is_missing = 0 AND id IN (SELECT value FROM rarray(?1))";
const SCOPE_PICTURE: &str = "
    INSERT OR IGNORE INTO temp.scope_pictures (entity_id, image_type, image_number) VALUES (?1, ?2, ?3)";

/// Whether what programs removed or wrote over is shown again: by publishing, not by what follows from other changes.
pub(super) fn shows_again(scope: Scope<'_>) -> bool {
    matches!(scope, Scope::All | Scope::Libraries(_) | Scope::Entities(_) | Scope::Among(_))
}

/// Whether whole libraries are meant, so that most of what is in them is shown already.
pub(super) fn is_whole(scope: Scope<'_>) -> bool {
    matches!(scope, Scope::All | Scope::Libraries(_))
}

/// Whether only those pictures are meant that are in `temp.scope_pictures`.
pub(super) fn is_partial(scope: Scope<'_>) -> bool {
    matches!(scope, Scope::Pictures(_))
}

/// Fills `scope`, and `scope_pictures` where only some are meant.
pub(super) fn fill_scope(connection: &Connection, scope: Scope<'_>) -> Result<(), Fault> {
    match scope {
        Scope::All => connection.prepare_cached(SCOPE_ALL)?.execute([])?,
        Scope::Libraries(ids) => {
            connection.prepare_cached(SCOPE_LIBRARIES)?.execute([array(ids.iter().map(|id| id.get()))])?
        }
        Scope::Shown(ids) => connection.prepare_cached(SCOPE_SHOWN)?.execute([array(ids.iter().map(|id| id.get()))])?,
        Scope::Among(ids) => {
            connection.prepare_cached(SCOPE_ENTITIES)?.execute([array(ids.iter().map(|id| id.get()))])?
        }
        Scope::Entities(ids) => {
            ids.iter().try_for_each(|id| entities::require(connection, *id))?;
            connection.prepare_cached(SCOPE_ENTITIES)?.execute([array(ids.iter().map(|id| id.get()))])?
        }
        Scope::Pictures(pictures) => {
            for (id, image_type) in pictures {
                entities::require(connection, *id)?;
                let picture = (id, image_type.kind().as_str(), image_type.number());
                connection.prepare_cached(SCOPE_PICTURE)?.execute(picture)?;
            }
            let ids: BTreeSet<i64> = pictures.iter().map(|(id, _)| id.get()).collect();
            connection.prepare_cached(SCOPE_ENTITIES)?.execute([array(ids.into_iter())])?
        }
    };
    Ok(())
}
