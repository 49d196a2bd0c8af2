//! What the mount asks: all that concerns one folder, in a few look-ups by index.

use rusqlite::{Connection, OptionalExtension, Row};

use super::shown_attributes::{ShownAttributes, shown_attributes};
use super::sql_types::{count, extension, image_type, valid};
use super::{Catalog, CatalogError};
use crate::model::{
    ContentHash, EntityId, FolderId, GenerationId, ImageType, LibraryId, MappingId, Name, RelPath, UnixSeconds,
};

/// What mappings do to one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderMappings {
    /// The folder's number.
    pub id: FolderId,
    /// When its mappings last changed; rises strictly with every change.
    pub changed_at: UnixSeconds,
    /// The pictures shown directly in it, by name.
    pub mapped: Vec<MappedPicture>,
    /// The originals directly in it that published pictures of the same entity and image type hide, by name.
    pub hidden: Vec<HiddenOriginal>,
    /// The folders to be shown in it even where the tree lacks them, by name.
    pub folders: Vec<SyntheticFolder>,
}

/// An original that is not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenOriginal {
    /// Its name.
    pub name: Name,
    /// A published picture that hides it.
    pub by: ContentHash,
}

/// Whether a mapped picture is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// It is.
    Shown,
    /// A program has written over it: its file is seen instead.
    Written,
    /// A program has removed it: nothing is seen until it is published again.
    Withdrawn,
}

/// A picture shown in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedPicture {
    /// The mapping.
    pub id: MappingId,
    /// Its name.
    pub name: Name,
    /// The SHA-256 of its bytes.
    pub hash: ContentHash,
    /// Its extension in the cache, without dot.
    pub extension: String,
    /// Its size in bytes.
    pub byte_count: u64,
    /// Its mtime.
    pub published_at: UnixSeconds,
    /// The entity it is for.
    pub entity: EntityId,
    /// What it is of.
    pub image_type: ImageType,
    /// Whether it is seen.
    pub mask: Mask,
    /// The attributes that programs have set for it.
    pub set: Option<ShownAttributes>,
}

/// A folder that mappings need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntheticFolder {
    /// Its number.
    pub id: FolderId,
    /// Its name.
    pub name: Name,
    /// When its mappings last changed.
    pub changed_at: UnixSeconds,
    /// Programs have removed every picture in it for good: nothing needs it any more.
    pub is_emptied: bool,
    /// The attributes that programs have set for it.
    pub set: Option<ShownAttributes>,
}

/// A folder that mappings have concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingFolder {
    /// Its number.
    pub id: FolderId,
    /// The library.
    pub library: LibraryId,
    /// The folder.
    pub folder: RelPath,
    /// Whether it may be shown though the tree lacks it.
    pub is_synthetic: bool,
    /// How many mappings are directly in it.
    pub mapping_count: u64,
    /// When its mappings last changed.
    pub changed_at: UnixSeconds,
}

const FOLDER: &str = "SELECT id, changed_at FROM mapping_folders WHERE library_id = ?1 AND folder = ?2";

const FOLDER_BY_ID: &str =
    "SELECT id, library_id, folder, is_synthetic, mapping_count, changed_at FROM mapping_folders WHERE id = ?1";

const FOLDER_BY_PATH: &str = "
    SELECT id, library_id, folder, is_synthetic, mapping_count, changed_at FROM mapping_folders
    WHERE library_id = ?1 AND folder = ?2";

const MAPPED: &str = "
    SELECT m.id, m.name, m.published_at, m.entity_id, m.image_type, m.image_number, f.sha256, f.extension, f.byte_count,
           EXISTS (SELECT 1 FROM withdrawn w WHERE w.mapping_id = m.id) AS is_withdrawn,
           EXISTS (SELECT 1 FROM program_writes p WHERE p.mapping_id = m.id AND p.action = 'adopt') AS is_written,
           a.changed_at AS set_at, a.mode, a.uid, a.gid, iif(a.mapping_id = m.id, a.atime, NULL) AS atime, a.atime_ns,
           iif(a.mapping_id = m.id, a.mtime, NULL) AS mtime, a.mtime_ns
    FROM library_image_files m CROSS JOIN cache_image_files f ON f.id = m.cache_file_id
    LEFT JOIN shown_attributes a ON a.library_id = m.library_id AND a.folder = m.folder AND a.name = m.name
    WHERE m.library_id = ?1 AND m.folder = ?2 AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
    ORDER BY m.name";

const HIDDEN: &str = "
    SELECT g.name, (SELECT f.sha256 FROM library_image_files m CROSS JOIN cache_image_files f ON f.id = m.cache_file_id
                    WHERE m.entity_id = g.entity_id AND m.image_type = g.image_type
                      AND m.image_number = g.image_number
                      AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL LIMIT 1) AS hidden_by
    FROM library_image_files g
    WHERE g.library_id = ?1 AND g.folder = ?2 AND g.cache_file_id IS NULL
      AND EXISTS (SELECT 1 FROM library_image_files m
                  WHERE m.entity_id = g.entity_id AND m.image_type = g.image_type
                    AND m.image_number = g.image_number
                    AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL)
    ORDER BY g.name";

const SYNTHETIC: &str = "
    SELECT s.id, s.name, s.changed_at, a.changed_at AS set_at, a.mode, a.uid, a.gid, a.atime, a.atime_ns, a.mtime,
           a.mtime_ns,
           NOT EXISTS (SELECT 1 FROM library_image_files m
                       WHERE m.library_id = s.library_id AND m.folder = s.folder
                         AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
                         AND m.id NOT IN (SELECT mapping_id FROM withdrawn)) AS is_emptied
    FROM mapping_folders s
    LEFT JOIN shown_attributes a ON a.library_id = s.library_id AND a.folder = s.parent AND a.name = s.name
    WHERE s.library_id = ?1 AND s.parent = ?2 AND s.is_synthetic = 1 AND s.mapping_count > 0 ORDER BY s.name";

/// Names of mappings that began or ended, of originals that these hid or showed, and of synthetic folders.
const NAMES_TOUCHED: &str = "
    SELECT m.name FROM library_image_files m
    WHERE m.library_id = ?1 AND m.folder = ?2 AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
      AND m.added_generation > ?3
    UNION
    SELECT m.name FROM library_image_files m
    WHERE m.library_id = ?1 AND m.folder = ?2 AND m.removed_generation IS NOT NULL AND m.removed_generation > ?3
    UNION
    SELECT g.name FROM library_image_files g
    WHERE g.library_id = ?1 AND g.folder = ?2 AND g.cache_file_id IS NULL
      AND (?3 = 0
           OR EXISTS (SELECT 1 FROM library_image_files m
                      WHERE m.entity_id = g.entity_id AND m.image_type = g.image_type
                        AND m.image_number = g.image_number AND m.removed_generation IS NULL
                        AND m.cache_file_id IS NOT NULL AND m.added_generation > ?3)
           OR EXISTS (SELECT 1 FROM library_image_files m
                      WHERE m.removed_generation > ?3 AND m.entity_id = g.entity_id
                        AND m.image_type = g.image_type AND m.image_number = g.image_number))
    UNION
    SELECT name FROM mapping_folders WHERE library_id = ?1 AND parent = ?2 AND is_synthetic = 1";

impl Catalog {
    /// What mappings do to the folder; `None` when none has ever concerned it. Rows that are not valid are left out.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn folder_mappings(
        &self,
        library: LibraryId,
        folder: &RelPath,
    ) -> Result<Option<FolderMappings>, CatalogError> {
        self.read_together(|connection| {
            let found = connection
                .prepare_cached(FOLDER)?
                .query_row((library, folder), |row| Ok((row.get("id")?, row.get("changed_at")?)))
                .optional()?;
            let Some((id, changed_at)) = found else { return Ok(None) };
            Ok(Some(FolderMappings {
                id,
                changed_at,
                mapped: valid_rows(connection, MAPPED, library, folder, mapped_picture)?,
                hidden: valid_rows(connection, HIDDEN, library, folder, hidden_original)?,
                folders: valid_rows(connection, SYNTHETIC, library, folder, synthetic_folder)?,
            }))
        })
    }

    /// The folder of that number; `None` when there never was one.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn mapping_folder(&self, id: FolderId) -> Result<Option<MappingFolder>, CatalogError> {
        self.read(|connection| {
            Ok(connection.prepare_cached(FOLDER_BY_ID)?.query_row([id], mapping_folder).optional()?)
        })
    }

    /// The folder at that path; `None` when no mapping has ever concerned it.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn mapping_folder_at(
        &self,
        library: LibraryId,
        folder: &RelPath,
    ) -> Result<Option<MappingFolder>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(FOLDER_BY_PATH)?;
            Ok(statement.query_row((library, folder), mapping_folder).optional()?)
        })
    }

    /// The names in the folder that may look different from how they looked in generation `since`: mapped, hidden and
    /// synthetic ones; `None` asks for all that were ever concerned. Names too many are possible, missing ones not.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn names_touched(
        &self,
        library: LibraryId,
        folder: &RelPath,
        since: Option<GenerationId>,
    ) -> Result<Vec<Name>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(NAMES_TOUCHED)?;
            let since = since.map_or(0, GenerationId::get);
            let rows = statement.query_map((library, folder, since), |row| row.get("name"))?;
            Ok(keep_valid(rows)?)
        })
    }
}

fn valid_rows<T>(
    connection: &Connection,
    sql: &'static str,
    library: LibraryId,
    folder: &RelPath,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    keep_valid(connection.prepare_cached(sql)?.query_map((library, folder), read)?)
}

/// One row that is not valid must not take the whole folder away.
fn keep_valid<T>(rows: impl Iterator<Item = rusqlite::Result<T>>) -> rusqlite::Result<Vec<T>> {
    rows.map(valid).filter_map(Result::transpose).collect()
}

fn mapped_picture(row: &Row<'_>) -> rusqlite::Result<MappedPicture> {
    Ok(MappedPicture {
        id: row.get("id")?,
        name: row.get("name")?,
        hash: row.get("sha256")?,
        extension: extension(row)?,
        byte_count: count(row, "byte_count")?,
        published_at: row.get("published_at")?,
        entity: row.get("entity_id")?,
        image_type: image_type(row)?,
        mask: match (row.get("is_withdrawn")?, row.get("is_written")?) {
            (true, _) => Mask::Withdrawn,
            (false, true) => Mask::Written,
            (false, false) => Mask::Shown,
        },
        set: shown_attributes(row)?,
    })
}

fn hidden_original(row: &Row<'_>) -> rusqlite::Result<HiddenOriginal> {
    Ok(HiddenOriginal { name: row.get("name")?, by: row.get("hidden_by")? })
}

fn synthetic_folder(row: &Row<'_>) -> rusqlite::Result<SyntheticFolder> {
    Ok(SyntheticFolder {
        id: row.get("id")?,
        name: row.get("name")?,
        changed_at: row.get("changed_at")?,
        is_emptied: row.get("is_emptied")?,
        set: shown_attributes(row)?,
    })
}

fn mapping_folder(row: &Row<'_>) -> rusqlite::Result<MappingFolder> {
    Ok(MappingFolder {
        id: row.get("id")?,
        library: row.get("library_id")?,
        folder: row.get("folder")?,
        is_synthetic: row.get("is_synthetic")?,
        mapping_count: count(row, "mapping_count")?,
        changed_at: row.get("changed_at")?,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The steps of a statement, as SQLite plans them on a new catalog.
    pub fn plan(sql: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&folder.path().join("posterfs.db")).unwrap();
        let mut statement = catalog.connection.prepare(&["EXPLAIN QUERY PLAN ", sql].concat()).unwrap();
        for index in 1..=statement.parameter_count() {
            statement.raw_bind_parameter(index, 1).unwrap();
        }
        let mut rows = statement.raw_query();
        let mut plan = String::new();
        while let Some(row) = rows.next().unwrap() {
            plan += &row.get::<_, String>("detail").unwrap();
            plan.push('\n');
        }
        plan
    }

    #[test]
    fn the_mount_asks_by_index_only() {
        for (sql, indexes) in [
            (FOLDER, &["sqlite_autoindex_mapping_folders_1 (library_id=? AND folder=?)"][..]),
            (FOLDER_BY_ID, &["INTEGER PRIMARY KEY (rowid=?)"]),
            (MAPPED, &["current_mappings (library_id=? AND folder=?)", "f USING INTEGER PRIMARY KEY (rowid=?)"]),
            (
                HIDDEN,
                &[
                    "originals (library_id=? AND folder=?)",
                    "mappings_by_entity (entity_id=? AND image_type=? AND image_number=?)",
                ],
            ),
            (SYNTHETIC, &["synthetic_folders (library_id=? AND parent=?)"]),
            (
                NAMES_TOUCHED,
                &[
                    "current_mappings (library_id=? AND folder=?)",
                    "ended_mappings (library_id=? AND folder=?)",
                    "originals (library_id=? AND folder=?)",
                ],
            ),
        ] {
            let plan = plan(sql);
            assert!(indexes.iter().all(|index| plan.contains(index)), "{sql}\n{plan}");
            assert!(!plan.contains("SCAN m") && !plan.contains("SCAN g") && !plan.contains("SCAN f"), "{sql}\n{plan}");
        }
    }
}
