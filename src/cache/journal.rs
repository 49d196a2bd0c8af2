//! The journal: what was chosen, beside the pictures, so that a lost database can be made anew.
//!
//! `journal.jsonl` is only appended to, a line an entry, under a lock and synced. An entry tells the whole of one thing as
//! it is (`model::journal`), so the last line of a thing holds. The catalog leads: a change is committed there first,
//! with a note that the journal lacks it, and is noted here before the command that made it ends. Whoever is killed in
//! between leaves the note to the next one; were the database lost in that very moment, a change would be lost that nobody
//! was told of.
//!
//! When most of the file is out of date, the lines that hold are written to a new one, which takes its place.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::model::{JournalEntry, JournalSubject};
use crate::steps;

use super::error::{CacheError, errno_of};
use super::place::TEMPORARY;
use super::store::Cache;
use super::temporary::Temporary;

/// The name of the file in the cache.
const NAME: &str = "journal.jsonl";
/// What the keys of a line mean. A reader that knows only this version passes over lines of any other.
const VERSION: u32 = 1;
/// The most bytes of a line. Longer ones are no work of ours, and must not fill memory.
const LINE_BYTES_MAX: u64 = 4 << 20;
/// A file of fewer bytes is not written anew.
const ANEW_BYTES_MIN: u64 = 8 << 20;

#[derive(Serialize, Deserialize)]
struct Line<E> {
    v: u32,
    of: String,
    #[serde(flatten)]
    entry: E,
}

/// The first line of a file that was written anew.
#[derive(Serialize, Deserialize)]
struct FirstLine {
    v: u32,
    bytes: u64,
}

/// The journal, open to be appended to. Nobody else appends until it is dropped.
#[derive(Debug)]
pub struct Journal<'a> {
    cache: &'a Cache,
    file: File,
}

/// Which thing an entry tells of: the number of its lineage in the index, and what it is there.
pub type JournalKey = (usize, JournalSubject);

/// Where in the journal the last word on each thing is.
#[derive(Debug)]
pub struct JournalIndex {
    file: Option<File>,
    path: PathBuf,
    lineages: Vec<String>,
    last: HashMap<JournalKey, Span>,
    /// Lines of newer versions, which are kept.
    foreign: Vec<Span>,
    unreadable: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    offset: u64,
    bytes: u64,
}

/// What a line is.
enum Found {
    Entry(String, JournalEntry),
    First,
    Foreign,
    Unreadable,
}

impl Cache {
    /// Opens the journal to append to it, when nobody else does.
    ///
    /// # Errors
    /// When it cannot be opened for writing.
    pub fn journal(&self) -> Result<Journal<'_>, CacheError> {
        self.require_writable()?;
        let path = self.root().join(NAME);
        let writing = |errno| CacheError::writing(&path)(errno);
        loop {
            let is_new = self.root.look(NAME).map_err(writing)?.is_none();
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::APPEND;
            let file = self.root.open_file(NAME, flags, 0o644).map_err(writing)?;
            // Where the file system has no locks, O_APPEND alone keeps lines apart.
            let _ = rustix::fs::flock(&file, FlockOperation::LockExclusive);
            if is_new {
                self.root.sync().map_err(writing)?;
            }
            // It may have been written anew while we waited.
            let there = self.root.look(NAME).map_err(writing)?;
            let inode = file.metadata().map_err(|error| writing(errno_of(&error)))?.ino();
            if there.is_some_and(|there| there.st_ino == inode) {
                return Ok(Journal { cache: self, file });
            }
        }
    }

    /// Reads through the journal. Where there is none, nothing was noted.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read_journal(&self) -> Result<JournalIndex, CacheError> {
        let path = self.root().join(NAME);
        match self.root.open_beneath(NAME) {
            Err(Errno::NOENT) => Ok(JournalIndex::nothing(path)),
            Err(errno) => Err(CacheError::reading(&path)(errno)),
            Ok(file) => JournalIndex::read(file, path),
        }
    }
}

impl Journal<'_> {
    /// Appends entries of a lineage. When this returns they are durable.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn append(&mut self, lineage: &str, entries: &[JournalEntry]) -> Result<(), CacheError> {
        self.write(lineage, entries).map_err(|error| self.writing(&error))
    }

    fn write(&mut self, lineage: &str, entries: &[JournalEntry]) -> io::Result<()> {
        let mut block = Vec::new();
        if self.is_torn()? {
            block.push(b'\n');
        }
        for entry in entries {
            serde_json::to_writer(&mut block, &Line { v: VERSION, of: lineage.to_owned(), entry })?;
            block.push(b'\n');
        }
        self.file.write_all(&block)?;
        steps::reached("journal.written");
        self.file.sync_data()?;
        steps::reached("journal.synced");
        Ok(())
    }

    /// Whether a dying process left half a line.
    fn is_torn(&self) -> io::Result<bool> {
        let length = self.file.metadata()?.len();
        let mut last = [b'\n'];
        if length > 0 {
            self.file.read_exact_at(&mut last, length - 1)?;
        }
        Ok(last != *b"\n")
    }

    /// Writes the lines that hold to a new file, when it has become twice as long as after the last time.
    ///
    /// # Errors
    /// When it cannot be written; the old file stays then.
    pub fn renew_if_long(self) -> Result<(), CacheError> {
        let length = self.file.metadata().map_err(|error| self.writing(&error))?.len();
        if length >= ANEW_BYTES_MIN && length / 2 >= self.bytes_at_first() { self.renew() } else { Ok(()) }
    }

    /// Writes the lines that hold to a new file.
    fn renew(self) -> Result<(), CacheError> {
        let index = self.cache.read_journal()?;
        let folder = self.cache.top(TEMPORARY)?;
        let mut temporary = Temporary::make(&folder).map_err(CacheError::writing(folder.path()))?;
        index.write_to(&mut temporary.file).map_err(|error| self.writing(&error))?;
        temporary.make_durable(0o644).map_err(|error| self.writing(&error))?;
        steps::reached("journal.renewal_synced");
        let root = &self.cache.root;
        temporary.move_to(root, NAME, true).map_err(CacheError::writing(&index.path))?;
        steps::reached("journal.renewed");
        root.sync().map_err(CacheError::writing(root.path()))
    }

    /// How long the file was when it was written anew.
    fn bytes_at_first(&self) -> u64 {
        let mut start = [0; 64];
        let read = self.file.read_at(&mut start, 0).unwrap_or(0);
        let line = start[..read].split(|&byte| byte == b'\n').next().unwrap_or_default();
        serde_json::from_slice::<FirstLine>(line).map_or(0, |first| first.bytes)
    }

    fn writing(&self, error: &io::Error) -> CacheError {
        CacheError::writing(&self.cache.root().join(NAME))(errno_of(error))
    }
}

impl JournalIndex {
    fn nothing(path: PathBuf) -> Self {
        Self { file: None, path, lineages: Vec::new(), last: HashMap::new(), foreign: Vec::new(), unreadable: 0 }
    }

    fn read(file: File, path: PathBuf) -> Result<Self, CacheError> {
        let mut index = Self::nothing(path);
        let read = index.take_in(&file);
        read.map_err(|error| CacheError::reading(&index.path)(errno_of(&error)))?;
        index.file = Some(file);
        Ok(index)
    }

    fn take_in(&mut self, file: &File) -> io::Result<()> {
        let mut reader = BufReader::new(file);
        let (mut line, mut offset) = (Vec::new(), 0);
        loop {
            line.clear();
            let bytes = (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? as u64;
            if bytes == 0 {
                return Ok(());
            }
            self.note(&line, Span { offset, bytes });
            offset += bytes;
        }
    }

    fn note(&mut self, line: &[u8], span: Span) {
        match read_line(line) {
            Found::Entry(lineage, entry) => {
                let lineage = self.number_of(lineage);
                self.last.insert((lineage, entry.subject()), span);
            }
            Found::Foreign => self.foreign.push(span),
            Found::First => {}
            Found::Unreadable => self.unreadable += 1,
        }
    }

    /// There are few lineages: one more whenever a catalog was lost or restored.
    fn number_of(&mut self, lineage: String) -> usize {
        self.lineages.iter().position(|known| *known == lineage).unwrap_or_else(|| {
            self.lineages.push(lineage);
            self.lineages.len() - 1
        })
    }

    /// The words of the lineages, in the order in which they began; keys name them by their place.
    #[must_use]
    pub fn lineages(&self) -> &[String] {
        &self.lineages
    }

    /// The things of which the journal tells: the newest lineage first, in each one libraries before items.
    #[must_use]
    pub fn keys(&self) -> Vec<JournalKey> {
        let mut keys: Vec<_> = self.last.keys().copied().collect();
        keys.sort_unstable_by_key(|&(lineage, subject)| (std::cmp::Reverse(lineage), subject));
        keys
    }

    /// Lines that cannot be understood: torn, of a newer posterfs, or none of ours.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.unreadable + self.foreign.len() as u64
    }

    /// The last word on a thing; `None` when it cannot be read any more.
    #[must_use]
    pub fn entry(&self, key: JournalKey) -> Option<JournalEntry> {
        let line = self.line(*self.last.get(&key)?).ok()?;
        match read_line(&line) {
            Found::Entry(_, entry) => Some(entry),
            _ => None,
        }
    }

    fn line(&self, span: Span) -> io::Result<Vec<u8>> {
        let mut line = vec![0; usize::try_from(span.bytes).map_err(io::Error::other)?];
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        file.read_exact_at(&mut line, span.offset)?;
        Ok(line)
    }

    /// Writes the lines that hold, in their order, behind a line that says how many bytes they are.
    fn write_to(&self, target: &mut File) -> io::Result<()> {
        let mut spans: Vec<Span> = self.last.values().chain(&self.foreign).copied().collect();
        spans.sort_unstable();
        let first = FirstLine { v: VERSION, bytes: spans.iter().map(|span| span.bytes).sum() };
        target.seek(SeekFrom::Start(0))?;
        let mut writer = BufWriter::new(target);
        serde_json::to_writer(&mut writer, &first)?;
        writer.write_all(b"\n")?;
        for span in spans {
            let line = self.line(span)?;
            writer.write_all(line.strip_suffix(b"\n").unwrap_or(&line))?;
            writer.write_all(b"\n")?;
        }
        writer.flush()
    }
}

fn read_line(line: &[u8]) -> Found {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    if let Ok(Line { v: VERSION, of, entry }) = serde_json::from_slice::<Line<JournalEntry>>(line) {
        return Found::Entry(of, entry);
    }
    match serde_json::from_slice::<Version>(line) {
        Ok(Version { v: VERSION }) if serde_json::from_slice::<FirstLine>(line).is_ok() => Found::First,
        Ok(Version { v }) if v != VERSION => Found::Foreign,
        _ => Found::Unreadable,
    }
}

#[cfg(test)]
mod tests;
