//! Collection: what nothing refers to leaves the cache for the recycle bin, and, when its time there is over, the disk.
//!
//! A picture that is being taken in is never collected. Whoever takes one in puts it there, or renews it where it is there
//! already, and both change the file's ctime, under a lock that they share ([`Cache::alone`]); only then the catalog is
//! written. A collection works in small steps, alone under that lock: it forgets rows that nothing refers to in one
//! transaction that looks once more, and takes files that no row names and whose ctime is older than
//! [`GRACE_SECONDS`]. So a file that somebody is about to write of is seen to be young; one that was taken a moment before
//! is not there for whoever comes then, and is put there anew.
//!
//! Rows go before files: killed in between, a collection leaves files that nobody knows, which the next one takes. So do the
//! records of a picture, before the picture that they go with.

use std::os::fd::AsFd;

use serde::Serialize;

use crate::cache::{Cache, Located};
use crate::catalog::{Catalog, PublishMode, Unreferred};
use crate::config::HistorySettings;
use crate::model::{CacheFileId, ContentHash, UnixSeconds};
use crate::recycle::{Limits, Recycle, RecycleError, Tidied};
use crate::steps;

use super::{PhaseError, Progress, forget};

/// Who has put a picture into the cache has so long to write of it in the catalog. It takes a second as a rule; a laptop
/// may be put to sleep in between.
pub const GRACE_SECONDS: i64 = 3600;

/// So many rows or files are dealt with under one lock.
const AT_ONCE: u32 = 64;

/// What is to be collected, and how.
pub struct GcRequest<'a> {
    /// Which history is kept.
    pub history: &'a HistorySettings,
    /// What the recycle bin keeps.
    pub recycle_limits: Limits,
    /// Whether to tell only what would be collected.
    pub is_dry_run: bool,
    /// The present time.
    pub now: UnixSeconds,
}

/// What a collection came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct GcReport {
    /// Rows of pictures that nothing referred to.
    pub rows: u64,
    /// Files that went to the recycle bin.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that nothing refers to and that are too young: somebody may be taking them in.
    pub young: u64,
    /// Files that killed processes left on the way into the cache.
    pub temporaries: u64,
    /// Generations that cannot be gone back to any more.
    pub forgotten_generations: u64,
    /// Entries of the recycle bin whose time there was over.
    pub purged: u64,
    /// Their bytes: so much space is free now.
    pub purged_bytes: u64,
    /// Things that could not be collected, the first of them.
    pub problems: Vec<String>,
    /// How many there were.
    pub problem_count: u64,
}

/// How many problems a report lists.
const PROBLEMS_MAX: usize = 100;

/// Collects what nothing refers to.
///
/// # Errors
/// When catalog, cache or recycle bin cannot be written. What is done by then is done, and running it again goes on.
pub fn gc(
    catalog: &mut Catalog,
    cache: &Cache,
    recycle: &Recycle,
    request: &GcRequest<'_>,
    progress: &dyn Progress,
) -> Result<GcReport, PhaseError> {
    progress.start(Some(256));
    let old_before = UnixSeconds::new(request.now.get().saturating_sub(GRACE_SECONDS));
    let mut gc = Gc { catalog, cache, recycle, request, old_before, report: GcReport::default() };
    let collected = gc.run(progress);
    progress.finish();
    collected.map(|()| gc.report)
}

struct Gc<'a> {
    catalog: &'a mut Catalog,
    cache: &'a Cache,
    recycle: &'a Recycle,
    request: &'a GcRequest<'a>,
    old_before: UnixSeconds,
    report: GcReport,
}

impl Gc<'_> {
    fn run(&mut self, progress: &dyn Progress) -> Result<(), PhaseError> {
        let mode = if self.request.is_dry_run { PublishMode::DryRun } else { PublishMode::Apply };
        let forgotten = forget(self.catalog, self.request.history, mode, self.request.now)?;
        self.report.forgotten_generations = forgotten.generations;
        self.reached("gc.history_forgotten");
        self.rows()?;
        for first in 0..=u8::MAX {
            self.files(first)?;
            progress.advance(1);
        }
        self.temporaries()?;
        self.reached("gc.temporaries_swept");
        self.tidy()?;
        self.reached("gc.bin_tidied");
        Ok(())
    }

    /// Rows that nothing refers to, with the files that no row names any more then.
    fn rows(&mut self) -> Result<(), PhaseError> {
        let mut after = CacheFileId::new(0);
        loop {
            let rows = self.catalog.unreferred(after, self.old_before, AT_ONCE)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            self.report.rows += rows.len() as u64;
            if self.request.is_dry_run {
                self.would_go(&rows)?;
                continue;
            }
            let _alone = self.cache.alone()?;
            let gone = self.catalog.forget_unreferred(&rows)?;
            self.reached("gc.rows_forgotten");
            for row in gone {
                // What is young is met, and counted, once more among the files that no row names.
                self.take(&row.hash, &row.extension)?;
            }
            self.report.young = 0;
            self.reached("gc.files_recycled");
        }
    }

    /// What a dry run would take: files all of whose rows are among those that nothing refers to.
    fn would_go(&mut self, rows: &[Unreferred]) -> Result<(), PhaseError> {
        for row in rows {
            let services = self.catalog.services_of(&row.hash, &row.extension)?;
            let is_last = services.iter().map(|service| service.file.id).max() == Some(row.id);
            let is_needed =
                services.iter().any(|service| service.is_referred_to || self.is_young(service.file.picture.created_at));
            if is_last && !is_needed {
                self.take(&row.hash, &row.extension)?;
            }
        }
        Ok(())
    }

    fn is_young(&self, at: UnixSeconds) -> bool {
        at >= self.old_before
    }

    /// Files of a part of the cache that no row names.
    fn files(&mut self, first: u8) -> Result<(), PhaseError> {
        let rows = self.catalog.cached_files(first, None)?;
        let known = |hash: &ContentHash, extension: &str| {
            rows.binary_search_by(|row| (&row.hash, row.extension.as_str()).cmp(&(hash, extension))).is_ok()
        };
        let mut unknown = self.cache.inventory(first).files;
        unknown.retain(|file| file.is_file && !known(&file.hash, &file.extension));
        for some in unknown.chunks(AT_ONCE as usize) {
            let _alone = if self.request.is_dry_run { None } else { Some(self.cache.alone()?) };
            for file in some {
                if !self.catalog.is_cached(&file.hash, &file.extension)? {
                    self.take(&file.hash, &file.extension)?;
                }
            }
            self.reached("gc.files_recycled");
        }
        Ok(())
    }

    /// Takes a file that no row names, unless it is young. Called alone.
    fn take(&mut self, hash: &ContentHash, extension: &str) -> Result<(), PhaseError> {
        let Some(file) = self.cache.locate(hash, extension)? else { return Ok(()) };
        if self.is_young(file.changed_at) {
            self.report.young += 1;
            return Ok(());
        }
        let why = "collected: nothing refers to it";
        if !self.request.is_dry_run
            && let Err(error) = recycle_picture(self.cache, self.recycle, (hash, &file), why, self.request.now)
        {
            return match error {
                PhaseError::Recycle(RecycleError::Full { .. } | RecycleError::Open { .. }) => Err(error),
                error => {
                    self.problem(&error.to_string());
                    Ok(())
                }
            };
        }
        self.report.files += 1;
        self.report.bytes += file.byte_count;
        Ok(())
    }

    fn temporaries(&mut self) -> Result<(), PhaseError> {
        self.report.temporaries = if self.request.is_dry_run {
            self.cache.stale_temporaries(self.old_before)?.len() as u64
        } else {
            self.cache.sweep_temporaries(self.old_before)?
        };
        Ok(())
    }

    /// What has been in the recycle bin for long enough.
    fn tidy(&mut self) -> Result<(), PhaseError> {
        let (limits, now) = (self.request.recycle_limits, self.request.now);
        let tidied = if self.request.is_dry_run {
            Tidied::of(&limits.exceeded_by(&self.recycle.entries()?, now))
        } else {
            self.recycle.tidy(limits, now)?
        };
        (self.report.purged, self.report.purged_bytes) = (tidied.entries, tidied.bytes);
        Ok(())
    }

    fn problem(&mut self, message: &str) {
        self.report.problem_count += 1;
        if self.report.problems.len() < PROBLEMS_MAX {
            self.report.problems.push(message.to_owned());
        }
    }

    fn reached(&self, step: &'static str) {
        if !self.request.is_dry_run {
            steps::reached(step);
        }
    }
}

/// Moves a picture that nobody needs to the recycle bin, with the records of what it served; `recycle restore` brings both back.
pub(super) fn recycle_picture(
    cache: &Cache,
    recycle: &Recycle,
    (hash, file): (&ContentHash, &Located),
    reason: &str,
    now: UnixSeconds,
) -> Result<(), PhaseError> {
    if let Some(records) = cache.locate_at(&Cache::records_path(hash))? {
        recycle_file(recycle, &records, reason, now)?;
    }
    Ok(recycle_file(recycle, file, reason, now)?)
}

/// Moves a file of the cache to the recycle bin.
pub(super) fn recycle_file(
    recycle: &Recycle,
    file: &Located,
    reason: &str,
    now: UnixSeconds,
) -> Result<(), RecycleError> {
    recycle.take(file.folder.as_fd(), &file.name, &file.path, reason, now).map(drop)
}
