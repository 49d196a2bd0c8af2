//! Where real files were written to.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rusqlite::{Row, named_params};

use super::{Catalog, CatalogError};
use crate::model::{LibraryId, UnixSeconds};

/// Real files that were written of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportNote {
    /// The library.
    pub library: LibraryId,
    /// The folder; `None`: the library itself.
    pub target: Option<PathBuf>,
    /// The profiles whose names they have; `None`: what is published, under its names.
    pub naming: Option<String>,
    /// Copies or links, by the word of the command line.
    pub mode: String,
    /// When they were last written, whole.
    pub exported_at: UnixSeconds,
}

impl Catalog {
    /// Notes that real files were written.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn note_export(&mut self, export: &ExportNote) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO exports (library_id, target, naming, mode, exported_at)
                     VALUES (:library, :target, :naming, :mode, :at)
                     ON CONFLICT (library_id, target, naming) DO UPDATE
                        SET mode = excluded.mode, exported_at = excluded.exported_at",
                )?
                .execute(named_params! {
                    ":library": export.library, ":target": bytes(export.target.as_deref()),
                    ":naming": export.naming.as_deref().unwrap_or_default(), ":mode": export.mode,
                    ":at": export.exported_at,
                })?;
            Ok(())
        })
    }

    /// What was written of a library, in the order in which it first was.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn exports_of(&self, library: LibraryId) -> Result<Vec<ExportNote>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT * FROM exports WHERE library_id = ?1 ORDER BY id")?;
            Ok(statement.query_map([library], note)?.collect::<Result<_, _>>()?)
        })
    }

    /// Forgets what was written there: the files are nobody's business any more. Returns whether anything was known.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn forget_export(
        &mut self,
        library: LibraryId,
        target: Option<&Path>,
        naming: Option<&str>,
    ) -> Result<bool, CatalogError> {
        self.write(|transaction| {
            let forgotten = transaction
                .prepare_cached("DELETE FROM exports WHERE library_id = ?1 AND target = ?2 AND naming = ?3")?
                .execute((library, bytes(target), naming.unwrap_or_default()))?;
            Ok(forgotten > 0)
        })
    }
}

fn bytes(target: Option<&Path>) -> &[u8] {
    target.map(|path| path.as_os_str().as_bytes()).unwrap_or_default()
}

fn note(row: &Row<'_>) -> rusqlite::Result<ExportNote> {
    let (target, naming): (Vec<u8>, String) = (row.get("target")?, row.get("naming")?);
    Ok(ExportNote {
        library: row.get("library_id")?,
        target: (!target.is_empty()).then(|| OsString::from_vec(target).into()),
        naming: (!naming.is_empty()).then_some(naming),
        mode: row.get("mode")?,
        exported_at: row.get("exported_at")?,
    })
}
