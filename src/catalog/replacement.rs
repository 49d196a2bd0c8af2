//! Putting another database file in the place of the catalog's, safely.
//!
//! Every open catalog holds a shared lock on `posterfs.db.lock`; whoever replaces the file holds it alone, so nobody goes on
//! writing to a file that is no longer the catalog. The new file is made beside, whole and durable, and then named
//! `posterfs.db.new`: from this moment on it counts. The old file with its log goes into a folder of its own below
//! `replaced/`, where nothing is ever deleted, and the new one takes its place. Whoever dies half-way leaves
//! `posterfs.db.new`, and the next one to open the catalog goes on.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::CatalogError;
use crate::lasting::{self, folder_of, sync_folder};
use crate::steps;

/// How long an opener waits for somebody who replaces the file.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long who wants it alone waits for somebody who may just be ending.
const PATIENCE_ALONE: Duration = Duration::from_secs(2);
/// How often it looks.
const INTERVAL: Duration = Duration::from_millis(20);
/// What SQLite keeps beside the file, and the file itself, which goes last.
const PARTS: [&str; 3] = ["-wal", "-shm", ""];
/// Where files go that were replaced, in the folder of the catalog.
const REPLACED: &str = "replaced";

/// Nobody else has the catalog open until this is dropped.
#[derive(Debug)]
pub struct SoleUse {
    path: PathBuf,
    _lock: File,
}

/// The path with more at its end.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Takes part in the use of a catalog, for as long as the value lives; goes on with a replacement that somebody died in.
/// `None` where nothing can be written: nothing can be replaced there either.
pub(super) fn take_part(path: &Path) -> Result<Option<File>, CatalogError> {
    let Some(lock) = lock_file(path)? else { return Ok(None) };
    let deadline = Instant::now() + PATIENCE;
    loop {
        if try_lock(&lock, FlockOperation::NonBlockingLockShared, path)? {
            if !with_suffix(path, ".new").exists() {
                return Ok(Some(lock));
            }
            // Left by somebody who died. It takes all of the lock, which others may have a share of for as long as it
            // takes them to find out the same.
            flock(&lock, FlockOperation::Unlock).map_err(failed(path))?;
            if try_lock(&lock, FlockOperation::NonBlockingLockExclusive, path)? {
                finish(path)?;
                flock(&lock, FlockOperation::Unlock).map_err(failed(path))?;
                continue;
            }
        }
        if Instant::now() >= deadline {
            return Err(CatalogError::BeingReplaced { path: path.to_owned() });
        }
        std::thread::sleep(INTERVAL);
    }
}

impl SoleUse {
    /// Takes the catalog at `path` for this process alone; there need not be one.
    ///
    /// # Errors
    /// When another process has it open, or the folder cannot be written.
    pub fn take(path: &Path) -> Result<Self, CatalogError> {
        let lock = lock_file(path)?.ok_or_else(|| CatalogError::ReadOnly { path: path.to_owned() })?;
        let deadline = Instant::now() + PATIENCE_ALONE;
        while !try_lock(&lock, FlockOperation::NonBlockingLockExclusive, path)? {
            if Instant::now() >= deadline {
                return Err(CatalogError::InUse { path: path.to_owned() });
            }
            std::thread::sleep(INTERVAL);
        }
        finish(path)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where a new file is to be made; what somebody who died has left there is taken away.
    ///
    /// # Errors
    /// When that cannot be taken away.
    pub fn place_for_new(&self) -> Result<PathBuf, CatalogError> {
        let place = with_suffix(&self.path, ".making");
        for suffix in PARTS.iter().chain(&[".lock"]) {
            match fs::remove_file(with_suffix(&place, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_failed(&place)(error)),
                _ => {}
            }
        }
        Ok(place)
    }

    /// Puts the file at [`Self::place_for_new`], which nobody has open, in the place of the catalog. Answers where the old
    /// one is now, if there was one.
    ///
    /// # Errors
    /// When a file cannot be moved; running the same again goes on from there.
    pub fn replace(&self) -> Result<Option<PathBuf>, CatalogError> {
        let made = with_suffix(&self.path, ".making");
        File::open(&made).and_then(|file| file.sync_all()).map_err(io_failed(&made))?;
        let _ = fs::remove_file(with_suffix(&made, ".lock"));
        let new = with_suffix(&self.path, ".new");
        fs::rename(&made, &new).and_then(|()| sync_folder(folder_of(&self.path))).map_err(io_failed(&new))?;
        steps::reached("replace.decided");
        finish(&self.path)
    }
}

/// Goes on with a replacement that was decided on. Answers where the old file is now.
fn finish(path: &Path) -> Result<Option<PathBuf>, CatalogError> {
    let new = with_suffix(path, ".new");
    let decided_at = match fs::metadata(&new) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found.map_err(io_failed(&new))?.mtime(),
    };
    let aside = put_aside(path, decided_at)?;
    steps::reached("replace.old_aside");
    fs::rename(&new, path).and_then(|()| sync_folder(folder_of(path))).map_err(io_failed(path))?;
    steps::reached("replace.done");
    Ok(aside.exists().then_some(aside))
}

/// Moves the file and what SQLite keeps beside it into a folder of their own. Answers where the file is, if it was.
fn put_aside(path: &Path, decided_at: i64) -> Result<PathBuf, CatalogError> {
    let name = path.file_name().unwrap_or_default();
    let replaced = folder_of(path).join(REPLACED);
    let mut folder = replaced.join(decided_at.to_string());
    for number in 2.. {
        if !(folder.join(name).exists() && path.exists()) {
            break;
        }
        folder = replaced.join(format!("{decided_at}-{number}"));
    }
    for suffix in PARTS {
        let from = with_suffix(path, suffix);
        if from.exists() {
            lasting::make_folder(&folder, 0o700).map_err(io_failed(&folder))?;
            let to = with_suffix(&folder.join(name), suffix);
            fs::rename(&from, &to).map_err(io_failed(&to))?;
        }
    }
    if folder.exists() {
        let synced = [&folder, &replaced].into_iter().try_for_each(|folder| sync_folder(folder));
        synced.map_err(io_failed(&folder))?;
    }
    Ok(folder.join(name))
}

/// The file that the lock is on. `None` where it cannot be made.
fn lock_file(path: &Path) -> Result<Option<File>, CatalogError> {
    let lock = with_suffix(path, ".lock");
    let options =
        |is_writing| OpenOptions::new().read(true).write(is_writing).create(is_writing).mode(0o600).to_owned();
    match options(true).open(&lock) {
        Ok(file) => Ok(Some(file)),
        Err(_) => match options(false).open(&lock) {
            Ok(file) => Ok(Some(file)),
            // A file system that is read-only or full, or a folder of somebody else.
            Err(_) => Ok(None),
        },
    }
}

/// Whether the lock was free.
fn try_lock(lock: &File, operation: FlockOperation, path: &Path) -> Result<bool, CatalogError> {
    match flock(lock, operation) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        // A file system without locks: SQLite's own would not hold there either.
        Err(Errno::NOTSUP | Errno::NOSYS | Errno::NOLCK | Errno::INVAL) => Ok(true),
        Err(errno) => Err(failed(path)(errno)),
    }
}

fn failed(path: &Path) -> impl Fn(Errno) -> CatalogError {
    let folder = folder_of(path).to_owned();
    move |errno| CatalogError::Folder { path: folder.clone(), source: errno.into() }
}

fn io_failed(path: &Path) -> impl Fn(io::Error) -> CatalogError {
    let path = path.to_owned();
    move |source| CatalogError::of_file(&path, source)
}
