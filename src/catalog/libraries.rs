//! Libraries.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::error::Fault;
use super::generations::Stamp;
use super::replace;
use super::{Catalog, CatalogError, Published};
use crate::model::{LibraryId, LibraryKind, UnixSeconds};

/// A folder tree of one kind of media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// Its number.
    pub id: LibraryId,
    /// Its name, unique among the libraries.
    pub name: String,
    /// Its root: absolute, normalised.
    pub path: PathBuf,
    /// What it holds.
    pub kind: LibraryKind,
    /// Its naming profiles, as typed.
    pub naming: String,
    /// When it was added.
    pub added_at: UnixSeconds,
}

/// A library to be added.
#[derive(Debug, Clone)]
pub struct NewLibrary {
    /// Its name: not empty, no slash, colon or control character.
    pub name: String,
    /// Its root: absolute, normalised, best with symbolic links resolved.
    pub path: PathBuf,
    /// What it holds.
    pub kind: LibraryKind,
    /// Its naming profiles.
    pub naming: String,
}

macro_rules! library_columns {
    () => {
        "id, name, path, kind, naming, added_at"
    };
}

impl Catalog {
    /// Adds a library. One that was removed from the same path comes back with all that was known of it.
    ///
    /// # Errors
    /// When the name is taken or none, the path is relative or not normalised, or it lies in, around or on another
    /// library.
    pub fn add_library(&mut self, new: &NewLibrary, now: UnixSeconds) -> Result<Library, CatalogError> {
        check_name(&new.name)?;
        let path = normalised(&new.path)?;
        self.write(|transaction| {
            refuse_overlap(&list(transaction)?, &new.name, &path)?;
            let library = transaction
                .prepare_cached(concat!(
                    "INSERT INTO libraries (name, path, kind, naming, added_at)
                     VALUES (:name, :path, :kind, :naming, :now)
                     ON CONFLICT (path) DO UPDATE SET name = excluded.name, kind = excluded.kind,
                         naming = excluded.naming, added_at = excluded.added_at, removed_at = NULL
                     RETURNING ",
                    library_columns!()
                ))?
                .query_row(
                    named_params! {
                        ":name": new.name, ":path": path.as_os_str().as_bytes(), ":kind": new.kind,
                        ":naming": new.naming, ":now": now,
                    },
                    library,
                )?;
            // All of one that comes back counts as missing, so the first scan has to read all of it.
            transaction.prepare_cached("DELETE FROM scanned_folders WHERE library_id = ?1")?.execute([library.id])?;
            Ok(library)
        })
    }

    /// All libraries, by name.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn libraries(&self) -> Result<Vec<Library>, CatalogError> {
        self.read(list)
    }

    /// The library of that name.
    ///
    /// # Errors
    /// When there is none, or the catalog cannot be read.
    pub fn library_named(&self, name: &str) -> Result<Library, CatalogError> {
        self.read(|connection| named(connection, name))
    }

    /// The library of that number; `None` when there is none, or it was removed.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn library(&self, id: LibraryId) -> Result<Option<Library>, CatalogError> {
        self.read(|connection| Ok(by_id(connection, id)?))
    }

    /// Removes a library: its mappings end in a generation of their own, its entities are marked missing. Nothing is
    /// deleted, neither here nor in the tree: adding the same path again brings all of it back but the mappings,
    /// which `publish` makes anew.
    ///
    /// # Errors
    /// When there is no library of that name, or the catalog cannot be written.
    pub fn remove_library(&mut self, name: &str, stamp: &Stamp) -> Result<Published, CatalogError> {
        self.write_many(|transaction| {
            let library = named(transaction, name)?;
            replace::clear(transaction)?;
            replace::end_library(transaction, library.id)?;
            let published = replace::carry_out(transaction, stamp)?;
            transaction
                .prepare_cached("UPDATE libraries SET removed_at = ?2 WHERE id = ?1")?
                .execute((library.id, stamp.now))?;
            transaction
                .prepare_cached(
                    "UPDATE entities SET is_missing = 1, updated_at = ?2 WHERE library_id = ?1 AND is_missing = 0",
                )?
                .execute((library.id, stamp.now))?;
            Ok(published)
        })
    }
}

fn library(row: &Row<'_>) -> rusqlite::Result<Library> {
    Ok(Library {
        id: row.get("id")?,
        name: row.get("name")?,
        path: PathBuf::from(OsStr::from_bytes(row.get_ref("path")?.as_blob()?)),
        kind: row.get("kind")?,
        naming: row.get("naming")?,
        added_at: row.get("added_at")?,
    })
}

fn list(connection: &Connection) -> Result<Vec<Library>, Fault> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        library_columns!(),
        " FROM libraries WHERE removed_at IS NULL ORDER BY name"
    ))?;
    Ok(statement.query_map([], library)?.collect::<Result<_, _>>()?)
}

fn named(connection: &Connection, name: &str) -> Result<Library, Fault> {
    let found = connection
        .prepare_cached(concat!(
            "SELECT ",
            library_columns!(),
            " FROM libraries WHERE name = ?1 AND removed_at IS NULL"
        ))?
        .query_row([name], library)
        .optional()?;
    Ok(found.ok_or_else(|| CatalogError::NoSuchLibrary { name: name.to_owned() })?)
}

pub(super) fn by_id(connection: &Connection, id: LibraryId) -> rusqlite::Result<Option<Library>> {
    connection
        .prepare_cached(concat!("SELECT ", library_columns!(), " FROM libraries WHERE id = ?1 AND removed_at IS NULL"))?
        .query_row([id], library)
        .optional()
}

fn check_name(name: &str) -> Result<(), CatalogError> {
    if name.is_empty() || name.chars().any(|c| c.is_control() || c == '/' || c == ':') {
        return Err(CatalogError::LibraryName { name: name.to_owned() });
    }
    Ok(())
}

/// The path without superfluous slashes, so that equal folders have equal bytes.
fn normalised(path: &Path) -> Result<PathBuf, CatalogError> {
    let is_plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    // `components` drops inner `.` silently; they are asked for so that a caller who forgot to resolve learns it.
    let has_dot = path.as_os_str().as_bytes().split(|&b| b == b'/').any(|part| part == b".");
    if !path.is_absolute() || !is_plain || has_dot {
        return Err(CatalogError::LibraryPath { path: path.to_owned() });
    }
    Ok(path.components().collect())
}

fn refuse_overlap(libraries: &[Library], name: &str, path: &Path) -> Result<(), CatalogError> {
    if let Some(other) = libraries.iter().find(|other| path.starts_with(&other.path) || other.path.starts_with(path)) {
        return Err(CatalogError::LibraryNested {
            path: path.to_owned(),
            name: other.name.clone(),
            other: other.path.clone(),
        });
    }
    if let Some(other) = libraries.iter().find(|other| other.name == name) {
        return Err(CatalogError::LibraryExists { name: name.to_owned(), path: other.path.clone() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_normalised_paths_are_libraries() {
        for (path, wanted) in [
            ("/media/films", Some("/media/films")),
            ("/media//films/", Some("/media/films")),
            ("/", Some("/")),
            ("films", None),
            ("./films", None),
            ("/media/../films", None),
            ("/media/./films", None),
            ("", None),
        ] {
            assert_eq!(normalised(Path::new(path)).ok().as_deref(), wanted.map(Path::new), "{path}");
        }
    }
}
