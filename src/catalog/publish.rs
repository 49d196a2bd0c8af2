//! Publishing: from what is selected to what is shown.

use std::fmt;

use rusqlite::{Connection, Row, named_params};

use super::documents::Documents;
use super::entities::{self, Entity, entity_columns};
use super::error::Fault;
use super::generations::Stamp;
use super::kept::Kept;
use super::sql_types::{array, image_type};
use super::{Catalog, CatalogError, DocumentChanges, documents, feed, places, program_writes, replace};
use crate::model::{CacheFileId, ContentHash, EntityId, GenerationId, ImageType, LibraryId, Name, Placement, RelPath};
use crate::naming::split_extension;

/// What is to be published.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// Everything.
    All,
    /// All of these libraries.
    Libraries(&'a [LibraryId]),
    /// These entities, by name: what `unpublish` withheld of them is released.
    Entities(&'a [EntityId]),
    /// One picture of an entity; the others stay as they are.
    Picture(EntityId, ImageType),
    /// These entities, as far as something of them is shown: what is shown follows them. Nothing is released.
    Shown(&'a [EntityId]),
    /// These entities, as publishing everything would: nothing is released, and locks keep what is shown.
    Among(&'a [EntityId]),
}

/// Whether a change is made or only worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishMode {
    /// Make it.
    Apply,
    /// Tell what it would be; nothing is written.
    DryRun,
}

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

/// What a change of the mappings came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// The generation that was made; `None` when nothing differed, or nothing was to be written.
    pub generation: Option<GenerationId>,
    /// Paths that began to show a picture.
    pub added: u64,
    /// Paths that show another picture.
    pub changed: u64,
    /// Paths that ceased to show one.
    pub removed: u64,
    /// Paths that stay as they are.
    pub unchanged: u64,
    /// Pictures that a lock keeps as they are, though something else is selected, or nothing.
    pub kept: u64,
    /// Paths that a rollback does not show again, as their library has been removed since.
    pub left_out: u64,
    /// Pictures that a path was refused, the first [`Published::CONFLICTS_MAX`] of them.
    pub conflicts: Vec<Conflict>,
    /// How many there were.
    pub conflict_count: u64,
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

impl Published {
    /// How many conflicts are told one by one.
    pub const CONFLICTS_MAX: usize = 1000;

    /// Whether no path differs.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.added == 0 && self.changed == 0 && self.removed == 0
    }
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
        AND (:image_type IS NULL OR (c.image_type = :image_type AND c.image_number = :number))
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

const OLD_OF_SCOPE: &str = "
    INSERT INTO temp.old (id)
    SELECT m.id FROM temp.scope s CROSS JOIN library_image_files m
        ON m.entity_id = s.entity_id AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
    WHERE :image_type IS NULL OR (m.image_type = :image_type AND m.image_number = :number)";

const WITHDRAWN_OF_OLD: &str =
    "INSERT INTO temp.anew (id) SELECT o.id FROM temp.old o CROSS JOIN withdrawn w ON w.mapping_id = o.id";

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
const OLD_IN_THE_WAY: &str = concat!(
    "INSERT OR IGNORE INTO temp.old (id)
     SELECT m.id FROM temp.wanted w CROSS JOIN library_image_files m
         ON m.library_id = w.library_id AND m.folder = w.folder AND ",
    has_same_stem!(),
    "    AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
     WHERE m.entity_id > w.entity_id"
);

const RELEASE_SCOPE: &str = "DELETE FROM unpublished WHERE entity_id IN (SELECT s.entity_id FROM temp.scope s)";

impl Catalog {
    /// Makes the mappings of the scope what is selected and not withheld, in one generation. Documents are those that were made
    /// last.
    ///
    /// # Errors
    /// As [`Self::publish_with`].
    pub fn publish(
        &mut self,
        scope: Scope<'_>,
        mode: PublishMode,
        stamp: &Stamp,
        places: impl FnMut(&SelectedPicture) -> Vec<Place>,
    ) -> Result<Published, CatalogError> {
        self.publish_with(scope, mode, stamp, &DocumentChanges::default(), places)
    }

    /// Makes the mappings of the scope what is selected and not withheld, in one generation, with the documents as they are
    /// after these changes. `places` tells the
    /// paths of each picture; it is called in the order of entities and must not change the catalog. What programs
    /// removed or wrote over without its being taken in is shown again. Missing entities are left alone, whatever the scope. Publishing the same again makes no generation.
    ///
    /// # Errors
    /// When a named entity does not exist, or the catalog cannot be written; then nothing has changed.
    pub fn publish_with(
        &mut self,
        scope: Scope<'_>,
        mode: PublishMode,
        stamp: &Stamp,
        documents: &DocumentChanges,
        places: impl FnMut(&SelectedPicture) -> Vec<Place>,
    ) -> Result<Published, CatalogError> {
        match mode {
            PublishMode::Apply => self.write_many(|transaction| {
                documents::apply(transaction, documents, stamp.now)?;
                let exceptions = prepare(transaction, scope, places)?;
                if matches!(scope, Scope::Entities(_)) {
                    transaction.prepare_cached(RELEASE_SCOPE)?.execute([])?;
                }
                if shows_again(scope) {
                    program_writes::unmask_scope(transaction)?;
                }
                let published = replace::carry_out(transaction, stamp)?;
                if published.generation.is_none() {
                    feed::announce_if_touched(transaction, stamp.now)?;
                }
                Ok(exceptions.added_to(published))
            }),
            PublishMode::DryRun => self.try_out(|transaction| {
                documents::apply(transaction, documents, stamp.now)?;
                let exceptions = prepare(transaction, scope, places)?;
                Ok(exceptions.added_to(replace::compare(transaction)?))
            }),
        }
    }
}

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

    fn added_to(self, published: Published) -> Published {
        Published { conflicts: self.first, conflict_count: self.count, kept: self.kept, ..published }
    }
}

/// Fills `old` and `wanted`.
fn prepare(
    connection: &Connection,
    scope: Scope<'_>,
    places: impl FnMut(&SelectedPicture) -> Vec<Place>,
) -> Result<Exceptions, Fault> {
    replace::clear(connection)?;
    fill_scope(connection, scope)?;
    let mut exceptions = Exceptions::default();
    fill_wanted(connection, scope, places, &mut exceptions)?;
    yield_taken(connection, &mut exceptions)?;
    let of_type = of_type(scope);
    connection.prepare_cached(OLD_OF_SCOPE)?.execute(named_params! {
        ":image_type": of_type.map(|t| t.kind().as_str()), ":number": of_type.map(ImageType::number),
    })?;
    connection.prepare_cached(OLD_IN_THE_WAY)?.execute([])?;
    if shows_again(scope) {
        connection.prepare_cached(WITHDRAWN_OF_OLD)?.execute([])?;
    }
    Ok(exceptions)
}

/// Whether what programs removed or wrote over is shown again: by publishing, not by what follows from other changes.
fn shows_again(scope: Scope<'_>) -> bool {
    matches!(scope, Scope::All | Scope::Libraries(_) | Scope::Entities(_) | Scope::Among(_))
}

/// The one image type that is published; `None` for all.
fn of_type(scope: Scope<'_>) -> Option<ImageType> {
    if let Scope::Picture(_, image_type) = scope { Some(image_type) } else { None }
}

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
        Scope::Picture(id, _) => {
            entities::require(connection, id)?;
            connection.prepare_cached(SCOPE_ENTITIES)?.execute([array(std::iter::once(id.get()))])?
        }
    };
    Ok(())
}

/// Notes every path that `places` tells for what is selected in the scope, or kept there by a lock.
pub(super) fn fill_wanted(
    connection: &Connection,
    scope: Scope<'_>,
    mut places: impl FnMut(&SelectedPicture) -> Vec<Place>,
    exceptions: &mut Exceptions,
) -> Result<(), Fault> {
    let mut selected = connection.prepare_cached(SELECTED)?;
    let of_type = of_type(scope);
    let mut rows = selected.query(named_params! {
        ":with_withheld": matches!(scope, Scope::Entities(_)),
        ":image_type": of_type.map(|t| t.kind().as_str()), ":number": of_type.map(ImageType::number),
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

fn yield_taken(connection: &Connection, exceptions: &mut Exceptions) -> Result<(), Fault> {
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
