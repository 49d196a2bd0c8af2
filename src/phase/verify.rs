//! Proof that everything is whole: the catalog against the cache, the trees of libraries, exported copies and itself.
//!
//! Nothing is changed by looking, but for notes in the catalog of what was read when; and media is never touched. Threads
//! take the parts of the work from one list and tell what they find; the calling thread writes down how far a deep run
//! is, so that one that was killed goes on from there.
//!
//! - `finding`: what can be wrong, whom it concerns, what would put it right
//! - `cached`: catalog against cache, part by part; `reading`: as fast as the disk, or slower
//! - `tree`: originals, paths, the catalog itself

mod cached;
mod finding;
mod reading;
mod tree;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cache::Cache;
use crate::catalog::{Catalog, CatalogError, Verification};
use crate::model::{ContentHash, LibraryId, UnixSeconds};

use super::export::{ExportCheck, check_export};
use super::gc::GRACE_SECONDS;
use super::{PhaseError, Progress};

pub use finding::{Affected, Finding, Flaw, Remedy, Subject};
pub use reading::{Rate, RateError};
pub use tree::LibraryTree;

pub(super) use tree::is_absent;

use cached::{Comparison, Listener, Whole};
use reading::Pace;

/// How far a deep run is is noted so often: each note waits for the disk, which the reading threads want for themselves.
const NOTED_EVERY: Duration = Duration::from_secs(1);

/// What is to be looked at, and how closely.
#[derive(Debug)]
pub struct VerifyRequest<'a> {
    /// The libraries, with their trees.
    pub trees: &'a [LibraryTree],
    /// Whether these are all there are: then files that serve nobody are looked at, too.
    pub is_everything: bool,
    /// Whether every file is read.
    pub is_deep: bool,
    /// Of a deep run: files that were read since are not read again.
    pub since: Option<UnixSeconds>,
    /// Of a deep run: how many bytes are read in a second at most.
    pub rate: Option<Rate>,
    /// The present time.
    pub now: UnixSeconds,
}

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Whether every file was read.
    pub deep: bool,
    /// Of a deep run: whether it went on with one that was killed.
    pub resumed: bool,
    /// Files of the cache that were looked at.
    pub files: u64,
    /// Files that were read.
    pub read: u64,
    /// Their bytes.
    pub read_bytes: u64,
    /// Files that were not read, as they were lately.
    pub read_before: u64,
    /// Mappings.
    pub mappings: u64,
    /// Originals.
    pub originals: u64,
    /// Exported files.
    pub exported: u64,
    /// How many things are wrong.
    pub findings: u64,
    /// The same by what is wrong.
    pub by_flaw: BTreeMap<Flaw, u64>,
    /// The number of the run; `None` where it could not be noted.
    #[serde(skip)]
    pub run: Option<i64>,
}

/// A part of the work.
#[derive(Debug, Clone, Copy)]
enum Part {
    Structure,
    Paths(usize),
    Originals(usize),
    Above,
    Files(u8),
}

/// What a thread tells.
enum Told {
    Found(Box<Finding>),
    LookedAt(u64),
    ReadBefore(u64),
    Read(Whole),
    Paths(u64, u64),
    Failed(PhaseError),
}

/// Looks at everything. `found` is told of each thing that is wrong when it is found.
///
/// # Errors
/// When the catalog cannot be read, or the cache not be opened. What is wrong with what is in them is found, not an error.
pub fn verify(
    catalog: &mut Catalog,
    cache: &Cache,
    request: &VerifyRequest<'_>,
    progress: &dyn Progress,
    found: &mut dyn FnMut(Finding),
) -> Result<VerifyReport, PhaseError> {
    let run = begin(catalog, request)?;
    let mut desk = Desk::new(VerifyReport { deep: request.is_deep, ..VerifyReport::default() }, found);
    desk.report.resumed = run.is_some_and(|(_, is_resumed)| is_resumed);
    desk.report.run = run.map(|(run, _)| run.id);
    progress.start(Some(catalog.cache_totals()?.files));
    let looked = look(catalog, cache, request, run, progress, &mut desk);
    progress.finish();
    looked?;
    if let Some(id) = desk.report.run {
        catalog.end_verification(id, desk.report.findings, request.now)?;
    }
    Ok(desk.report)
}

/// A run, and whether it goes on with one that was killed.
type Run = (Verification, bool);

/// Where nothing can be written, nothing is noted: whoever looks for damage may have a disk that has gone read-only.
fn begin(catalog: &mut Catalog, request: &VerifyRequest<'_>) -> Result<Option<Run>, PhaseError> {
    match catalog.begin_verification(request.is_deep, request.now) {
        Ok(run) => Ok(Some(run)),
        Err(error @ (CatalogError::ReadOnly { .. } | CatalogError::Full { .. })) => {
            tracing::warn!(%error, "this run cannot be noted");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn look(
    catalog: &mut Catalog,
    cache: &Cache,
    request: &VerifyRequest<'_>,
    run: Option<Run>,
    progress: &dyn Progress,
    desk: &mut Desk<'_>,
) -> Result<(), PhaseError> {
    let old_before = UnixSeconds::new(request.now.get().saturating_sub(GRACE_SECONDS));
    if request.is_everything {
        for path in cache.stale_temporaries(old_before)? {
            let message = "a process that was killed left this on the way into the cache";
            desk.found(Finding::new(Flaw::StaleTemporary, &path, message, Subject::Temporary));
        }
    }
    let all_parts = Parts::of(request, run, old_before);
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(1024);
        for _ in 0..threads(request.is_deep) {
            let (sender, parts, path) = (sender.clone(), &all_parts, catalog.path().to_owned());
            scope.spawn(move || {
                if let Err(error) = parts.work(&path, cache, &sender) {
                    let _ = sender.send(Told::Failed(error));
                }
            });
        }
        drop(sender);
        desk.listen(&receiver, catalog, request.now, progress)
    })?;
    for tree in request.trees {
        exported(catalog, cache, tree, request.is_deep, desk)?;
    }
    Ok(())
}

/// Twice as many as there are cores, so that disk and cores are both busy, where files are read.
fn threads(is_deep: bool) -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    if is_deep { (cores * 2).min(64) } else { cores.min(16) }
}

fn exported(
    catalog: &mut Catalog,
    cache: &Cache,
    tree: &LibraryTree,
    is_deep: bool,
    desk: &mut Desk<'_>,
) -> Result<(), PhaseError> {
    for export in catalog.exports_of(tree.library.id)? {
        let Ok(source) = tree.usable() else { continue };
        let check = ExportCheck { cache, library: &tree.library, source, export: &export, is_deep };
        let looked_at = check_export(catalog, &check, &mut |finding| desk.found(finding))?;
        desk.report.exported += looked_at;
    }
    Ok(())
}

/// All of the work, taken by whoever is free.
struct Parts<'a> {
    parts: Vec<Part>,
    next: AtomicUsize,
    request: &'a VerifyRequest<'a>,
    libraries: Vec<LibraryId>,
    old_before: UnixSeconds,
    deep_before: Option<UnixSeconds>,
    pace: Pace,
}

impl<'a> Parts<'a> {
    fn of(request: &'a VerifyRequest<'a>, run: Option<Run>, old_before: UnixSeconds) -> Self {
        // What takes long and cannot be divided comes first.
        let mut parts = vec![Part::Structure];
        parts.extend((0..request.trees.len()).flat_map(|at| [Part::Originals(at), Part::Paths(at)]));
        parts.extend(request.is_everything.then_some(Part::Above));
        parts.extend((0..=u8::MAX).map(Part::Files));
        // A run that was killed has read what was read since it began; a new one reads everything.
        let all = UnixSeconds::new(i64::MAX);
        let begun = run.filter(|(_, is_resumed)| *is_resumed).map_or(all, |(run, _)| run.started_at);
        Self {
            parts,
            next: AtomicUsize::new(0),
            request,
            libraries: request.trees.iter().map(|tree| tree.library.id).collect(),
            old_before,
            deep_before: request.is_deep.then(|| request.since.map_or(begun, |since| since.min(begun))),
            pace: Pace::new(request.rate),
        }
    }

    fn work(&self, path: &std::path::Path, cache: &Cache, sender: &SyncSender<Told>) -> Result<(), PhaseError> {
        let catalog = Catalog::open_read_only(path).or_else(|_| Catalog::open_frozen(path))?;
        let comparison = Comparison {
            catalog: &catalog,
            cache,
            libraries: (!self.request.is_everything).then_some(self.libraries.as_slice()),
            old_before: self.old_before,
            deep_before: self.deep_before,
            pace: &self.pace,
        };
        let mut teller = Teller(sender);
        // Which thread takes which part makes no difference.
        while let Some(part) = self.parts.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            match *part {
                Part::Structure => tree::structure(&catalog, self.request.is_deep, |found| teller.found(found))?,
                Part::Originals(at) => tree::originals(&catalog, &self.request.trees[at], |found| teller.found(found))?,
                Part::Paths(at) => {
                    let library = &self.request.trees[at].library;
                    let (mappings, originals) = tree::paths(&catalog, library, |found| teller.found(found))?;
                    teller.tell(Told::Paths(mappings, originals));
                }
                Part::Above => comparison.above(&mut teller),
                Part::Files(first) => comparison.part(first, &mut teller)?,
            }
        }
        Ok(())
    }
}

/// A thread's way to tell the calling one. That one goes on to listen until all threads have ended.
struct Teller<'a>(&'a SyncSender<Told>);

impl Teller<'_> {
    fn tell(&mut self, told: Told) {
        let _ = self.0.send(told);
    }
}

impl Listener for Teller<'_> {
    fn found(&mut self, finding: Finding) {
        self.tell(Told::Found(Box::new(finding)));
    }

    fn looked_at(&mut self, files: u64) {
        self.tell(Told::LookedAt(files));
    }

    fn read_before(&mut self, files: u64) {
        self.tell(Told::ReadBefore(files));
    }

    fn read(&mut self, whole: Whole) {
        self.tell(Told::Read(whole));
    }
}

/// Where everything that is told comes together.
struct Desk<'a> {
    report: VerifyReport,
    found: &'a mut dyn FnMut(Finding),
    /// Files that were found whole since that was last noted.
    unnoted: Vec<(ContentHash, String)>,
    noted_at: Instant,
}

impl<'a> Desk<'a> {
    fn new(report: VerifyReport, found: &'a mut dyn FnMut(Finding)) -> Self {
        Self { report, found, unnoted: Vec::new(), noted_at: Instant::now() }
    }

    fn found(&mut self, finding: Finding) {
        self.report.findings += 1;
        *self.report.by_flaw.entry(finding.flaw).or_default() += 1;
        (self.found)(finding);
    }

    /// Listens until all threads have ended. The first failure is returned then.
    fn listen(
        &mut self,
        receiver: &Receiver<Told>,
        catalog: &mut Catalog,
        now: UnixSeconds,
        progress: &dyn Progress,
    ) -> Result<(), PhaseError> {
        let mut failure = None;
        for told in receiver {
            if let Err(error) = self.hear(told, catalog, now, progress) {
                failure.get_or_insert(error);
            }
        }
        let noted = self.note(catalog, now);
        failure.map_or(noted, Err)
    }

    /// Notes how far a deep run is.
    fn note(&mut self, catalog: &mut Catalog, now: UnixSeconds) -> Result<(), PhaseError> {
        if self.report.run.is_some() && !self.unnoted.is_empty() {
            catalog.note_verified(&self.unnoted, now)?;
        }
        self.unnoted.clear();
        self.noted_at = Instant::now();
        Ok(())
    }

    fn hear(
        &mut self,
        told: Told,
        catalog: &mut Catalog,
        now: UnixSeconds,
        progress: &dyn Progress,
    ) -> Result<(), PhaseError> {
        match told {
            Told::Found(finding) => self.found(*finding),
            Told::LookedAt(files) => {
                self.report.files += files;
                progress.advance(files);
            }
            Told::ReadBefore(files) => self.report.read_before += files,
            Told::Paths(mappings, originals) => {
                self.report.mappings += mappings;
                self.report.originals += originals;
            }
            Told::Read(whole) => {
                let files = whole.files.len() as u64;
                self.report.files += files;
                self.report.read += files;
                self.report.read_bytes += whole.bytes;
                progress.advance(files);
                self.unnoted.extend(whole.files);
                if self.noted_at.elapsed() >= NOTED_EVERY {
                    self.note(catalog, now)?;
                }
            }
            Told::Failed(error) => return Err(error),
        }
        Ok(())
    }
}
