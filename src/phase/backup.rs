//! Copies of the catalog, and the way back to one.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::catalog::{Catalog, CatalogCheck, CatalogError, PublishMode, SoleUse};
use crate::lasting;
use crate::model::{UnixSeconds, show_bytes};

use super::{PhaseError, Progress};

/// Names of rotating backups begin so, and end so.
const ROTATING: (&str, &str) = ("posterfs-", ".db");

/// A copy of the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// The file.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its schema version.
    pub schema: i64,
    /// Items in it.
    pub items: u64,
    /// Selected pictures in it.
    pub selected: u64,
    /// Older backups that it took the place of.
    pub removed: Vec<String>,
}

/// What going back to a backup came to, or would come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestoreReport {
    /// The backup.
    pub from: String,
    /// Its schema version.
    pub schema: i64,
    /// Whether it is of an older posterfs, so that it is brought to the present schema.
    pub is_migrated: bool,
    /// Libraries in it.
    pub libraries: u64,
    /// Items in it.
    pub items: u64,
    /// Selected pictures in it.
    pub selected: u64,
    /// Where the catalog is now that was there before; `None` when there was none.
    pub kept: Option<String>,
}

/// Writes a copy of the catalog as it is now to a file, while everything runs. When this returns, it is whole, checked and
/// durable; before, there is no such file.
///
/// # Errors
/// When the file exists and is not to be replaced, cannot be written, or the catalog is damaged.
pub fn back_up(
    catalog: &Catalog,
    target: &Path,
    replaces: bool,
    progress: &dyn Progress,
) -> Result<BackupReport, PhaseError> {
    progress.start(None);
    let found = catalog.back_up(target, replaces, &mut told(progress));
    progress.finish();
    let found = found?;
    let bytes = fs::metadata(target).map_err(|source| file_failed(target, source))?.len();
    Ok(BackupReport {
        path: shown(target),
        bytes,
        schema: found.version,
        items: found.entities,
        selected: found.selections,
        removed: Vec::new(),
    })
}

/// Tells a progress of pages.
fn told(progress: &dyn Progress) -> impl FnMut(u64, u64) {
    let mut before = (0, 0);
    move |done, total| {
        progress.extend(total.saturating_sub(before.1));
        progress.advance(done.saturating_sub(before.0));
        before = (done, total.max(before.1));
    }
}

/// Backs up into a folder, under a name made of the time, and removes the oldest of such backups there but for `keep`.
/// Others in it are not touched. To be run on a schedule.
///
/// # Errors
/// As [`back_up`]; nothing is removed then.
pub fn back_up_in_rotation(
    catalog: &Catalog,
    folder: &Path,
    keep: u32,
    now: UnixSeconds,
    progress: &dyn Progress,
) -> Result<BackupReport, PhaseError> {
    lasting::make_folder(folder, 0o700).map_err(|source| file_failed(folder, source))?;
    let target = folder.join(format!("{}{}{}", ROTATING.0, time_in_name(now), ROTATING.1));
    let mut report = back_up(catalog, &target, true, progress)?;
    let mut known = rotating(folder)?;
    known.sort();
    let surplus = known.len().saturating_sub(keep.max(1) as usize);
    // With a clock that was set back, the new one is not the last by name; it stays all the same.
    for path in known.into_iter().filter(|path| *path != target).take(surplus) {
        fs::remove_file(&path).map_err(|source| file_failed(&path, source))?;
        report.removed.push(shown(&path));
    }
    Ok(report)
}

/// The backups of a folder that rotate.
fn rotating(folder: &Path) -> Result<Vec<PathBuf>, PhaseError> {
    let entries = fs::read_dir(folder).map_err(|source| file_failed(folder, source))?;
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let time = name.strip_prefix(ROTATING.0).and_then(|rest| rest.strip_suffix(ROTATING.1));
        time.is_some_and(|time| time.len() == 16 && time.bytes().all(|b| b.is_ascii_digit() || b == b'T' || b == b'Z'))
    };
    Ok(entries.flatten().map(|entry| entry.path()).filter(is_ours).collect())
}

/// `20261201T002657Z`: sorts by time.
fn time_in_name(now: UnixSeconds) -> String {
    let time = jiff::Timestamp::from_second(now.get()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Goes back to a backup: it is checked first, and what was there before is kept beside, with its log. A trial changes
/// nothing.
///
/// # Errors
/// When the backup is damaged, none of ours, or newer than this program; when another process has the catalog open; when a
/// file cannot be written. Until the last of these steps the catalog stays as it is.
pub fn restore(
    database: &Path,
    from: &Path,
    mode: PublishMode,
    progress: &dyn Progress,
) -> Result<RestoreReport, PhaseError> {
    if !from.is_file() {
        return Err(file_failed(from, rustix::io::Errno::NOENT.into()));
    }
    let found = Catalog::check_file(from)?;
    if found.version == 0 {
        return Err(CatalogError::Foreign { path: from.to_owned() }.into());
    }
    if !found.problems.is_empty() {
        return Err(CatalogError::Unsound { path: from.to_owned(), problems: found.problems }.into());
    }
    let sole = SoleUse::take(database)?;
    let mut report = report(from, &found);
    if mode == PublishMode::DryRun {
        return Ok(report);
    }
    let place = sole.place_for_new()?;
    progress.start(None);
    let copied = Catalog::copy_file(from, &place, &mut told(progress));
    progress.finish();
    copied?;
    let mut restored = Catalog::open_disposable(&place)?;
    // What the journal has of later choices is of another way that this catalog did not go.
    restored.begin_lineage()?;
    restored.close()?;
    report.kept = sole.replace()?.as_deref().map(shown);
    Ok(report)
}

fn report(from: &Path, found: &CatalogCheck) -> RestoreReport {
    RestoreReport {
        from: shown(from),
        schema: found.version,
        is_migrated: found.is_older(),
        libraries: found.libraries,
        items: found.entities,
        selected: found.selections,
        kept: None,
    }
}

pub(super) fn shown(path: &Path) -> String {
    show_bytes(path.as_os_str().as_bytes())
}

fn file_failed(path: &Path, source: io::Error) -> PhaseError {
    CatalogError::of_file(path, source).into()
}
