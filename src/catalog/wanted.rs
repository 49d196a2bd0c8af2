//! What is to be shown where: the paths of what is selected, kept by a lock or made, and who has a path that several want.
//!
//! Most of it is shown already whenever something is published. Of a whole library, entities that are shown just so leave the
//! scope (`settled`): nothing of them is compared or written, and publishing costs one look at each.

use std::fmt;

use rusqlite::{Connection, Row, Rows, named_params};

use super::documents::Documents;
use super::entities::{self, Entity, entity_columns};
use super::error::Fault;
use super::kept::Kept;
use super::scope::{Scope, is_partial, is_whole};
use super::settled::is_shown_so;
use super::sql_types::{array, image_type};
use super::{Published, places};
use crate::model::{CacheFileId, ContentHash, EntityId, ImageType, LibraryId, MappingId, Name, Placement, RelPath};
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

/// Wanted `w` and mappings `m` of entities outside the scope that have the name, where the one comes first and the other loses.
macro_rules! rivals {
    ($winner:literal, $loser:literal) => {
        concat!(
            "SELECT m.id, m.library_id, m.folder, ",
            $loser,
            ".name, ",
            $loser,
            ".entity_id AS loser, ",
            $loser,
            ".image_type, ",
            $loser,
            ".image_number, ",
            $winner,
            ".entity_id AS winner,
                    wf.sha256 = mf.sha256 AS is_same
             FROM temp.wanted w CROSS JOIN library_image_files m
                 ON m.library_id = w.library_id AND m.folder = w.folder AND ",
            has_same_stem!(),
            "    AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
             CROSS JOIN cache_image_files wf ON wf.id = w.cache_file_id
             CROSS JOIN cache_image_files mf ON mf.id = m.cache_file_id
             WHERE m.entity_id NOT IN (SELECT s.entity_id FROM temp.scope s) AND ",
            $winner,
            ".entity_id < ",
            $loser,
            ".entity_id"
        )
    };
}
const TAKEN: &str = rivals!("m", "w");
const IN_THE_WAY: &str = rivals!("w", "m");

const DROP_TAKEN: &str = "DELETE FROM temp.wanted WHERE library_id = ?1 AND folder = ?2 AND name = ?3";
const END_IN_THE_WAY: &str = "INSERT OR IGNORE INTO temp.old (id) VALUES (?1)";

const LEAVE_OUT: &str = "DELETE FROM temp.scope WHERE entity_id IN (SELECT value FROM rarray(?1))";

/// Exceptions seen so far, bounded in memory.
#[derive(Default)]
pub(super) struct Exceptions {
    /// Pictures that a path was refused, the first of them.
    pub(super) conflicts: Vec<Conflict>,
    /// How many there were.
    pub(super) conflict_count: u64,
    /// Pictures that a lock keeps.
    kept: u64,
    /// Paths of entities that left the scope, being shown just so.
    settled: u64,
}

impl Exceptions {
    fn push(&mut self, conflict: Conflict) {
        self.conflict_count += 1;
        if self.conflicts.len() < Published::CONFLICTS_MAX {
            self.conflicts.push(conflict);
        }
    }

    fn note(&mut self, rival: Rival) {
        if !rival.is_same {
            self.push(rival.conflict);
        }
    }

    pub(super) fn added_to(self, published: Published) -> Published {
        let Self { conflicts, conflict_count, kept, settled } = self;
        Published { conflicts, conflict_count, kept, unchanged: published.unchanged + settled, ..published }
    }
}

/// A picture, and a path that it shall be shown at.
pub(super) type Wish<'a> = (&'a SelectedPicture, Place);

/// Notes every path that `places` tells for what is selected in the scope, or kept there by a lock.
pub(super) fn fill_wanted(
    connection: &Connection,
    scope: Scope<'_>,
    mut places: impl FnMut(&SelectedPicture) -> Vec<Place>,
    exceptions: &mut Exceptions,
) -> Result<(), Fault> {
    each_entity(connection, scope, exceptions, |pictures, exceptions| {
        want_all(connection, wishes(pictures, &mut places), exceptions)
    })
}

/// The same for those of which something differs from what is shown; the others leave the scope.
pub(super) fn fill_wanted_that_differs(
    connection: &Connection,
    scope: Scope<'_>,
    mut places: impl FnMut(&SelectedPicture) -> Vec<Place>,
    exceptions: &mut Exceptions,
) -> Result<(), Fault> {
    let mut settled = Vec::new();
    each_entity(connection, scope, exceptions, |pictures, exceptions| {
        let wishes = wishes(pictures, &mut places);
        if !is_shown_so(connection, &wishes)? {
            return want_all(connection, wishes, exceptions);
        }
        settled.extend(wishes.first().map(|(picture, _)| picture.entity.id.get()));
        exceptions.settled += wishes.len() as u64;
        Ok(())
    })?;
    connection.prepare_cached(LEAVE_OUT)?.execute([array(settled.into_iter())])?;
    Ok(())
}

/// Tells what shall be shown of each entity of the scope, in the order of their numbers.
fn each_entity(
    connection: &Connection,
    scope: Scope<'_>,
    exceptions: &mut Exceptions,
    mut tell: impl FnMut(&[SelectedPicture], &mut Exceptions) -> rusqlite::Result<()>,
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(SELECTED)?;
    let rows = statement.query(named_params! {
        ":with_withheld": matches!(scope, Scope::Entities(_)), ":is_partial": is_partial(scope),
    })?;
    let mut selected = Selected { connection, rows, next: None };
    selected.advance()?;
    let mut kept = Kept::read(connection, scope)?;
    let mut documents = Documents::read(connection, scope)?;
    exceptions.kept = kept.count();
    let mut pictures = Vec::new();
    while let Some(entity) = [selected.entity(), kept.entity(), documents.entity()].into_iter().flatten().min() {
        while kept.entity() == Some(entity) {
            pictures.extend(kept.take(connection)?);
        }
        while documents.entity() == Some(entity) {
            pictures.extend(documents.take(connection)?);
        }
        while selected.entity() == Some(entity) {
            pictures.extend(selected.advance()?.filter(|picture| !kept.has(entity, picture.image_type)));
        }
        tell(&pictures, exceptions)?;
        pictures.clear();
    }
    Ok(())
}

/// What is selected, in the order of entities.
struct Selected<'a> {
    connection: &'a Connection,
    rows: Rows<'a>,
    next: Option<SelectedPicture>,
}

impl Selected<'_> {
    /// The entity of the next one.
    fn entity(&self) -> Option<EntityId> {
        self.next.as_ref().map(|next| next.entity.id)
    }

    /// Goes on, and answers what was the next one before.
    fn advance(&mut self) -> rusqlite::Result<Option<SelectedPicture>> {
        let next = self.rows.next()?.map(|row| selected_picture(self.connection, row)).transpose()?;
        Ok(std::mem::replace(&mut self.next, next))
    }
}

fn wishes<'a>(
    pictures: &'a [SelectedPicture],
    places: &mut impl FnMut(&SelectedPicture) -> Vec<Place>,
) -> Vec<Wish<'a>> {
    pictures.iter().flat_map(|picture| places(picture).into_iter().map(move |place| (picture, place))).collect()
}

fn want_all(connection: &Connection, wishes: Vec<Wish<'_>>, exceptions: &mut Exceptions) -> rusqlite::Result<()> {
    for (picture, place) in wishes {
        if let Some(conflict) = want(connection, picture, place)? {
            exceptions.push(conflict);
        }
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

/// Of wanted paths that entities outside the scope have, those stay with these that come first; the others end there, which is
/// a conflict where the entity only left the scope because all of it was shown.
pub(super) fn yield_taken(connection: &Connection, scope: Scope<'_>, exceptions: &mut Exceptions) -> Result<(), Fault> {
    for rival in rivals(connection, TAKEN)? {
        let Conflict { library, folder, name, .. } = &rival.conflict;
        connection.prepare_cached(DROP_TAKEN)?.execute((library, folder, name))?;
        exceptions.note(rival);
    }
    for rival in rivals(connection, IN_THE_WAY)? {
        connection.prepare_cached(END_IN_THE_WAY)?.execute([rival.mapping])?;
        if is_whole(scope) {
            exceptions.note(rival);
        }
    }
    Ok(())
}

/// A mapping of an entity outside the scope whose name is wanted.
struct Rival {
    mapping: MappingId,
    conflict: Conflict,
    /// Whether both are the same picture, so that nobody loses anything.
    is_same: bool,
}

fn rivals(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<Rival>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([], rival)?.collect()
}

fn rival(row: &Row<'_>) -> rusqlite::Result<Rival> {
    let conflict = Conflict {
        library: row.get("library_id")?,
        folder: row.get("folder")?,
        name: row.get("name")?,
        loser: row.get("loser")?,
        image_type: image_type(row)?,
        winner: row.get("winner")?,
    };
    Ok(Rival { mapping: row.get("id")?, conflict, is_same: row.get("is_same")? })
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
