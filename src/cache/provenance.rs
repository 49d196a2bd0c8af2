//! What a picture serves, beside the picture: the part of the database that could not be found out again.
//!
//! Each picture has one file of records, `provenance/ab/c1/<sha256>.jsonl`, to which lines are only ever appended. The
//! last line for a subject (entity, library, image type) holds. A record is appended under a lock and synced before
//! [`Cache::record`] returns, so it is there before the database row is. A line that a dying process tore apart is
//! ended by the next writer and passed over by every reader. `json` is the format of a line.

mod json;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use crate::model::{ContentHash, EntityType, ImageType, Provider, RelPath, UnixSeconds};

use crate::steps;

use super::error::{CacheError, errno_of};
use super::place::{PROVENANCE, Place, RECORDS_EXTENSION};
use super::store::{Cache, sync_folders};

/// The most that is read of one file of records, in bytes: some ten thousand records. More than that is no work of
/// ours, and must not fill memory.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Where the bytes of a picture came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file that the user named.
    File(PathBuf),
    /// An address that the user named.
    Url(String),
    /// An offer of a provider of artwork.
    Provider {
        /// Its word (`tmdb`, `fanarttv`, …).
        name: String,
        /// The address at the provider.
        url: String,
    },
    /// It was sent over HTTP.
    Upload,
    /// A program wrote it through a mounted view.
    Program {
        /// The name of the program.
        name: String,
        /// The user it ran as.
        uid: u32,
        /// Where it wrote, from the root of the file system.
        path: PathBuf,
    },
}

/// What a picture serves and since when: one entity and image type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenanceRecord {
    /// When that was so.
    pub time: UnixSeconds,
    /// What kind of thing it is for.
    pub entity_type: EntityType,
    /// Its ids at providers; for a season or episode those of its series.
    pub ids: Vec<(Provider, String)>,
    /// Its title; for a season or episode that of its series.
    pub title: String,
    /// Its year, where it has one.
    pub year: Option<u16>,
    /// The season, for seasons and episodes.
    pub season: Option<u16>,
    /// The episode, for episodes.
    pub episode: Option<u16>,
    /// The name of its library.
    pub library: String,
    /// Its folder or file beneath the root of the library.
    pub path: RelPath,
    /// What the picture is of.
    pub image_type: ImageType,
    /// Where the picture came from.
    pub origin: Origin,
    /// Who chose it: a user, a program, or `enrich`.
    pub author: String,
    /// Whether it is the picture to be shown.
    pub selected: bool,
    /// Whether the choice is locked.
    pub locked: bool,
}

/// The records of one picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// Every record, oldest first; the last one of a subject holds.
    pub records: Vec<ProvenanceRecord>,
    /// Lines that could not be understood: torn, or from a newer posterfs.
    pub unreadable: u64,
}

impl ProvenanceRecord {
    /// Whether both speak of the same image type of the same entity, so that the later one holds. Within a library an
    /// entity is known by any of its ids, so that it stays itself when it is renamed, or else by its path.
    #[must_use]
    pub fn has_subject_of(&self, other: &Self) -> bool {
        let kind = |record: &Self| (record.entity_type, record.season, record.episode, record.image_type);
        let is_entity = self.path == other.path || self.ids.iter().any(|id| other.ids.contains(id));
        kind(self) == kind(other) && self.library == other.library && is_entity
    }

    /// Whether both say the same, whenever they say it.
    fn says_what(&self, other: &Self) -> bool {
        *self == Self { time: self.time, ..other.clone() }
    }
}

impl Records {
    /// The records that hold: the last one of each subject.
    #[must_use]
    pub fn current(&self) -> Vec<&ProvenanceRecord> {
        let is_last = |(at, record): &(usize, &ProvenanceRecord)| {
            !self.records[at + 1..].iter().any(|later| later.has_subject_of(record))
        };
        self.records.iter().enumerate().filter(is_last).map(|(_, record)| record).collect()
    }
}

impl Cache {
    /// Notes what a picture serves, durably. Called after [`Cache::put`] and before the database row is written; also
    /// when a picture is deselected, locked or unlocked. Returns `false` when the last record of that subject says the
    /// same already: then nothing is written.
    ///
    /// # Errors
    /// When the file of records cannot be read or written.
    pub fn record(&self, hash: &ContentHash, record: &ProvenanceRecord) -> Result<bool, CacheError> {
        let place = Place::of(hash);
        let folders = self.make_folders(PROVENANCE, &place)?;
        let [.., folder] = &folders;
        let name = place.name(RECORDS_EXTENSION);
        let path = folder.path().join(&name);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::APPEND;
        let mut file = folder.open_file(&name, flags, 0o644).map_err(CacheError::writing(&path))?;
        let appended = append(&mut file, record).map_err(|error| CacheError::writing(&path)(errno_of(&error)))?;
        sync_folders(&self.durable_provenance, &place, &folders)?;
        Ok(appended)
    }

    /// Where the records of a picture lie beneath the root of the cache, whether there are any or not.
    #[must_use]
    pub fn records_path(hash: &ContentHash) -> RelPath {
        let path = Place::of(hash).path_in(PROVENANCE, RECORDS_EXTENSION);
        RelPath::parse(path.as_bytes()).expect("digits and letters joined by single slashes are a path")
    }

    /// What a picture serves and served. No records when nothing was ever noted.
    ///
    /// # Errors
    /// When the file of records is there but cannot be read.
    pub fn records(&self, hash: &ContentHash) -> Result<Records, CacheError> {
        let path = Place::of(hash).path_in(PROVENANCE, RECORDS_EXTENSION);
        let mut file = match self.root.open_beneath(&path) {
            Err(Errno::NOENT) => return Ok(Records::default()),
            opened => opened.map_err(|errno| reading(self.root(), &path, errno))?,
        };
        let bytes = read_all(&mut file).map_err(|error| reading(self.root(), &path, errno_of(&error)))?;
        Ok(parse(&bytes))
    }
}

fn reading(root: &Path, path: &str, errno: Errno) -> CacheError {
    CacheError::reading(&root.join(path))(errno)
}

/// Appends a record unless it says nothing new, and syncs the file either way: what was read may not be durable yet.
fn append(file: &mut File, record: &ProvenanceRecord) -> io::Result<bool> {
    // Held until the file is closed. Where the file system has no locks, O_APPEND alone keeps lines apart.
    let _ = rustix::fs::flock(&*file, FlockOperation::LockExclusive);
    let bytes = read_all(file)?;
    let known = parse(&bytes);
    let last = known.records.iter().rev().find(|last| last.has_subject_of(record));
    let is_new = !last.is_some_and(|last| last.says_what(record));
    if is_new {
        let torn = !bytes.is_empty() && !bytes.ends_with(b"\n");
        let line = json::to_line(record)?;
        // One write: whoever reads meanwhile sees all of it or nothing.
        file.write_all(&[if torn { &b"\n"[..] } else { b"" }, &line].concat())?;
        steps::reached("record.written");
    }
    file.sync_all()?;
    steps::reached("record.synced");
    Ok(is_new)
}

fn read_all(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn parse(bytes: &[u8]) -> Records {
    let mut found = Records::default();
    for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        match json::from_line(line) {
            Some(record) => found.records.push(record),
            None => found.unreadable += 1,
        }
    }
    found
}

#[cfg(test)]
mod tests;
