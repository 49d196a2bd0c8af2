//! What a file of the cache is for: which items, which image types, which names show it; and what is for nothing.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rusqlite::{Connection, Row};

use super::cache_files::{self, CacheFile, cache_file_columns};
use super::sql_types::{array, count, extension, valid};
use super::{Catalog, CatalogError, guards, verifications};
use crate::model::{CacheFileId, CandidateId, ContentHash, EntityId, LibraryId, Name, RelPath, UnixSeconds};

/// One thing that a file of the cache serves.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// The row.
    pub file: CacheFile,
    /// The title of the item.
    pub title: String,
    /// The candidate that is selected and is this picture.
    pub selected: Option<CandidateId>,
    /// Whether automatic steps must leave the image type alone, or a person chose the picture.
    pub is_locked: bool,
    /// The paths that show it, from the root of the file system.
    pub shown: Vec<PathBuf>,
    /// Whether any candidate or mapping, present or past, refers to the row.
    pub is_referred_to: bool,
}

/// A row that nothing refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreferred {
    /// The row.
    pub id: CacheFileId,
    /// The file that it names.
    pub hash: ContentHash,
    /// Its extension.
    pub extension: String,
    /// Its size in bytes.
    pub byte_count: u64,
}

/// Nothing refers to `f`: no candidate, no document of an entity, no mapping, or what a generation showed that has not been forgotten.
macro_rules! unreferred {
    () => {
        "NOT EXISTS (SELECT 1 FROM asset_candidates c WHERE c.cache_file_id = f.id) \
         AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.cache_file_id = f.id) \
         AND NOT EXISTS (SELECT 1 FROM library_image_files m WHERE m.cache_file_id = f.id)"
    };
}

/// Mappings of a picture that have ended and that another one of the same path came after.
macro_rules! outlived {
    () => {
        "SELECT m.id FROM library_image_files m WHERE m.cache_file_id = ?1 AND m.removed_generation IS NOT NULL
             AND EXISTS (SELECT 1 FROM library_image_files n
                         WHERE n.library_id = m.library_id AND n.folder = m.folder AND n.name = m.name
                           AND n.published_at > m.published_at AND n.cache_file_id IS NOT ?1)"
    };
}

const UNREFERRED: &str = concat!(
    "SELECT f.id, f.sha256, f.extension, f.byte_count FROM cache_image_files f WHERE f.id > ?1 AND f.created_at < ?2 AND ",
    unreferred!(),
    " ORDER BY f.id LIMIT ?3"
);

const FORGET: &str =
    concat!("DELETE FROM cache_image_files AS f WHERE f.id IN (SELECT value FROM rarray(?1)) AND ", unreferred!());

/// The last row of a path stays: the time of the next one there must be later.
const GIVE_UP: [&str; 4] = [
    "UPDATE asset_candidates SET cache_file_id = NULL WHERE cache_file_id = ?1 AND is_selected = 0",
    concat!("DELETE FROM withdrawn WHERE mapping_id IN (", outlived!(), ")"),
    concat!("DELETE FROM program_writes WHERE mapping_id IN (", outlived!(), ")"),
    concat!("DELETE FROM library_image_files WHERE id IN (", outlived!(), ")"),
];

impl Catalog {
    /// All that a file of the cache is for.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn services_of(&self, hash: &ContentHash, extension: &str) -> Result<Vec<Service>, CatalogError> {
        self.read_together(|connection| {
            let mut statement = connection.prepare_cached(concat!(
                "SELECT ",
                cache_file_columns!(),
                ", coalesce((SELECT title FROM entities e WHERE e.id = f.entity_id), '') AS title,
                   (SELECT c.id FROM asset_candidates c WHERE c.cache_file_id = f.id AND c.is_selected = 1) AS selected,
                   coalesce((SELECT max(c.user_locked) FROM asset_candidates c
                             WHERE c.cache_file_id = f.id AND c.is_selected = 1), 0) AS by_hand, NOT (",
                unreferred!(),
                ") AS is_referred_to FROM cache_image_files f WHERE f.sha256 = ?1 AND f.extension = ?2 ORDER BY f.id"
            ))?;
            let mut services = Vec::new();
            for row in statement.query_map((hash, extension), service)? {
                services.extend(valid(row)?);
            }
            for service in &mut services {
                let guard = guards::guard(connection, service.file.picture.entity)?;
                service.is_locked |= guard.is_locked(&service.file.picture.image_type.to_string());
                service.shown = shown(connection, service.file.id)?;
            }
            Ok(services)
        })
    }

    /// The paths beneath libraries under which a picture is or was shown, at most `limit`.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn paths_of(&self, hash: &ContentHash, limit: u32) -> Result<Vec<(LibraryId, RelPath)>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT DISTINCT m.library_id, m.folder, m.name
                 FROM cache_image_files f CROSS JOIN library_image_files m ON m.cache_file_id = f.id
                 WHERE f.sha256 = ?1 LIMIT ?2",
            )?;
            let rows = statement.query_map((hash, limit), |row| {
                let (folder, name): (RelPath, Name) = (row.get("folder")?, row.get("name")?);
                Ok((row.get("library_id")?, folder.join(&name)))
            })?;
            let mut paths = Vec::new();
            for row in rows {
                paths.extend(valid(row)?);
            }
            Ok(paths)
        })
    }

    /// The addresses at which a picture was offered, with the provider's word.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn addresses_of(&self, hash: &ContentHash) -> Result<Vec<(String, String)>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT DISTINCT c.provider, c.url
                 FROM cache_image_files f CROSS JOIN asset_candidates c ON c.cache_file_id = f.id
                 WHERE f.sha256 = ?1 AND c.url IS NOT NULL
                 UNION
                 SELECT DISTINCT coalesce(provider, source), source_url FROM cache_image_files
                 WHERE sha256 = ?1 AND source_url IS NOT NULL",
            )?;
            Ok(statement.query_map([hash], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
        })
    }

    /// Gives up a file that is lost. Candidates that are
    /// not selected can be had again from where they are offered; what showed it once and shows another picture since is forgotten; and so is the row, if nothing refers to it then.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn give_up_picture(&mut self, file: CacheFileId) -> Result<(), CatalogError> {
        self.write(|transaction| {
            for statement in GIVE_UP {
                transaction.prepare_cached(statement)?.execute([file])?;
            }
            transaction.prepare_cached(FORGET)?.execute([array(std::iter::once(file.get()))])?;
            Ok(())
        })
    }

    /// Forgets which document was made of an entity last, so that the next publish makes it anew. What is shown stays.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn forget_document(&mut self, entity: EntityId) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction.prepare_cached("DELETE FROM documents WHERE entity_id = ?1")?.execute([entity])?;
            Ok(())
        })
    }

    /// Rows of pictures that nothing refers to and that were written before that time, behind `after`, at most `limit`.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn unreferred(
        &self,
        after: CacheFileId,
        before: UnixSeconds,
        limit: u32,
    ) -> Result<Vec<Unreferred>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(UNREFERRED)?;
            Ok(statement.query_map((after, before, limit), unreferred_row)?.collect::<Result<_, _>>()?)
        })
    }

    /// Forgets those of the rows that nothing refers to now, and tells which files no row names any more.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn forget_unreferred(&mut self, rows: &[Unreferred]) -> Result<Vec<Unreferred>, CatalogError> {
        self.write(|transaction| {
            transaction.prepare_cached(FORGET)?.execute([array(rows.iter().map(|row| row.id.get()))])?;
            let mut gone = Vec::new();
            for row in rows {
                if !verifications::is_cached(transaction, &row.hash, &row.extension)? {
                    transaction
                        .prepare_cached("DELETE FROM verified_files WHERE sha256 = ?1 AND extension = ?2")?
                        .execute((row.hash, &row.extension))?;
                    gone.push(row.clone());
                }
            }
            gone.sort_unstable_by(|a, b| (&a.hash, &a.extension).cmp(&(&b.hash, &b.extension)));
            gone.dedup_by(|a, b| (a.hash, &a.extension) == (b.hash, &b.extension));
            Ok(gone)
        })
    }
}

fn shown(connection: &Connection, file: CacheFileId) -> rusqlite::Result<Vec<PathBuf>> {
    let mut statement = connection.prepare_cached(
        "SELECT l.path, m.folder, m.name FROM library_image_files m CROSS JOIN libraries l ON l.id = m.library_id
         WHERE m.cache_file_id = ?1 AND m.removed_generation IS NULL ORDER BY l.id, m.folder, m.name",
    )?;
    let rows = statement.query_map([file], |row| {
        let (path, folder, name): (Vec<u8>, RelPath, Name) = (row.get("path")?, row.get("folder")?, row.get("name")?);
        Ok(PathBuf::from(OsString::from_vec(path)).join(folder.join(&name).as_path()))
    })?;
    let mut paths = Vec::new();
    for row in rows {
        paths.extend(valid(row)?);
    }
    Ok(paths)
}

fn service(row: &Row<'_>) -> rusqlite::Result<Service> {
    Ok(Service {
        file: cache_files::cache_file(row)?,
        title: row.get("title")?,
        selected: row.get("selected")?,
        is_locked: row.get("by_hand")?,
        shown: Vec::new(),
        is_referred_to: row.get("is_referred_to")?,
    })
}

fn unreferred_row(row: &Row<'_>) -> rusqlite::Result<Unreferred> {
    Ok(Unreferred {
        id: row.get("id")?,
        hash: row.get("sha256")?,
        extension: extension(row)?,
        byte_count: count(row, "byte_count")?,
    })
}
