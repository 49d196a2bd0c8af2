//! The catalog against the cache, in parts by the first byte of the hash: what both have is compared, and read where the
//! run is deep; what only one has is looked at once more, as both go on changing.

use std::cmp::Ordering;
use std::fs::File;

use crate::cache::{Cache, FoundFile, Inventory};
use crate::catalog::{CachedFile, Catalog, Service};
use crate::model::{ContentHash, LibraryId, UnixSeconds};
use crate::phase::PhaseError;

use super::finding::{Finding, Flaw, Subject};
use super::reading::{Pace, Reader};

/// After so many files, or bytes, a thread tells how far it is.
const NOTED_FILES: usize = 256;
const NOTED_BYTES: u64 = 64 << 20;

/// Files that were found whole.
#[derive(Debug, Default)]
pub(super) struct Whole {
    pub(super) files: Vec<(ContentHash, String)>,
    pub(super) bytes: u64,
}

/// What one thread needs to compare parts.
pub(super) struct Comparison<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) cache: &'a Cache,
    /// Only what serves these; all where `None`.
    pub(super) libraries: Option<&'a [LibraryId]>,
    /// Files that nobody knows are under way for so long.
    pub(super) old_before: UnixSeconds,
    /// Files are read that were last read before then.
    pub(super) deep_before: Option<UnixSeconds>,
    pub(super) pace: &'a Pace,
}

/// What is told while a part is compared.
pub(super) trait Listener {
    fn found(&mut self, finding: Finding);
    /// So many files were looked at, and will not be read.
    fn looked_at(&mut self, files: u64);
    /// So many of these were read lately.
    fn read_before(&mut self, files: u64);
    fn read(&mut self, whole: Whole);
}

impl Comparison<'_> {
    pub(super) fn part(&self, first: u8, listener: &mut dyn Listener) -> Result<(), PhaseError> {
        // Rows first: a file is there before its row is, so whatever the rows say has been there by then.
        let rows = self.catalog.cached_files(first, self.libraries)?;
        let inventory = self.cache.inventory(first);
        let pairs = join(&rows, &inventory.files);
        for pair in &pairs {
            match pair {
                Pair::OnlyRow(row) => self.only_row(row, listener)?,
                Pair::OnlyFile(file) => self.only_file(file, listener)?,
                Pair::Both(row, file) => self.compare(row, file, listener)?,
            }
        }
        self.strays(&inventory, listener);
        let whole = pairs.iter().filter_map(|pair| match pair {
            Pair::Both(row, file) if file.is_file && file.byte_count == row.byte_count => Some((*row, *file)),
            _ => None,
        });
        match self.deep_before {
            Some(before) => self.read_all(whole.collect(), rows.len() as u64, before, listener),
            None => {
                listener.looked_at(rows.len() as u64);
                Ok(())
            }
        }
    }

    /// What lies above the parts.
    pub(super) fn above(&self, listener: &mut dyn Listener) {
        self.strays(&self.cache.inventory_above(), listener);
    }

    fn strays(&self, inventory: &Inventory, listener: &mut dyn Listener) {
        if self.libraries.is_some() {
            return;
        }
        for (path, reason) in &inventory.unreadable {
            listener.found(Finding::new(Flaw::Unreadable, path, reason.clone(), Subject::Folder));
        }
        for stray in inventory.strays.iter().filter(|stray| stray.changed_at < self.old_before) {
            let path = self.cache.root().join(stray.path.as_path());
            let (message, subject) = if stray.is_file {
                ("the cache gives no such name in that place", Subject::Stray(stray.path.clone()))
            } else {
                ("the cache has no such folder, link or device; look at it and remove it", Subject::Folder)
            };
            listener.found(Finding::new(Flaw::OrphanFile, &path, message, subject));
        }
    }

    fn only_row(&self, row: &CachedFile, listener: &mut dyn Listener) -> Result<(), PhaseError> {
        let is_there = self.cache.locate(&row.hash, &row.extension)?.is_some();
        if is_there || !self.catalog.is_cached(&row.hash, &row.extension)? {
            return Ok(());
        }
        let services = self.catalog.services_of(&row.hash, &row.extension)?;
        let (flaw, message) = if services.iter().any(|service| service.is_referred_to) {
            (Flaw::Missing, "the catalog says that this file is in the cache, and it is not there")
        } else {
            (Flaw::OrphanRow, "the catalog has a row for this file, which is not there and which nothing needs")
        };
        listener.found(self.finding(flaw, row, message, &services));
        Ok(())
    }

    fn only_file(&self, file: &FoundFile, listener: &mut dyn Listener) -> Result<(), PhaseError> {
        let is_young = file.changed_at >= self.old_before;
        if self.libraries.is_some() || is_young || self.catalog.is_cached(&file.hash, &file.extension)? {
            return Ok(());
        }
        let path = self.cache.file_path(&file.hash, &file.extension);
        let subject = Subject::Cached { hash: file.hash, extension: file.extension.clone() };
        listener.found(Finding::new(Flaw::OrphanFile, &path, "the catalog does not know this file", subject));
        Ok(())
    }

    fn compare(&self, row: &CachedFile, file: &FoundFile, listener: &mut dyn Listener) -> Result<(), PhaseError> {
        let (flaw, message) = if !file.is_file {
            (Flaw::Unreadable, "it is a folder, link or device, and no file".to_owned())
        } else if file.byte_count != row.byte_count {
            (Flaw::WrongSize, format!("it has {} bytes instead of {}", file.byte_count, row.byte_count))
        } else {
            return Ok(());
        };
        self.tell(flaw, row, &message, listener)
    }

    fn tell(&self, flaw: Flaw, row: &CachedFile, message: &str, listener: &mut dyn Listener) -> Result<(), PhaseError> {
        let services = self.catalog.services_of(&row.hash, &row.extension)?;
        listener.found(self.finding(flaw, row, message, &services));
        Ok(())
    }

    fn finding(&self, flaw: Flaw, row: &CachedFile, message: &str, services: &[Service]) -> Finding {
        let path = self.cache.file_path(&row.hash, &row.extension);
        let subject = Subject::Cached { hash: row.hash, extension: row.extension.clone() };
        Finding::new(flaw, &path, message, subject).affecting(services)
    }

    /// Reads what has not been read lately, in the order in which it lies on the disk, one file ahead.
    fn read_all(
        &self,
        mut files: Vec<(&CachedFile, &FoundFile)>,
        rows: u64,
        before: UnixSeconds,
        listener: &mut dyn Listener,
    ) -> Result<(), PhaseError> {
        let whole = files.len() as u64;
        files.retain(|(row, _)| row.verified_at.is_none_or(|at| at < before));
        files.sort_unstable_by_key(|(_, file)| file.inode);
        listener.looked_at(rows - files.len() as u64);
        listener.read_before(whole - files.len() as u64);
        let mut reader = Reader::new(self.pace);
        let mut done = Whole::default();
        let mut opened = files.first().map(|(row, _)| self.open(row, &reader));
        for (at, (row, file)) in files.iter().enumerate() {
            let next = files.get(at + 1).map(|(row, _)| self.open(row, &reader));
            let this = std::mem::replace(&mut opened, next);
            match this.map(|file| file.and_then(|file| reader.hash(&file).map_err(|error| error.to_string()))) {
                Some(Ok(hash)) if hash == row.hash => {
                    done.files.push((row.hash, row.extension.clone()));
                    done.bytes += file.byte_count;
                }
                Some(Ok(_)) => {
                    listener.looked_at(1);
                    self.tell(Flaw::Corrupt, row, "its bytes are not those that its name says", listener)?;
                }
                Some(Err(reason)) => {
                    listener.looked_at(1);
                    self.unreadable(row, &reason, listener)?;
                }
                None => {}
            }
            if done.files.len() >= NOTED_FILES || done.bytes >= NOTED_BYTES {
                listener.read(std::mem::take(&mut done));
            }
        }
        listener.read(done);
        Ok(())
    }

    fn open(&self, row: &CachedFile, reader: &Reader<'_>) -> Result<File, String> {
        let file = self.cache.open_content(&row.hash, &row.extension).map_err(|error| error.to_string())?;
        reader.announce(&file);
        Ok(file)
    }

    /// A file may have been collected since it was listed, and its row with it.
    fn unreadable(&self, row: &CachedFile, reason: &str, listener: &mut dyn Listener) -> Result<(), PhaseError> {
        if self.catalog.is_cached(&row.hash, &row.extension)? {
            self.tell(Flaw::Unreadable, row, reason, listener)?;
        }
        Ok(())
    }
}

/// A row, a file, or both of one name.
enum Pair<'a> {
    OnlyRow(&'a CachedFile),
    OnlyFile(&'a FoundFile),
    Both(&'a CachedFile, &'a FoundFile),
}

/// Joins what is in the order of names.
fn join<'a>(rows: &'a [CachedFile], files: &'a [FoundFile]) -> Vec<Pair<'a>> {
    let (mut rows, mut files) = (rows.iter().peekable(), files.iter().peekable());
    let mut pairs = Vec::with_capacity(rows.len().max(files.len()));
    loop {
        let order = match (rows.peek(), files.peek()) {
            (None, None) => return pairs,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(row), Some(file)) => (&row.hash, &row.extension).cmp(&(&file.hash, &file.extension)),
        };
        let row = if order == Ordering::Greater { None } else { rows.next() };
        let file = if order == Ordering::Less { None } else { files.next() };
        pairs.extend(match (row, file) {
            (Some(row), Some(file)) => Some(Pair::Both(row, file)),
            (Some(row), None) => Some(Pair::OnlyRow(row)),
            (None, file) => file.map(Pair::OnlyFile),
        });
    }
}
