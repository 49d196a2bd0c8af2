//! Scan: from a tree to entities, their ids, their metadata and the pictures that were there before us.
//!
//! Items are recorded in batches, each one transaction, so that a scan may be killed at any instant; only the end of a
//! whole walk marks as missing what was not seen. What lies beneath a folder that could not be read is unknown, not
//! missing, and a root that is empty or gone is a disk that is not mounted. Folders that are as the last scan left them
//! are not read again (`unchanged.rs`).
//!
//! One folder can be scanned by itself ([`scan_folder`]), as after an import: then only what is known beneath it can go missing.
//!
//! Only the [`Source`] that is handed in is read. Whoever scans a library that is mounted over hands in the tree
//! beneath, so that a published picture is never taken for an original.
//!
//! Folders are looked into ahead on a few threads, which know nothing of the catalog (`survey.rs`); what they found is
//! recorded in the order of the walk by the one thread that has it. So the number of threads changes nothing but time.
//!
//! - `below.rs`: one folder.
//! - `survey.rs`: what is made of a folder, on any thread.
//! - `items.rs`: from what a folder holds to what is recorded.
//! - `told.rs`: what metadata files tell of it.
//! - `unchanged.rs`: which folders need not be read.

mod below;
mod items;
mod survey;
mod told;
mod unchanged;

use serde::Serialize;

use crate::catalog::{
    Catalog, Library, PublishMode, Recorded, ScanOutcome, ScannedFolder, ScannedItem, Scope, SharedId, Stamp,
};
use crate::library::layout::is_ignored_name;
use crate::library::{Problem, Source, Start, Visit, Walk, walk};
use crate::model::{Clock, EntityId, Provider, RelPath};

use self::survey::{Remembered, Surveyed, Surveyor};
use super::progress::may_stop;
use super::{PhaseError, Progress, publish};

pub use below::{FolderReport, scan_folder};

/// How many items are recorded in one transaction: enough that its cost is shared, few enough that others who write
/// do not wait.
const BATCH_ITEMS: usize = 1000;

/// How many unchanged folders are noted together.
const BATCH_PASSED: usize = 200;

/// How many threads look into folders ahead. They wait for the disk or a server most of the time, so there are more than a
/// small machine has processors; more than a few would only take turns at one disk.
const HELPERS: usize = 8;

/// How many problems a report lists; more would not be read, and the tree decides how many there are.
const ERRORS_MAX: usize = 1000;

/// With more unreadable folders than this, nothing at all is declared missing.
const UNREADABLE_MAX: usize = 1000;

/// What a scan came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ScanReport {
    /// The name of the library.
    pub library: String,
    /// Items that are there.
    pub seen: u64,
    /// Items that were not known.
    pub added: u64,
    /// Items of which something is different: their names, ids or originals.
    pub changed: u64,
    /// Items that are somewhere else now: the same file, or the same id. They keep everything they own.
    pub moved: u64,
    /// Items that were there at the last scan and are not now.
    pub missing: u64,
    /// Items that were missing and are back.
    pub returned: u64,
    /// What could not be read, the first thousand.
    pub errors: Vec<ScanProblem>,
    /// How many things could not be read.
    pub error_count: u64,
    /// Items that claim an id which another one has as well. All are kept.
    pub duplicates: Vec<DuplicateId>,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScanProblem {
    /// Where it is beneath the root.
    pub path: RelPath,
    /// What is wrong.
    pub message: String,
}

/// Two items with one id at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DuplicateId {
    /// The provider.
    pub provider: Provider,
    /// The id.
    pub value: String,
    /// The item known before.
    pub first: EntityId,
    /// The other one.
    pub second: EntityId,
    /// Where the other one is.
    pub path: RelPath,
}

/// Scans a library.
///
/// # Errors
/// When its root is empty or cannot be read, or the catalog cannot be written. Folders
/// that cannot be read are no error, but part of the report.
pub fn scan(
    catalog: &mut Catalog,
    library: &Library,
    source: &Source,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<ScanReport, PhaseError> {
    scan_as(How { batch_items: BATCH_ITEMS, helpers: HELPERS }, catalog, library, source, clock, progress)
}

/// What of a scan changes nothing but how long it takes.
#[derive(Debug, Clone, Copy)]
struct How {
    batch_items: usize,
    helpers: usize,
}

fn scan_as(
    how: How,
    catalog: &mut Catalog,
    library: &Library,
    source: &Source,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<ScanReport, PhaseError> {
    refuse_empty_root(library, source)?;
    let scan = Scan::new(catalog, library, source, clock, progress);
    progress.start(None);
    let result = scan.run(how);
    progress.finish();
    result
}

/// A root in which there is nothing but what the system puts there is a mount point without its disk.
fn refuse_empty_root(library: &Library, source: &Source) -> Result<(), PhaseError> {
    if !source.has_any(&RelPath::root(), |name| !is_ignored_name(name))? {
        let path = source.display_path(&RelPath::root());
        return Err(PhaseError::RootEmpty { library: library.name.clone(), path });
    }
    Ok(())
}

struct Scan<'a> {
    catalog: &'a mut Catalog,
    library: &'a Library,
    source: &'a Source,
    clock: &'a dyn Clock,
    progress: &'a dyn Progress,
    report: ScanReport,
    /// Items that are still to be recorded, and the folders that told of them.
    batch: Vec<ScannedItem>,
    folders: Vec<ScannedFolder>,
    /// Folders that are as they were, and are still to be noted.
    passed: Vec<RelPath>,
    unreadable: Vec<RelPath>,
    /// Entities that lie elsewhere, or otherwise, so that their pictures have other names now.
    moved: Vec<EntityId>,
}

impl<'a> Scan<'a> {
    fn new(
        catalog: &'a mut Catalog,
        library: &'a Library,
        source: &'a Source,
        clock: &'a dyn Clock,
        progress: &'a dyn Progress,
    ) -> Self {
        let report = ScanReport { library: library.name.clone(), ..ScanReport::default() };
        let (batch, folders, passed) = (Vec::new(), Vec::new(), Vec::new());
        let (unreadable, moved) = (Vec::new(), Vec::new());
        Self { catalog, library, source, clock, progress, report, batch, folders, passed, unreadable, moved }
    }

    fn run(mut self, how: How) -> Result<ScanReport, PhaseError> {
        self.catalog.start_scan(self.library.id)?;
        self.walk_from(Start::root(self.library.kind), how)?;
        self.finish(&RelPath::root())?;
        self.note_duplicates()?;
        Ok(self.report)
    }

    fn walk_from(&mut self, start: Start, how: How) -> Result<(), PhaseError> {
        let walked = self.follow_walk_from(start, how);
        if walked.is_err() {
            self.catalog.abandon_scan();
        }
        walked
    }

    fn follow_walk_from(&mut self, start: Start, how: How) -> Result<(), PhaseError> {
        let surveyor = Surveyor { library: self.library };
        let (source, kind) = (self.source, self.library.kind);
        walk(source, kind, start, &surveyor, how.helpers, |walk| self.follow_walk(walk, how.batch_items))?;
        self.record()
    }

    /// What was not seen beneath a folder is missing; what moved is published where it is.
    fn finish(&mut self, below: &RelPath) -> Result<(), PhaseError> {
        let (library, now) = (self.library.id, self.clock.now());
        self.report.missing = self.catalog.finish_scan(library, below, &self.unreadable, now)?;
        self.catalog.use_told_ids(library, below, now)?;
        self.follow()
    }

    fn follow_walk(&mut self, mut walk: Walk<'_, Surveyor<'_>>, batch_items: usize) -> Result<(), PhaseError> {
        loop {
            may_stop(self.progress)?;
            let visit = walk.next_visit(&mut |paths| self.remembered(paths))?;
            match visit {
                None => return Ok(()),
                Some(Visit::Unchanged(path)) => self.passed.push(path),
                Some(Visit::Folder(folder)) => self.add(folder),
                Some(Visit::Problem(problem)) if problem.path.is_root() => return Err(problem.error.into()),
                Some(Visit::Problem(problem)) => self.note_unreadable(problem),
            }
            if self.batch.len() + self.folders.len() >= batch_items {
                self.record()?;
            } else if self.passed.len() >= BATCH_PASSED {
                self.pass()?;
            }
        }
    }

    fn remembered(&self, paths: &[RelPath]) -> Result<Vec<Remembered>, PhaseError> {
        let asked_at = self.clock.now();
        let rows = self.catalog.scanned_folders(self.library.id, paths)?;
        Ok(rows.into_iter().map(|row| Remembered { row, asked_at }).collect())
    }

    /// Folders that are as they were: so is what was found in them.
    fn pass(&mut self) -> Result<(), PhaseError> {
        let seen = self.catalog.see_folders(self.library.id, &self.passed)?;
        self.passed.clear();
        self.report.seen += seen;
        self.progress.advance(seen);
        Ok(())
    }

    fn add(&mut self, folder: Surveyed) {
        for (path, message) in folder.problems {
            note(&mut self.report, &path, message);
        }
        self.folders.extend(folder.row);
        self.batch.extend(folder.items);
    }

    /// What is published of entities that are somewhere else now is published there.
    fn follow(&mut self) -> Result<(), PhaseError> {
        if self.moved.is_empty() {
            return Ok(());
        }
        let (author, reason) = ("scan".to_owned(), format!("moved in {}", self.library.name));
        let stamp = Stamp { author, reason, now: self.clock.now() };
        publish(self.catalog, Scope::Shown(&self.moved), PublishMode::Apply, &stamp)?;
        Ok(())
    }

    fn note_duplicates(&mut self) -> Result<(), PhaseError> {
        let limit = u32::try_from(ERRORS_MAX).unwrap_or(u32::MAX);
        let shared = self.catalog.shared_ids(self.library.id, limit)?.into_iter();
        self.report.duplicates = shared
            .map(|SharedId { provider, value, first, second, path }| DuplicateId {
                provider,
                value,
                first,
                second,
                path,
            })
            .collect();
        Ok(())
    }

    fn note_unreadable(&mut self, problem: Problem) {
        note(&mut self.report, &problem.path, problem.error.to_string());
        if self.unreadable.len() < UNREADABLE_MAX {
            self.unreadable.push(problem.path);
        } else {
            self.unreadable = vec![RelPath::root()];
        }
    }

    fn record(&mut self) -> Result<(), PhaseError> {
        self.pass()?;
        let batch = std::mem::take(&mut self.batch);
        let folders = std::mem::take(&mut self.folders);
        let source = self.source;
        let is_gone = |path: &RelPath| source.stat(path).is_err_and(|error| error.is_not_found());
        let recorded = self.catalog.record_folders(&batch, &folders, &is_gone, self.clock.now())?;
        for (item, Recorded { id, outcome, is_placed_anew }) in batch.iter().zip(recorded) {
            self.report.seen += u64::from(!item.is_mention);
            match outcome {
                ScanOutcome::Added => self.report.added += 1,
                ScanOutcome::Returned => self.report.returned += 1,
                ScanOutcome::Changed => self.report.changed += 1,
                ScanOutcome::Moved => self.report.moved += 1,
                ScanOutcome::Unchanged => {}
            }
            if is_placed_anew {
                self.moved.push(id);
            }
        }
        self.progress.advance(batch.len() as u64);
        Ok(())
    }
}

fn note(report: &mut ScanReport, path: &RelPath, message: String) {
    report.error_count += 1;
    if report.errors.len() < ERRORS_MAX {
        report.errors.push(ScanProblem { path: path.clone(), message });
    }
}

#[cfg(test)]
mod tests;
