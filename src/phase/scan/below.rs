//! One folder, as after an import: what is beneath it is looked at, and nothing else is touched.

use serde::Serialize;

use crate::catalog::{Catalog, Library};
use crate::library::{Source, Way, way_to};
use crate::model::{Clock, RelPath};

use super::{BATCH_ITEMS, HELPERS, How, Scan, ScanReport, refuse_empty_root};
use crate::phase::{PhaseError, Progress};

/// What the scan of a folder came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FolderReport {
    /// The folder that was looked into: the one that was asked for, or one above it, where what is in it belongs to an item
    /// further up.
    pub folder: RelPath,
    /// What was found. Duplicate ids are told by the scan of a whole library only.
    #[serde(flatten)]
    pub scan: ScanReport,
}

/// Scans one folder of a library and what is beneath it. What is known there and is gone becomes missing; a folder that is
/// gone itself, or where a scan of the whole library does not go, has nothing in it. An item that came from elsewhere in
/// the library is known again, as in a whole scan.
///
/// # Errors
/// When the root of the library is empty, a folder on the way cannot be read, or the catalog cannot be written.
pub fn scan_folder(
    catalog: &mut Catalog,
    library: &Library,
    source: &Source,
    folder: &RelPath,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<FolderReport, PhaseError> {
    refuse_empty_root(library, source)?;
    let way = way_to(source, library.kind, folder)?;
    let mut scan = Scan::new(catalog, library, source, clock, progress);
    progress.start(None);
    let result = scan.folder(way, folder);
    progress.finish();
    Ok(FolderReport { folder: result?, scan: scan.report })
}

impl Scan<'_> {
    fn folder(&mut self, way: Way, folder: &RelPath) -> Result<RelPath, PhaseError> {
        self.catalog.start_scan(self.library.id)?;
        let below = match way {
            Way::Nowhere => folder.clone(),
            Way::Begin(start) => {
                let path = start.path.clone();
                self.walk_from(start, How { batch_items: BATCH_ITEMS, helpers: HELPERS })?;
                path
            }
        };
        self.finish(&below)?;
        Ok(below)
    }
}
