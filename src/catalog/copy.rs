//! Copies of a catalog while everything runs, and whether a file is a whole catalog.
//!
//! A copy is made by the backup interface of SQLite in small steps, all within one read transaction: it is of one moment,
//! however much is written meanwhile, and nobody who writes ever waits for it. (Without the transaction it would begin anew
//! with every change.) What was copied is synced every few megabytes, so that the disk has no long queue in which the commit
//! of somebody else would wait.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::error::Fault;
use super::open::{checked, connect, immutable_uri, known_version};
use super::replacement::with_suffix;
use super::{Catalog, CatalogError};
use crate::lasting::{folder_of, sync_folder};
use crate::steps;

/// How many pages are copied at a time: 512 KiB.
const STEP_PAGES: i32 = 128;
/// After how many of these steps what was copied is synced.
const STEPS_PER_SYNC: u32 = 8;
/// How many faults of a file are told.
const PROBLEMS_MAX: usize = 20;

/// What a catalog's file is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogCheck {
    /// Its schema version.
    pub version: i64,
    /// What is wrong with it: damaged pages or indexes, rows without their counterparts. At most twenty.
    pub problems: Vec<String>,
    /// Libraries that it knows.
    pub libraries: u64,
    /// Entities that it knows.
    pub entities: u64,
    /// Pictures that are selected in it.
    pub selections: u64,
}

/// Told of pages that are copied, and of how many there are.
pub type OnPages<'a> = &'a mut dyn FnMut(u64, u64);

impl Catalog {
    /// Writes a copy of the catalog as it is now to a file, durably: when this returns, the file is whole, checked and on
    /// the disk; before, it is not there. Others write meanwhile without waiting. What is there is replaced only if told so.
    ///
    /// # Errors
    /// When the file exists and is not to be replaced, cannot be written, or the catalog is damaged.
    pub fn back_up(&self, target: &Path, replaces: bool, on_pages: OnPages<'_>) -> Result<CatalogCheck, CatalogError> {
        back_up(&self.connection, &self.path, target, replaces, on_pages)
    }

    /// Copies the catalog as it is now, damaged or not, to where nothing is.
    ///
    /// # Errors
    /// When it cannot be read at all, or the copy not be written.
    pub fn copy_as_it_is(&self, target: &Path) -> Result<(), CatalogError> {
        copy(&self.connection, &self.path, target, &mut |_, _| {})
    }

    /// Looks at a file without changing anything: whether it is a catalog that this program understands, and whole.
    ///
    /// # Errors
    /// When it cannot be read, is none, or is newer than this program.
    pub fn check_file(path: &Path) -> Result<CatalogCheck, CatalogError> {
        let connection = open_to_copy(path)?;
        checked(&connection, path)?;
        check(&connection).map_err(|error| Fault::from(error).at(path))
    }

    /// Copies a catalog's file, which nobody may be writing to, to where nothing is.
    ///
    /// # Errors
    /// When it cannot be read, or the copy not be written.
    pub fn copy_file(source: &Path, target: &Path, on_pages: OnPages<'_>) -> Result<(), CatalogError> {
        copy(&open_to_copy(source)?, source, target, on_pages)
    }
}

/// A file that has no log is looked at alone, so that nothing is made beside it.
fn open_to_copy(path: &Path) -> Result<Connection, CatalogError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let has_log = fs::metadata(with_suffix(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let opened_as = if has_log { path.to_owned() } else { immutable_uri(path) };
    connect(&opened_as, flags).map_err(|error| Fault::from(error).at(path))
}

/// See [`Catalog::back_up`].
pub(super) fn back_up(
    connection: &Connection,
    path: &Path,
    target: &Path,
    replaces: bool,
    on_pages: OnPages<'_>,
) -> Result<CatalogCheck, CatalogError> {
    if !replaces && fs::symlink_metadata(target).is_ok() {
        return Err(CatalogError::BackupExists { path: target.to_owned() });
    }
    let partial = Partial::beside(target)?;
    copy(connection, path, &partial.path, on_pages)?;
    steps::reached("backup.copied");
    let found = Catalog::check_file(&partial.path)?;
    if !found.problems.is_empty() {
        return Err(CatalogError::Unsound { path: path.to_owned(), problems: found.problems });
    }
    partial.file.sync_all().map_err(failed(target))?;
    steps::reached("backup.synced");
    partial.name(target, replaces)?;
    Ok(found)
}

/// A file that is not yet anything; gone when dropped. What somebody who died has left under its name is used again.
struct Partial {
    path: PathBuf,
    file: File,
}

impl Partial {
    fn beside(target: &Path) -> Result<Self, CatalogError> {
        let path = with_suffix(target, ".partial");
        let lock = FlockOperation::NonBlockingLockExclusive;
        loop {
            // Only its owner reads it, as with the catalog itself.
            let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).to_owned();
            let file = options.open(&path).map_err(failed(target))?;
            // Where the file system has no locks, nobody is kept from anything.
            if rustix::fs::flock(&file, lock) == Err(Errno::WOULDBLOCK) {
                return Err(CatalogError::BackupExists { path });
            }
            // Whoever had it may just have given it its name.
            let (here, there) = (file.metadata().map_err(failed(target))?, fs::symlink_metadata(&path));
            if there.is_ok_and(|there| there.ino() == here.ino()) {
                file.set_len(0).map_err(failed(target))?;
                return Ok(Self { path, file });
            }
        }
    }

    /// Gives it its name, durably.
    fn name(self, target: &Path, replaces: bool) -> Result<(), CatalogError> {
        use rustix::fs::{CWD, RenameFlags, renameat, renameat_with};
        let renamed = match renameat_with(CWD, &self.path, CWD, target, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) if !replaces => {
                return Err(CatalogError::BackupExists { path: target.to_owned() });
            }
            // It is to be replaced, or the file system cannot promise that nothing is.
            Err(_) => renameat(CWD, &self.path, CWD, target),
            renamed => renamed,
        };
        renamed.map_err(|errno| failed(target)(errno.into()))?;
        steps::reached("backup.named");
        sync_folder(folder_of(target)).map_err(failed(target))?;
        steps::reached("backup.folder_synced");
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let _ = fs::remove_file(with_suffix(&self.path, suffix));
        }
    }
}

fn copy(source: &Connection, path: &Path, target: &Path, on_pages: OnPages<'_>) -> Result<(), CatalogError> {
    let of_source = |error: rusqlite::Error| Fault::from(error).at(path);
    let of_target = |error: rusqlite::Error| Fault::from(error).at(target);
    // The snapshot begins with the first read.
    let snapshot = source.unchecked_transaction().map_err(of_source)?;
    snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(of_source)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copied = Connection::open_with_flags(target, flags).map_err(of_target)?;
    // It counts only when it is whole, so it needs no journal; what is copied does not gather in memory.
    let settings = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
                    PRAGMA cache_size = 64;";
    copied.execute_batch(settings).map_err(of_target)?;
    // Opened now and closed last: closing a second descriptor would drop SQLite's locks.
    let synced = File::open(target).map_err(failed(target))?;
    copy_pages(source, &mut copied, &synced, target, on_pages).map_err(|fault| match fault {
        // What cannot be written cannot be written to the target: the source is only read.
        Fault::Sql(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt) => {
            of_source(error)
        }
        fault => fault.at(target),
    })?;
    // The copy of a catalog says that it has a log beside it, and shall have none.
    copied.execute_batch("PRAGMA journal_mode = DELETE").map_err(of_target)?;
    copied.close().map_err(|(_, error)| of_target(error))?;
    drop(synced);
    Ok(())
}

fn copy_pages(
    source: &Connection,
    target: &mut Connection,
    synced: &File,
    path: &Path,
    on_pages: OnPages<'_>,
) -> Result<(), Fault> {
    let backup = Backup::new(source, target)?;
    let mut steps = 0;
    loop {
        let is_done = match backup.step(STEP_PAGES)? {
            StepResult::Done => true,
            StepResult::More => false,
            // Nobody else writes the target; a reader of the source never waits for long.
            _ => {
                std::thread::yield_now();
                continue;
            }
        };
        let progress = backup.progress();
        let total = u64::try_from(progress.pagecount).unwrap_or(0);
        on_pages(total - u64::try_from(progress.remaining).unwrap_or(0).min(total), total);
        steps += 1;
        if steps % STEPS_PER_SYNC == 0 {
            synced.sync_data().map_err(failed(path))?;
            steps::reached("backup.part_copied");
        }
        if is_done {
            return Ok(());
        }
    }
}

fn check(connection: &Connection) -> rusqlite::Result<CatalogCheck> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let mut problems: Vec<String> = connection
        .prepare(&format!("PRAGMA integrity_check({PROBLEMS_MAX})"))?
        .query_map([], |row| row.get(0))?
        .filter(|line| !matches!(line, Ok(line) if line == "ok"))
        .collect::<Result<_, _>>()?;
    let mut lone = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = lone.query([])?;
    while problems.len() < PROBLEMS_MAX
        && let Some(row) = rows.next()?
    {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        problems.push(format!("a row of {table} belongs to a row of {parent} that is not there"));
    }
    // A damaged file may have lost whole tables.
    let count = |sql: &str| number(sql).map_or(0, |count| u64::try_from(count).unwrap_or(0));
    Ok(CatalogCheck {
        version: number("PRAGMA user_version")?,
        problems,
        libraries: count("SELECT count(*) FROM libraries WHERE removed_at IS NULL"),
        entities: count("SELECT count(*) FROM entities"),
        selections: count("SELECT count(*) FROM asset_candidates WHERE is_selected = 1"),
    })
}

impl CatalogCheck {
    /// Whether its schema is of an older program than this one.
    #[must_use]
    pub fn is_older(&self) -> bool {
        self.version < known_version()
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> CatalogError {
    let path = path.to_owned();
    move |source| CatalogError::of_file(&path, source)
}
