//! What is to be shown where: the paths of what is selected, and who has a path that several want.

use std::fmt;

use rusqlite::{Connection, Row, named_params};

use super::documents::Documents;
use super::entities::{self, Entity, entity_columns};
use super::error::Fault;
use super::kept::Kept;
use super::scope::{Scope, is_partial};
use super::sql_types::image_type;
use super::{Published, places};
use crate::model::{CacheFileId, ContentHash, EntityId, ImageType, LibraryId, Name, Placement, RelPath};
use crate::naming::split_extension;

/// A selected picture, with all that its names depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedPicture {
    /// The entity it is for.
    pub entity: Entity,
    /// Where that lies.
    pub placement: Placement,
    /// The naming profiles of the entity's library.
    pub naming: String,
    /// What it is of.
    pub image_type: ImageType,
    /// Its picture in the cache.
    pub cache_file: CacheFileId,
    /// The SHA-256 of its bytes.
    pub hash: ContentHash,
    /// Its extension, without dot.
    pub extension: String,
}

/// One path that a picture shall be shown at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The folder, relative to the library.
    pub folder: RelPath,
    /// The name there.
    pub name: Name,
    /// Whether the folder may be shown though the tree lacks it (`.actors`). Its parent is a folder of the tree.
    pub is_synthetic_folder: bool,
}

/// Two pictures want one path, or one name with different extensions, of which players would take either: the one of the
/// entity with the lower number has it. Where both are the same picture, nobody loses anything and it is no conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The library.
    pub library: LibraryId,
    /// The folder.
    pub folder: RelPath,
    /// The name that both want.
    pub name: Name,
    /// The entity that does not get it.
    pub loser: EntityId,
    /// The image type of its picture.
    pub image_type: ImageType,
    /// The entity that has it.
    pub winner: EntityId,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { winner, image_type, loser, .. } = self;
        write!(f, "item {winner} has this name already, so {image_type} of item {loser} is not shown under it")
    }
}

/// By entity number, so that the first to want a path is the one to have it.
const SELECTED: &str = concat!(
    "SELECT c.image_type, c.image_number, c.cache_file_id, f.sha256, f.extension, l.naming, ",
    entity_columns!(),
    " FROM temp.scope s
      CROSS JOIN asset_candidates c ON c.entity_id = s.entity_id AND c.is_selected = 1
      CROSS JOIN cache_image_files f ON f.id = c.cache_file_id
      CROSS JOIN entities e ON e.id = s.entity_id
      CROSS JOIN libraries l ON l.id = e.library_id
      WHERE (:with_withheld OR NOT EXISTS (
          SELECT 1 FROM unpublished u WHERE u.entity_id = c.entity_id AND u.image_type = c.image_type
                                        AND u.image_number = c.image_number))
        AND (NOT :is_partial OR EXISTS (
            SELECT 1 FROM temp.scope_pictures p
            WHERE p.entity_id = s.entity_id AND p.image_type = c.image_type AND p.image_number = c.image_number))
      ORDER BY s.entity_id, c.image_type, c.image_number"
);

/// The same columns of what is shown of the entities in `scope`.
pub(super) const SHOWN: &str = concat!(
    "SELECT DISTINCT m.image_type, m.image_number, m.cache_file_id, f.sha256, f.extension, l.naming, ",
    entity_columns!(),
    " FROM temp.scope s
      CROSS JOIN library_image_files m
          ON m.entity_id = s.entity_id AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
      CROSS JOIN cache_image_files f ON f.id = m.cache_file_id
      CROSS JOIN entities e ON e.id = s.entity_id
      CROSS JOIN libraries l ON l.id = e.library_id
      ORDER BY s.entity_id, m.image_type, m.image_number"
);

/// Where the columns of the entity begin in [`SELECTED`].
const ENTITY_COLUMN: usize = 6;

const WANT: &str = "
    INSERT INTO temp.wanted (library_id, folder, name, stem, entity_id, image_type, image_number, cache_file_id,
                             is_synthetic)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";

const WANTED_AT: &str = "
    SELECT w.entity_id, w.image_type, w.image_number, f.sha256
    FROM temp.wanted w CROSS JOIN cache_image_files f ON f.id = w.cache_file_id
    WHERE w.library_id = ?1 AND w.folder = ?2 AND w.stem = ?3";

/// Whether `m` has the name of the wanted `w`, be it with another extension: it begins with that stem and its dot, and has
/// no further one. Names that begin so lie together in the index. A document is no picture of any name.
macro_rules! has_same_stem {
    () => {
        "m.name >= w.stem AND m.name < CAST(w.stem || x'ff' AS BLOB) AND (m.image_type = 'nfo') = (w.image_type = 'nfo')
         AND instr(substr(m.name, length(w.stem) + 1), x'2e') = 0"
    };
}

/// Wanted paths that an entity outside the scope has, which also comes first.
const TAKEN: &str = concat!(
    "SELECT w.library_id, w.folder, w.name, w.entity_id, w.image_type, w.image_number, m.entity_id AS winner,
            wf.sha256 = mf.sha256 AS is_same
     FROM temp.wanted w CROSS JOIN library_image_files m
         ON m.library_id = w.library_id AND m.folder = w.folder AND ",
    has_same_stem!(),
    "    AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
     CROSS JOIN cache_image_files wf ON wf.id = w.cache_file_id
     CROSS JOIN cache_image_files mf ON mf.id = m.cache_file_id
     WHERE m.entity_id < w.entity_id AND m.entity_id NOT IN (SELECT s.entity_id FROM temp.scope s)"
);

const DROP_TAKEN: &str = "DELETE FROM temp.wanted WHERE library_id = ?1 AND folder = ?2 AND name = ?3";

/// Wanted paths that an entity outside the scope has, but comes later.
pub(super) const OLD_IN_THE_WAY: &str = concat!(
    "INSERT OR IGNORE INTO temp.old (id)
     SELECT m.id FROM temp.wanted w CROSS JOIN library_image_files m
         ON m.library_id = w.library_id AND m.folder = w.folder AND ",
    has_same_stem!(),
    "    AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
     WHERE m.entity_id > w.entity_id"
);

/// Exceptions seen so far, bounded in memory.
#[derive(Default)]
pub(super) struct Exceptions {
    pub first: Vec<Conflict>,
    pub count: u64,
    kept: u64,
}

impl Exceptions {
    fn push(&mut self, conflict: Conflict) {
        self.count += 1;
        if self.first.len() < Published::CONFLICTS_MAX {
            self.first.push(conflict);
        }
    }

    fn count_in(&mut self, conflict: Option<Conflict>) {
        conflict.into_iter().for_each(|conflict| self.push(conflict));
    }

    pub(super) fn added_to(self, published: Published) -> Published {
        Published { conflicts: self.first, conflict_count: self.count, kept: self.kept, ..published }
    }
}

/// Notes every path that `places` tells for what is selected in the scope, or kept there by a lock.
pub(super) fn fill_wanted(
    connection: &Connection,
    scope: Scope<'_>,
    mut places: impl FnMut(&SelectedPicture) -> Vec<Place>,
    exceptions: &mut Exceptions,
) -> Result<(), Fault> {
    let mut selected = connection.prepare_cached(SELECTED)?;
    let mut rows = selected.query(named_params! {
        ":with_withheld": matches!(scope, Scope::Entities(_)), ":is_partial": is_partial(scope),
    })?;
    let mut kept = Kept::read(connection, scope)?;
    let mut documents = Documents::read(connection, scope)?;
    exceptions.kept = kept.count();
    let mut want_all = |picture: &SelectedPicture| -> rusqlite::Result<()> {
        for place in places(picture) {
            exceptions.count_in(want(connection, picture, place)?);
        }
        Ok(())
    };
    while let Some(row) = rows.next()? {
        let picture = selected_picture(connection, row)?;
        while let Some(shown) = kept.next_up_to(connection, picture.entity.id)? {
            want_all(&shown)?;
        }
        while let Some(document) = documents.next_up_to(connection, picture.entity.id)? {
            want_all(&document)?;
        }
        if !kept.has(picture.entity.id, picture.image_type) {
            want_all(&picture)?;
        }
    }
    while let Some(shown) = kept.next_up_to(connection, EntityId::new(i64::MAX))? {
        want_all(&shown)?;
    }
    while let Some(document) = documents.next_up_to(connection, EntityId::new(i64::MAX))? {
        want_all(&document)?;
    }
    Ok(())
}

/// Notes a wanted path, unless an earlier picture has it, be it with another extension.
pub(super) fn want(
    connection: &Connection,
    picture: &SelectedPicture,
    place: Place,
) -> rusqlite::Result<Option<Conflict>> {
    let Entity { id, library, .. } = picture.entity;
    let stem = match picture.image_type.is_picture() {
        true => [split_extension(place.name.as_bytes()).0, b"."].concat(),
        // Pictures of that name are no other pictures than the document.
        false => place.name.as_bytes().to_vec(),
    };
    let noted = connection.prepare_cached(WANT)?.execute((
        library,
        &place.folder,
        &place.name,
        &stem,
        id,
        picture.image_type.kind().as_str(),
        picture.image_type.number(),
        picture.cache_file,
        place.is_synthetic_folder,
    ))?;
    if noted > 0 {
        return Ok(None);
    }
    let (winner, hash): (EntityId, ContentHash) = connection
        .prepare_cached(WANTED_AT)?
        .query_row((library, &place.folder, &stem), |row| Ok((row.get("entity_id")?, row.get("sha256")?)))?;
    let Place { folder, name, .. } = place;
    let conflict = Conflict { library, folder, name, loser: id, image_type: picture.image_type, winner };
    Ok((hash != picture.hash).then_some(conflict))
}

pub(super) fn yield_taken(connection: &Connection, exceptions: &mut Exceptions) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(TAKEN)?;
    let taken: Vec<(Conflict, bool)> =
        statement.query_map([], |row| Ok((conflict(row)?, row.get("is_same")?)))?.collect::<Result<_, _>>()?;
    for (conflict, is_same) in taken {
        connection.prepare_cached(DROP_TAKEN)?.execute((conflict.library, &conflict.folder, &conflict.name))?;
        if !is_same {
            exceptions.push(conflict);
        }
    }
    Ok(())
}

fn conflict(row: &Row<'_>) -> rusqlite::Result<Conflict> {
    Ok(Conflict {
        library: row.get("library_id")?,
        folder: row.get("folder")?,
        name: row.get("name")?,
        loser: row.get("entity_id")?,
        image_type: image_type(row)?,
        winner: row.get("winner")?,
    })
}

pub(super) fn selected_picture(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<SelectedPicture> {
    let entity = entities::entity_from(row, ENTITY_COLUMN)?;
    Ok(SelectedPicture {
        placement: places::placement(connection, &entity)?,
        entity,
        naming: row.get("naming")?,
        image_type: image_type(row)?,
        cache_file: row.get("cache_file_id")?,
        hash: row.get("sha256")?,
        extension: row.get("extension")?,
    })
}
