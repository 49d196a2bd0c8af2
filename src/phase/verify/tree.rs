//! The catalog against the trees of libraries, and against itself.

use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;

use crate::catalog::{BadRow, Catalog, Library};
use crate::library::{LibraryError, Source};
use crate::model::RelPath;
use crate::phase::PhaseError;

use super::finding::{Finding, Flaw, Subject};

/// How many originals are read from the catalog at a time.
const PAGE: u32 = 1000;

/// A library and its tree beneath whatever is mounted over it, or why that cannot be reached.
#[derive(Debug)]
pub struct LibraryTree {
    /// The library.
    pub library: Library,
    /// Its tree.
    pub source: Result<Source, String>,
}

impl LibraryTree {
    /// The tree, if something is in it: an empty root looks like a disk that is not mounted.
    pub(in crate::phase) fn usable(&self) -> Result<&Source, String> {
        let source = self.source.as_ref().map_err(Clone::clone)?;
        match source.has_any(&RelPath::root(), |_| true) {
            Ok(false) => Err("it is empty; is its disk mounted?".to_owned()),
            Ok(true) => Ok(source),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Looks at every path of a library. Returns how many mappings and originals there are.
pub(super) fn paths(
    catalog: &Catalog,
    library: &Library,
    mut found: impl FnMut(Finding),
) -> Result<(u64, u64), PhaseError> {
    let checked = catalog.check_paths(library.id)?;
    for bad in checked.bad {
        let shown = [library.path.as_os_str().as_bytes(), b"/", &bad.folder, b"/", &bad.name].concat();
        let path = std::path::PathBuf::from(std::ffi::OsStr::from_bytes(&shown));
        let row = BadRow { table: "library_image_files".to_owned(), id: Some(bad.id.get()), reason: bad.reason };
        let message = format!("the catalog holds a path that is not followed: {}", row.reason);
        found(Finding::new(Flaw::EscapingPath, &path, message, Subject::Row(row)));
    }
    Ok((checked.mappings, checked.originals))
}

/// Looks whether the originals of a library are there.
pub(super) fn originals(
    catalog: &Catalog,
    tree: &LibraryTree,
    mut found: impl FnMut(Finding),
) -> Result<(), PhaseError> {
    let library = &tree.library;
    let source = match tree.usable() {
        Ok(source) => source,
        Err(reason) => {
            let message = format!("the library {} cannot be looked at: {reason}", library.name);
            found(Finding::new(Flaw::Unreadable, &library.path, message, Subject::Folder));
            return Ok(());
        }
    };
    let mut after = None;
    loop {
        let (originals, next) = catalog.originals_page(library.id, after.as_ref(), PAGE)?;
        for original in originals {
            let (folder, name) = (original.found.folder, original.found.name);
            let path = folder.join(&name);
            let Err(error) = source.stat(&path) else { continue };
            let (flaw, message) = if is_absent(&error) {
                (Flaw::MissingOriginal, "this picture of the library is not there any more".to_owned())
            } else {
                (Flaw::Unreadable, error.to_string())
            };
            let subject = Subject::Original { library: library.id, folder, name };
            found(Finding::new(flaw, &source.display_path(&path), message, subject));
        }
        after = next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Whether an error says that there is no such file.
pub(in crate::phase) fn is_absent(error: &LibraryError) -> bool {
    match error {
        LibraryError::Read { source, .. } => matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        _ => false,
    }
}

/// Looks at the catalog itself: rows that refer to nothing, and, where the run is deep, its indexes.
pub(super) fn structure(catalog: &Catalog, is_deep: bool, mut found: impl FnMut(Finding)) -> Result<(), PhaseError> {
    let path = catalog.path();
    for row in catalog.orphan_rows()? {
        let message = match row.id {
            Some(id) => format!("row {id} of {}: {}", row.table, row.reason),
            None => format!("a row of {}: {}", row.table, row.reason),
        };
        found(Finding::new(Flaw::OrphanRow, path, message, Subject::Row(row)));
    }
    if is_deep {
        for line in catalog.integrity()? {
            found(Finding::new(Flaw::CatalogDamage, path, line, Subject::Catalog));
        }
    }
    Ok(())
}
