//! What is in the cache, by walking its folders.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use serde::Serialize;

use crate::model::ContentHash;

use super::error::{CacheError, errno_of};
use super::format::StoredFormat;
use super::place::{ASSETS, parse_name};
use super::store::Cache;

/// A picture or document in the cache, by its name; its content is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// The hash that it is named by.
    pub hash: ContentHash,
    /// The format that its extension says.
    pub format: StoredFormat,
    /// Its size in bytes.
    pub byte_count: u64,
}

/// How much the cache holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// The number of pictures.
    pub files: u64,
    /// The size of their files in bytes.
    pub bytes: u64,
}

impl Cache {
    /// The pictures in the cache, in no order, read as the iteration goes on. Files that are no pictures of ours are
    /// passed over; a folder that cannot be read is an error among the pictures.
    pub fn files(&self) -> impl Iterator<Item = Result<StoredFile, CacheError>> + use<> {
        entries(self.root().join(ASSETS))
            .flat_map(|folder| below(folder, entries))
            .flat_map(|folder| below(folder, entries))
            .filter_map(|file| file.and_then(|path| stored_file(&path)).transpose())
    }

    /// How much the cache holds, counted by walking it.
    ///
    /// # Errors
    /// When a folder of it cannot be read.
    pub fn usage(&self) -> Result<Usage, CacheError> {
        self.files().try_fold(Usage::default(), |sum, file| {
            Ok(Usage { files: sum.files + 1, bytes: sum.bytes + file?.byte_count })
        })
    }
}

type Paths = Box<dyn Iterator<Item = Result<PathBuf, CacheError>> + Send>;

/// The entries of a folder; none when it is no folder, or gone.
fn entries(folder: PathBuf) -> Paths {
    let failed = move |path: &Path, error: &io::Error| CacheError::reading(path)(errno_of(error));
    match fs::symlink_metadata(&folder).and_then(|found| found.is_dir().then(|| fs::read_dir(&folder)).transpose()) {
        Ok(None) => Box::new(std::iter::empty()),
        Ok(Some(found)) => {
            Box::new(found.map(move |entry| entry.map(|entry| entry.path()).map_err(|error| failed(&folder, &error))))
        }
        Err(error) if errno_of(&error) == Errno::NOENT => Box::new(std::iter::empty()),
        Err(error) => Box::new(std::iter::once(Err(failed(&folder, &error)))),
    }
}

fn below(folder: Result<PathBuf, CacheError>, entries: fn(PathBuf) -> Paths) -> Paths {
    match folder {
        Ok(path) => entries(path),
        Err(error) => Box::new(std::iter::once(Err(error))),
    }
}

fn stored_file(path: &Path) -> Result<Option<StoredFile>, CacheError> {
    let Some((hash, format)) = path.file_name().and_then(|name| name.to_str()).and_then(parse_name) else {
        return Ok(None);
    };
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => Ok(Some(StoredFile { hash, format, byte_count: found.size() })),
        Ok(_) => Ok(None),
        Err(error) if errno_of(&error) == Errno::NOENT => Ok(None),
        Err(error) => Err(CacheError::reading(path)(errno_of(&error))),
    }
}
