//! Reading mappings.

use rusqlite::{Connection, OptionalExtension, Row};

use super::sql_types::{count, extension, image_type};
use super::{Catalog, CatalogError};
use crate::model::{
    CacheFileId, ContentHash, EntityId, GenerationId, ImageType, LibraryId, MappingId, Name, RelPath, UnixSeconds,
};

/// A path that shows, or showed, a picture of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Its number: that path with that picture, once.
    pub id: MappingId,
    /// The library.
    pub library: LibraryId,
    /// The entity that the picture is for.
    pub entity: EntityId,
    /// What it is of.
    pub image_type: ImageType,
    /// The folder, relative to the library.
    pub folder: RelPath,
    /// The name there.
    pub name: Name,
    /// The picture.
    pub cache_file: CacheFileId,
    /// The SHA-256 of its bytes.
    pub hash: ContentHash,
    /// Its extension in the cache, without dot.
    pub extension: String,
    /// Its size in bytes.
    pub byte_count: u64,
    /// The generation it began in.
    pub added_generation: GenerationId,
    /// The generation it ended in; `None` while it is current.
    pub removed_generation: Option<GenerationId>,
    /// Its mtime in the view.
    pub published_at: UnixSeconds,
}

/// A path of a library, as the database has it: the place where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathKey {
    folder: Vec<u8>,
    name: Vec<u8>,
}

impl PathKey {
    /// The place of a path.
    #[must_use]
    pub fn new(folder: &RelPath, name: &Name) -> Self {
        Self { folder: folder.as_bytes().to_vec(), name: name.as_bytes().to_vec() }
    }

    pub(super) fn of_bytes(folder: Vec<u8>, name: Vec<u8>) -> Self {
        Self { folder, name }
    }

    /// Folder and name.
    pub(super) fn parts(&self) -> (&[u8], &[u8]) {
        (&self.folder, &self.name)
    }
}

/// A part of the mappings of a library.
#[derive(Debug)]
pub struct MappingPage {
    /// The mappings, by folder and name.
    pub mappings: Vec<Mapping>,
    /// Rows that posterfs would not have written and does not follow, such as paths that leave the library.
    pub refused: Vec<RefusedRow>,
    /// Where the next page begins; `None` behind the last one.
    pub next: Option<PathKey>,
}

/// A row of the database that is not valid.
#[derive(Debug)]
pub struct RefusedRow {
    /// The folder, as it stands there.
    pub folder: Vec<u8>,
    /// The name, as it stands there.
    pub name: Vec<u8>,
    /// What is wrong.
    pub reason: String,
}

macro_rules! mapping_query {
    ($condition:literal) => {
        concat!(
            "SELECT m.id, m.library_id, m.entity_id, m.image_type, m.image_number, m.folder, m.name, m.cache_file_id, \
                    m.added_generation, m.removed_generation, m.published_at, f.sha256, f.extension, f.byte_count \
             FROM library_image_files m CROSS JOIN cache_image_files f ON f.id = m.cache_file_id WHERE ",
            $condition
        )
    };
}

const BY_ID: &str = mapping_query!("m.id = ?1");
const OF_ENTITY: &str = mapping_query!(
    "m.entity_id = ?1 AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL ORDER BY m.folder, m.name"
);
const PAGE: &str = mapping_query!(
    "m.library_id = ?1 AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
     AND (m.folder, m.name) > (?2, ?3) ORDER BY m.folder, m.name LIMIT ?4"
);

impl Catalog {
    /// The mapping of that number, also when it has ended; `None` when there never was one.
    ///
    /// # Errors
    /// When the catalog cannot be read, or the row is not valid.
    pub fn mapping(&self, id: MappingId) -> Result<Option<Mapping>, CatalogError> {
        self.read(|connection| Ok(by_id(connection, id)?))
    }

    /// The current mappings of an entity, by path.
    ///
    /// # Errors
    /// When the catalog cannot be read, or a row is not valid.
    pub fn mappings_of(&self, entity: EntityId) -> Result<Vec<Mapping>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(OF_ENTITY)?;
            Ok(statement.query_map([entity], mapping)?.collect::<Result<_, _>>()?)
        })
    }

    /// A page of the current mappings of a library, by path, at most `limit`, behind `after`.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn mappings_page(
        &self,
        library: LibraryId,
        after: Option<&PathKey>,
        limit: u32,
    ) -> Result<MappingPage, CatalogError> {
        self.read(|connection| Ok(page(connection, library, after, limit)?))
    }
}

pub(super) fn by_id(connection: &Connection, id: MappingId) -> rusqlite::Result<Option<Mapping>> {
    connection.prepare_cached(BY_ID)?.query_row([id], mapping).optional()
}

fn page(
    connection: &Connection,
    library: LibraryId,
    after: Option<&PathKey>,
    limit: u32,
) -> rusqlite::Result<MappingPage> {
    let (folder, name) = after.map_or((&[][..], &[][..]), |key| (&key.folder, &key.name));
    let mut statement = connection.prepare_cached(PAGE)?;
    let mut rows = statement.query((library, folder, name, limit))?;
    let mut page = MappingPage { mappings: Vec::new(), refused: Vec::new(), next: None };
    let mut seen: u32 = 0;
    while let Some(row) = rows.next()? {
        seen += 1;
        let key = PathKey { folder: row.get("folder")?, name: row.get("name")? };
        match mapping(row) {
            Ok(mapping) => page.mappings.push(mapping),
            Err(error) => page.refused.push(RefusedRow {
                folder: key.folder.clone(),
                name: key.name.clone(),
                reason: error.to_string(),
            }),
        }
        page.next = (seen == limit).then_some(key);
    }
    Ok(page)
}

fn mapping(row: &Row<'_>) -> rusqlite::Result<Mapping> {
    Ok(Mapping {
        id: row.get("id")?,
        library: row.get("library_id")?,
        entity: row.get("entity_id")?,
        image_type: image_type(row)?,
        folder: row.get("folder")?,
        name: row.get("name")?,
        cache_file: row.get("cache_file_id")?,
        hash: row.get("sha256")?,
        extension: extension(row)?,
        byte_count: count(row, "byte_count")?,
        added_generation: row.get("added_generation")?,
        removed_generation: row.get("removed_generation")?,
        published_at: row.get("published_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::folders::tests::plan;
    use super::*;

    #[test]
    fn pages_walk_the_index_without_sorting() {
        let plan = plan(PAGE);
        assert!(plan.contains("INDEX current_mappings (library_id=? AND (folder,name)>(?,?)"), "{plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("B-TREE"), "{plan}");
    }
}
