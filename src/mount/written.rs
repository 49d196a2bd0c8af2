//! Files of the source that programs write in the place of mapped pictures, from the first write to the last close.

use std::collections::HashMap;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::catalog::{Program, WriteAction};
use crate::model::{MappingId, Name};

use super::index::FolderKey;
use super::nodes::NodeId;

/// How long the program that was told to look again has for it.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// A file that was written and closed: to be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The mapping that was written over.
    pub mapping: MappingId,
    /// What the write is to become.
    pub action: WriteAction,
    /// Who wrote.
    pub program: Program,
    /// Whether the file was made as a copy of the picture: if nothing else was written to it, it goes again.
    pub is_copy: bool,
    /// The how manyth closing of the file this is; 0 for what was never open.
    pub closing: u64,
}

/// A file from its first writer until it is taken in.
#[derive(Debug)]
struct File {
    closed: Closed,
    /// No writer has it open, and the intake knows.
    is_closed: bool,
    /// Those who are about to open it to write.
    openers: u32,
    /// How often its last writer has closed it.
    closings: u64,
}

/// What the intake is told.
#[derive(Debug)]
pub enum Arrival {
    /// A file was closed by its last writer.
    Closed(Closed),
    /// The mount ends.
    End,
}

/// A program that writes, and sees its file instead of the picture that all others see.
#[derive(Debug)]
struct Writer {
    key: FolderKey,
    name: Name,
    pid: u32,
    until: Instant,
}

/// See the module. The locks are leaves, taken for a moment.
#[derive(Debug)]
pub struct Written {
    /// Files that may have been written to since they were taken in last.
    files: Mutex<HashMap<NodeId, File>>,
    writers: Mutex<Vec<Writer>>,
    arrivals: Sender<Arrival>,
}

impl Written {
    /// Nothing is written yet; what is closed goes to `arrivals`.
    #[must_use]
    pub fn new(arrivals: Sender<Arrival>) -> Self {
        Self { files: Mutex::default(), writers: Mutex::default(), arrivals }
    }

    /// A file of the source is about to be written in the place of a mapped picture.
    pub fn begin(&self, file: NodeId, closed: Closed) {
        let mut files = self.files.lock();
        let known =
            files.entry(file).or_insert(File { closed: closed.clone(), is_closed: false, openers: 0, closings: 0 });
        (known.closed, known.is_closed) = (closed, false);
    }

    /// Whether the file is in the place of a mapped picture.
    #[must_use]
    pub fn contains(&self, file: NodeId) -> bool {
        self.files.lock().contains_key(&file)
    }

    /// The mapping in whose place the file is, unless a copy of its picture is on its way to its first writer.
    #[must_use]
    pub fn mapping(&self, file: NodeId) -> Option<MappingId> {
        let files = self.files.lock();
        files.get(&file).filter(|known| !known.closed.is_copy || known.is_closed).map(|known| known.closed.mapping)
    }

    /// Somebody is about to open the file to write to it; until that is done, it does not go. Nothing to do for files
    /// that are in no picture's place.
    pub fn begin_to_open(&self, file: NodeId) {
        if let Some(known) = self.files.lock().get_mut(&file) {
            known.openers += 1;
        }
    }

    /// It is open, and counted there, or could not be opened.
    pub fn end_to_open(&self, file: NodeId) {
        if let Some(known) = self.files.lock().get_mut(&file) {
            known.openers = known.openers.saturating_sub(1);
        }
    }

    /// The last writer has closed the file.
    pub fn close(&self, file: NodeId) {
        let mut files = self.files.lock();
        if let Some(known) = files.get_mut(&file).filter(|known| !known.is_closed) {
            known.is_closed = true;
            known.closings += 1;
            let closed = Closed { closing: known.closings, ..known.closed.clone() };
            drop(files);
            self.arrive(closed);
        }
    }

    /// The file has been taken in as it was after that closing: unless somebody has begun to write to it since, it is a
    /// file as any other. Whether that is so.
    pub fn finish(&self, file: NodeId, closing: u64) -> bool {
        let mut files = self.files.lock();
        match files.get(&file) {
            None => true,
            Some(known) if known.is_closed && known.openers == 0 && known.closings == closing => {
                files.remove(&file).is_some()
            }
            Some(_) => false,
        }
    }

    /// A whole file came to be in the place of a mapped picture.
    pub fn arrive(&self, closed: Closed) {
        let _ = self.arrivals.send(Arrival::Closed(closed));
    }

    /// The intake is to end.
    pub fn end(&self) {
        let _ = self.arrivals.send(Arrival::End);
    }

    /// This program, when it looks again, is to see the source's file under the name.
    pub fn let_see(&self, key: &FolderKey, name: &Name, pid: u32) {
        let until = Instant::now() + LOOK_AGAIN;
        self.writers.lock().push(Writer { key: key.clone(), name: name.clone(), pid, until });
    }

    /// Whether this program is to see the source's file under the name: until it has opened it. It may have to look
    /// more than once, as the kernel looks again when what it found is not what it remembers.
    pub fn sees_file(&self, key: &FolderKey, name: &Name, pid: u32) -> bool {
        let mut writers = self.writers.lock();
        if writers.is_empty() {
            return false;
        }
        let now = Instant::now();
        writers.retain(|writer| writer.until > now);
        writers.iter().any(|w| w.pid == pid && w.key == *key && w.name == *name)
    }

    /// This program has what it looked for.
    pub fn end_seeing(&self, pid: u32) {
        self.writers.lock().retain(|writer| writer.pid != pid);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use crate::model::{LibraryId, RelPath};

    use super::*;

    #[test]
    fn a_file_is_taken_in_once_after_each_writing_and_only_its_writer_sees_it_before() {
        let (sender, arrivals) = channel();
        let written = Written::new(sender);
        let program = Program { name: "cp".to_owned(), uid: 0 };
        let closed =
            Closed { mapping: MappingId::new(3), action: WriteAction::Adopt, program, is_copy: false, closing: 0 };
        written.begin(70, closed.clone());
        written.close(71);
        written.close(70);
        written.close(70);
        assert!(
            matches!(arrivals.try_recv(), Ok(Arrival::Closed(arrived)) if arrived == Closed { closing: 1, ..closed })
        );
        assert!(arrivals.try_recv().is_err(), "once");
        written.begin_to_open(70);
        assert!(!written.finish(70, 1), "somebody is about to write to it again");
        written.end_to_open(70);
        assert!(written.finish(70, 1) && !written.contains(70));
        let key = FolderKey { library: LibraryId::new(1), folder: RelPath::root() };
        let name = Name::parse(b"poster.jpg").unwrap();
        written.let_see(&key, &name, 7);
        assert!(!written.sees_file(&key, &name, 8), "another program");
        assert!(written.sees_file(&key, &name, 7) && written.sees_file(&key, &name, 7), "until it is open");
        written.end_seeing(7);
        assert!(!written.sees_file(&key, &name, 7));
    }
}
