//! What a lock keeps in the view.
//!
//! A locked image type of which something is shown goes on showing it, though something else is selected, or nothing:
//! publishing everything changes it only to what a person chose. So a picture that was chosen automatically just before
//! the lock, or that a rollback brought back just before it, stays. Publishing an item by its name, or one picture, is a
//! person's word and looks at no lock.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::vec::IntoIter;

use rusqlite::Connection;

use super::entities::entity_columns;
use super::guards;
use super::scope::Scope;
use super::sql_types::image_type;
use super::wanted::{SelectedPicture, selected_picture};
use crate::model::{CacheFileId, EntityId, ImageType, UnixSeconds};

/// What is shown of the scope, by the catalog of that schema, and is neither what is selected there nor gives way to a
/// person's choice. Of documents nothing is kept: it is what they tell that is locked.
macro_rules! shown_otherwise {
    ($schema:literal) => {
        concat!(
            "SELECT DISTINCT m.entity_id, m.image_type, m.image_number, m.cache_file_id
             FROM temp.scope s
             CROSS JOIN ",
            $schema,
            ".library_image_files m
                 ON m.entity_id = s.entity_id AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
             LEFT JOIN ",
            $schema,
            ".asset_candidates c ON c.entity_id = m.entity_id AND c.image_type = m.image_type
                 AND c.image_number = m.image_number AND c.is_selected = 1
             WHERE m.image_type <> 'nfo'
               AND (c.id IS NULL OR (c.user_locked = 0 AND c.cache_file_id IS NOT m.cache_file_id))
             ORDER BY m.entity_id, m.image_type, m.image_number"
        )
    };
}

const SHOWN_ONE: &str = concat!(
    "SELECT ?2 AS image_type, ?3 AS image_number, f.id AS cache_file_id, f.sha256, f.extension, l.naming, ",
    entity_columns!(),
    " FROM entities e CROSS JOIN cache_image_files f ON f.id = ?4 CROSS JOIN libraries l ON l.id = e.library_id
      WHERE e.id = ?1"
);

/// The pictures that locks keep, in the order of entities.
pub(super) struct Kept {
    rest: Peekable<IntoIter<Shown>>,
    types: BTreeSet<(EntityId, ImageType)>,
}

#[derive(Clone, Copy)]
struct Shown {
    entity: EntityId,
    image_type: ImageType,
    cache_file: CacheFileId,
}

impl Kept {
    /// What locks keep in the scope, which is in `temp.scope`.
    pub(super) fn read(connection: &Connection, scope: Scope<'_>) -> rusqlite::Result<Self> {
        let shown = match scope {
            Scope::All | Scope::Libraries(_) | Scope::Shown(_) | Scope::Among(_) => {
                locked(connection, shown_otherwise!("main"))?
            }
            Scope::Entities(_) | Scope::Pictures(_) => Vec::new(),
        };
        let types = shown.iter().map(|shown| (shown.entity, shown.image_type)).collect();
        Ok(Self { rest: shown.into_iter().peekable(), types })
    }

    /// Whether what is selected for that is not to be shown.
    pub(super) fn has(&self, entity: EntityId, image_type: ImageType) -> bool {
        self.types.contains(&(entity, image_type))
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.types.len() as u64
    }

    /// The entity of the next picture; `None` when there is none.
    pub(super) fn entity(&mut self) -> Option<EntityId> {
        self.rest.peek().map(|shown| shown.entity)
    }

    /// The next picture; `None` when there is none.
    pub(super) fn take(&mut self, connection: &Connection) -> rusqlite::Result<Option<SelectedPicture>> {
        let Some(shown) = self.rest.next() else { return Ok(None) };
        let (kind, number) = (shown.image_type.kind().as_str(), shown.image_type.number());
        let mut statement = connection.prepare_cached(SHOWN_ONE)?;
        let read = |row: &rusqlite::Row<'_>| selected_picture(connection, row);
        statement.query_row((shown.entity, kind, number, shown.cache_file), read).map(Some)
    }
}

const DESELECT: &str =
    "UPDATE main.asset_candidates SET is_selected = 0 WHERE entity_id = ?1 AND image_type = ?2 AND image_number = ?3";
const SELECT: &str = "
    INSERT INTO main.asset_candidates
        (entity_id, image_type, image_number, provider, provider_key, is_selected, cache_file_id, fetched_at, selected_at)
    VALUES (?1, ?2, ?3, 'view', '', 1, ?4, ?5, ?5)";
const RELEASE: &str = "DELETE FROM main.unpublished WHERE entity_id = ?1 AND image_type = ?2 AND image_number = ?3";

/// Has a catalog that is derived from the one at hand as `base` take for selected what locks keep there, of what is in
/// `temp.scope`. It needs the locks themselves to be told.
pub(super) fn select_kept(connection: &Connection, now: UnixSeconds) -> rusqlite::Result<()> {
    for Shown { entity, image_type, cache_file } in locked(connection, shown_otherwise!("base"))? {
        let of_type = (entity, image_type.kind().as_str(), image_type.number());
        connection.prepare_cached(DESELECT)?.execute(of_type)?;
        connection.prepare_cached(RELEASE)?.execute(of_type)?;
        connection.prepare_cached(SELECT)?.execute((of_type.0, of_type.1, of_type.2, cache_file, now))?;
    }
    Ok(())
}

/// Where two pictures are shown of one type, as while names change, the later one counts.
fn locked(connection: &Connection, shown_otherwise: &str) -> rusqlite::Result<Vec<Shown>> {
    let mut statement = connection.prepare_cached(shown_otherwise)?;
    let mut rows = statement.query([])?;
    let mut kept: Vec<Shown> = Vec::new();
    while let Some(row) = rows.next()? {
        let shown = Shown {
            entity: row.get("entity_id")?,
            image_type: image_type(row)?,
            cache_file: row.get("cache_file_id")?,
        };
        if !guards::guard(connection, shown.entity)?.is_locked(&shown.image_type.to_string()) {
            continue;
        }
        match kept.last_mut().filter(|last| (last.entity, last.image_type) == (shown.entity, shown.image_type)) {
            Some(last) => *last = shown,
            None => kept.push(shown),
        }
    }
    Ok(kept)
}
