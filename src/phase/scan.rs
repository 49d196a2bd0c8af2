//! Scan: from a tree to entities, their ids and the pictures that were there before us.
//!
//! Items are recorded in batches, each one transaction, so that a scan may be killed at any instant; only the end of a
//! whole walk marks as missing what was not seen. What lies beneath a folder that could not be read is unknown, not
//! missing, and a root that is empty or gone is a disk that is not mounted.
//!
//! Only the [`Source`] that is handed in is read. Whoever scans a library that is mounted over hands in the tree
//! beneath, so that a published picture is never taken for an original.

use serde::Serialize;

use crate::catalog::{Catalog, Library, Recorded, ScanOutcome, ScannedItem, ScannedOriginal};
use crate::library::layout::is_ignored_name;
use crate::library::{FoundItem, LibraryError, Problem, Source, Visit, Walk};
use crate::model::{Clock, EntityId, LibraryKind, Provider, RelPath, UnixSeconds};

use super::{PhaseError, Progress};

/// How many items are recorded in one transaction: enough that its cost is shared, few enough that others who write
/// do not wait.
const BATCH_ITEMS: usize = 300;

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
    /// Items that are somewhere else now. Counted once moves are recognised by file identity.
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

/// Scans a library of films.
///
/// # Errors
/// When the library is of another kind, its root is empty or cannot be read, or the catalog cannot be written. Folders
/// that cannot be read are no error, but part of the report.
pub fn scan(
    catalog: &mut Catalog,
    library: &Library,
    source: &Source,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<ScanReport, PhaseError> {
    scan_in_batches(catalog, library, source, clock, progress, BATCH_ITEMS)
}

fn scan_in_batches(
    catalog: &mut Catalog,
    library: &Library,
    source: &Source,
    clock: &dyn Clock,
    progress: &dyn Progress,
    batch_items: usize,
) -> Result<ScanReport, PhaseError> {
    if library.kind != LibraryKind::Movies {
        return Err(PhaseError::KindUnknown { library: library.name.clone(), kind: library.kind });
    }
    refuse_empty_root(library, source)?;
    let report = ScanReport { library: library.name.clone(), ..ScanReport::default() };
    let scan = Scan { catalog, library, source, clock, progress, report, batch: Vec::new(), unreadable: Vec::new() };
    progress.start(None);
    let result = scan.run(batch_items);
    progress.finish();
    result
}

/// A root in which there is nothing but what the system puts there is a mount point without its disk.
fn refuse_empty_root(library: &Library, source: &Source) -> Result<(), PhaseError> {
    let entries = source.list(&RelPath::root())?;
    if entries.iter().all(|entry| is_ignored_name(&entry.name)) {
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
    batch: Vec<ScannedItem>,
    unreadable: Vec<RelPath>,
}

impl Scan<'_> {
    fn run(mut self, batch_items: usize) -> Result<ScanReport, PhaseError> {
        self.catalog.start_scan()?;
        let mut walk = Walk::new(self.source, self.library.kind);
        while let Some(visit) = walk.next_visit() {
            match visit {
                Visit::Folder { verdict, .. } => {
                    for item in &verdict.items {
                        self.add(item);
                    }
                }
                Visit::Problem(problem) if problem.path.is_root() => return Err(problem.error.into()),
                Visit::Problem(problem) => self.note_unreadable(problem),
            }
            if self.batch.len() >= batch_items {
                self.record()?;
            }
        }
        self.record()?;
        self.report.missing = self.catalog.finish_scan(self.library.id, &self.unreadable, self.clock.now())?;
        Ok(self.report)
    }

    fn add(&mut self, item: &FoundItem) {
        let originals = item.originals.iter().filter_map(|(path, image_type)| {
            let (folder, name) = path.split_last()?;
            match self.source.stat(path) {
                Ok(stat) => Some(ScannedOriginal {
                    folder,
                    name,
                    image_type: *image_type,
                    byte_count: stat.size_bytes,
                    mtime: UnixSeconds::new(stat.mtime_ns.div_euclid(1_000_000_000)),
                }),
                Err(error) => {
                    note(&mut self.report, path, &error);
                    None
                }
            }
        });
        let originals = originals.collect();
        self.batch.push(scanned_item(self.library, item, originals));
    }

    fn note_unreadable(&mut self, problem: Problem) {
        note(&mut self.report, &problem.path, &problem.error);
        if self.unreadable.len() < UNREADABLE_MAX {
            self.unreadable.push(problem.path);
        } else {
            self.unreadable = vec![RelPath::root()];
        }
    }

    fn record(&mut self) -> Result<(), PhaseError> {
        let batch = std::mem::take(&mut self.batch);
        let recorded = self.catalog.record(&batch, self.clock.now())?;
        for (item, Recorded { id, outcome }) in batch.iter().zip(recorded) {
            self.report.seen += 1;
            match outcome {
                ScanOutcome::Added => self.report.added += 1,
                ScanOutcome::Returned => self.report.returned += 1,
                ScanOutcome::Changed => self.report.changed += 1,
                ScanOutcome::Unchanged => {}
            }
            self.note_duplicates(item, id)?;
        }
        self.progress.advance(batch.len() as u64);
        Ok(())
    }

    /// Each pair is noted once, with the entity that is known for longer first.
    fn note_duplicates(&mut self, item: &ScannedItem, id: EntityId) -> Result<(), PhaseError> {
        for (provider, value) in &item.ids {
            let others = self.catalog.entities_by_external_id(provider, value)?;
            let others = others.iter().filter(|other| {
                other.id < id
                    && !other.is_missing
                    && other.library == item.library
                    && other.entity_type == item.entity_type
            });
            let room = ERRORS_MAX.saturating_sub(self.report.duplicates.len());
            self.report.duplicates.extend(others.take(room).map(|other| DuplicateId {
                provider: provider.clone(),
                value: value.clone(),
                first: other.id,
                second: id,
                path: item.path.clone(),
            }));
        }
        Ok(())
    }
}

fn note(report: &mut ScanReport, path: &RelPath, error: &LibraryError) {
    report.error_count += 1;
    if report.errors.len() < ERRORS_MAX {
        report.errors.push(ScanProblem { path: path.clone(), message: error.to_string() });
    }
}

fn scanned_item(library: &Library, item: &FoundItem, originals: Vec<ScannedOriginal>) -> ScannedItem {
    // A name that tells no title is still the best title there is.
    let title = match item.identity.title.as_str() {
        "" => item.base.to_string(),
        title => title.to_owned(),
    };
    ScannedItem {
        library: library.id,
        entity_type: item.entity_type,
        parent: None,
        sort_title: sort_title(&title),
        title,
        year: item.identity.year,
        season: None,
        episode: None,
        last_episode: None,
        layout: item.layout,
        folder: item.folder.clone(),
        video: item.video().cloned(),
        further_videos: item.videos.iter().skip(1).cloned().collect(),
        folders: item.folders.clone(),
        path: item.path.clone(),
        ids: item.identity.ids.clone(),
        originals,
    }
}

/// The title in lower case with an English article put behind it, as players sort.
fn sort_title(title: &str) -> String {
    let lower = title.to_lowercase();
    let article = ["the ", "a ", "an "].into_iter().find_map(|article| Some((lower.strip_prefix(article)?, article)));
    match article {
        Some((rest, article)) if !rest.trim().is_empty() => format!("{}, {}", rest.trim_start(), article.trim_end()),
        _ => lower,
    }
}

#[cfg(test)]
mod tests;
