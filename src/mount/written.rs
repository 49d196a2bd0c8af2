//! Files of the source that programs write in the place of mapped pictures, from the first write until nobody can write
//! to them any more without asking.
//!
//! A file is taken in when its last writer has closed it, by a thread of its own. Meanwhile, and afterwards, a program may
//! open it anew: it may have looked the name up long before. So each file has a state here, and every change of it
//! happens under one lock: who opens a file to write says so first ([`Written::begin_to_write`]), and the intake shows
//! the picture instead of the file only if nobody has said so since it began to read ([`Written::settle`]). From then on
//! whoever wants to write to the file is sent through the name again, where there is a picture to be written over.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::catalog::{Program, WriteAction};
use crate::model::{MappingId, Name};

use super::index::FolderKey;
use super::nodes::NodeId;

/// How long the program that was told to look again has for it.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// A write in the place of a mapped picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrote {
    /// The mapping that was written over.
    pub mapping: MappingId,
    /// What the write is to become.
    pub action: WriteAction,
    /// Who wrote.
    pub program: Program,
}

/// Where a file is between being made and being taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A copy of the picture, for a program that has not opened it yet.
    Fresh,
    /// Somebody writes to it, or has since the intake was told last.
    Open,
    /// Closed by its last writer; the intake knows.
    Closed,
    /// No picture, or not looked at in this run: nothing waits. It is seen, and may be written to.
    Left,
    /// Being taken in: the file is still seen, the picture is about to be. Nobody writes to it.
    Settling,
    /// Taken in: the picture is seen instead. Nobody writes to it.
    Settled,
}

#[derive(Debug)]
struct File {
    wrote: Wrote,
    /// Made as a copy of the picture: if nothing else was written to it, it goes again.
    is_copy: bool,
    state: State,
    /// Another one whenever somebody begins to write; no two are ever the same.
    version: u64,
}

/// What the intake may take in, as long as the version is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// What the write is to become, and who wrote last.
    pub wrote: Wrote,
    /// Whether posterfs made the file, as a copy of the picture.
    pub is_copy: bool,
    /// Of the file.
    pub version: u64,
}

/// A file, and the folder and name under which it was found.
pub type Found<'a> = (NodeId, &'a FolderKey, &'a Name);

/// Why a file cannot be written to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotNow;

/// What the intake is told.
#[derive(Debug)]
pub enum Arrival {
    /// There is something to be taken in.
    Wrote(Wrote),
    /// The mount ends.
    End,
}

/// A program that was told to look again, and sees its file instead of the picture that all others see.
#[derive(Debug)]
struct Writer {
    key: FolderKey,
    name: Name,
    pid: u32,
    until: Instant,
}

#[derive(Debug, Default)]
struct Table {
    files: HashMap<NodeId, File>,
    /// Files of the source, any, that somebody is about to open for writing, or truncates.
    beginning: HashMap<NodeId, u32>,
    versions: u64,
}

impl Table {
    fn next_version(&mut self) -> u64 {
        self.versions += 1;
        self.versions
    }
}

/// See the module. The locks are leaves, taken for a moment; the table of open files may be asked under the first.
#[derive(Debug)]
pub struct Written {
    table: Mutex<Table>,
    /// How many files are in the table: mostly none, and then no lock is taken for what concerns them only.
    count: AtomicUsize,
    writers: Mutex<Vec<Writer>>,
    /// What is to be looked at then, for want of a program that comes.
    late: Mutex<Vec<(Instant, Wrote)>>,
    arrivals: Sender<Arrival>,
}

impl Written {
    /// Nothing is written yet; what is closed goes to `arrivals`.
    #[must_use]
    pub fn new(arrivals: Sender<Arrival>) -> Self {
        let (table, writers, late) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { table, count: AtomicUsize::new(0), writers, late, arrivals }
    }

    /// A copy of a picture has been made, in whose place its writer will find it.
    pub fn enter_copy(&self, node: NodeId, wrote: Wrote) {
        self.late.lock().push((Instant::now() + LOOK_AGAIN, wrote.clone()));
        self.enter(node, wrote, State::Fresh);
    }

    /// A file of the source has come to be in the place of a mapped picture.
    pub fn enter_file(&self, node: NodeId, wrote: Wrote, has_writer: impl FnOnce() -> bool) {
        self.enter(node, wrote, State::Open);
        self.look_if_closed(node, has_writer);
    }

    fn enter(&self, node: NodeId, wrote: Wrote, state: State) {
        let mut table = self.table.lock();
        let version = table.next_version();
        table.files.insert(node, File { wrote, is_copy: state == State::Fresh, state, version });
        self.recount(&table);
    }

    /// A file is seen in the place of a mapped picture; `wrote` tells what is known of it if it is met for the first time.
    pub fn meet(&self, node: NodeId, wrote: impl FnOnce() -> Wrote) {
        let mut table = self.table.lock();
        let version = table.next_version();
        if let Entry::Vacant(free) = table.files.entry(node) {
            free.insert(File { wrote: wrote(), is_copy: false, state: State::Left, version });
        }
        self.recount(&table);
    }

    /// The mapping in whose place the file is, unless it is known already who writes to it.
    #[must_use]
    pub fn mapping(&self, node: NodeId) -> Option<MappingId> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let table = self.table.lock();
        table.files.get(&node).filter(|known| known.state != State::Fresh).map(|known| known.wrote.mapping)
    }

    /// Somebody is about to open a file of the source to write to it, or truncates it: until [`Self::end_to_write`] it
    /// counts as a writer. `by` is known for files in the place of a picture.
    ///
    /// # Errors
    /// When it has been taken in, or is to be taken in first, because what the next one writes becomes something else.
    pub fn begin_to_write(&self, node: NodeId, by: Option<(WriteAction, Program)>) -> Result<(), NotNow> {
        let mut table = self.table.lock();
        let version = table.next_version();
        if let Some(known) = table.files.get_mut(&node) {
            let differs = known.wrote.action == WriteAction::Adopt && matches!(by, Some((WriteAction::Capture, _)));
            match known.state {
                State::Settling | State::Settled => return Err(NotNow),
                State::Closed if differs => return Err(NotNow),
                // A person's program writes to it too: it is a person's file.
                State::Open if differs => {}
                State::Fresh => {}
                State::Open | State::Closed | State::Left => {
                    if let Some((action, program)) = by {
                        known.wrote = Wrote { action, program, ..known.wrote.clone() };
                    }
                }
            }
            (known.state, known.version) = (State::Open, version);
        }
        *table.beginning.entry(node).or_default() += 1;
        Ok(())
    }

    /// It is open, and `has_writer` says so from now on; or it is truncated, or could not be opened.
    pub fn end_to_write(&self, node: NodeId, has_writer: impl FnOnce() -> bool) {
        let mut table = self.table.lock();
        if let Entry::Occupied(mut count) = table.beginning.entry(node) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        drop(table);
        self.look_if_closed(node, has_writer);
    }

    /// Tells the intake of a file that was written to, if nobody has it open for writing any more.
    pub fn look_if_closed(&self, node: NodeId, has_writer: impl FnOnce() -> bool) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut table = self.table.lock();
        let is_beginning = table.beginning.contains_key(&node);
        if let Some(known) = table.files.get_mut(&node)
            && known.state == State::Open
            && !is_beginning
            && !has_writer()
        {
            known.state = State::Closed;
            let wrote = known.wrote.clone();
            drop(table);
            self.arrive(wrote);
        }
    }

    /// The intake asks whether it may take the file in, which it found under that name. A file that somebody writes to
    /// comes back when it is closed, one that is waited for a while later.
    #[must_use]
    pub fn ticket(
        &self,
        (node, key, name): Found<'_>,
        wrote: &Wrote,
        has_writer: impl FnOnce() -> bool,
    ) -> Option<Ticket> {
        if let Some(until) = self.waits_until(key, name) {
            self.late.lock().push((until, wrote.clone()));
            return None;
        }
        let mut table = self.table.lock();
        let is_written = table.beginning.contains_key(&node) || has_writer();
        let version = table.next_version();
        let new = || File { wrote: wrote.clone(), is_copy: false, state: State::Closed, version };
        let known = table.files.entry(node).or_insert_with(new);
        let ticket = match known.state {
            State::Settling | State::Settled => None,
            _ if is_written => {
                known.state = State::Open;
                None
            }
            _ => {
                known.state = State::Closed;
                Some(Ticket { wrote: known.wrote.clone(), is_copy: known.is_copy, version: known.version })
            }
        };
        self.recount(&table);
        ticket
    }

    /// Whether nobody has begun to write since the ticket was given.
    #[must_use]
    pub fn is_same(&self, node: NodeId, version: u64) -> bool {
        let table = self.table.lock();
        table.files.get(&node).is_some_and(|known| known.state == State::Closed && known.version == version)
    }

    /// If nobody has begun to write since the ticket was given, and nobody is expected to, nobody will without looking the
    /// name up again. Until [`Self::end_settling`] the file is still found under it.
    #[must_use]
    pub fn settle(&self, at: Found<'_>, version: u64, has_writer: impl FnOnce() -> bool) -> bool {
        self.conclude(at, version, State::Settling, has_writer)
    }

    /// The picture is seen instead of a file that was settled: from now on it may be forgotten.
    pub fn end_settling(&self, node: NodeId, is_known: impl FnOnce() -> bool) {
        if let Some(known) = self.table.lock().files.get_mut(&node).filter(|known| known.state == State::Settling) {
            known.state = State::Settled;
        }
        self.forgotten_by_kernel(node, is_known);
    }

    /// The same for a file that is no picture: it stays what it is.
    #[must_use]
    pub fn leave(&self, at: Found<'_>, version: u64, has_writer: impl FnOnce() -> bool) -> bool {
        self.conclude(at, version, State::Left, has_writer)
    }

    fn conclude(
        &self,
        (node, key, name): Found<'_>,
        version: u64,
        state: State,
        has_writer: impl FnOnce() -> bool,
    ) -> bool {
        if let Some(until) = self.waits_until(key, name) {
            let wrote = self.table.lock().files.get(&node).map(|known| known.wrote.clone());
            self.late.lock().extend(wrote.map(|wrote| (until, wrote)));
            return false;
        }
        let mut table = self.table.lock();
        let is_beginning = table.beginning.contains_key(&node);
        match table.files.get_mut(&node) {
            Some(known) if known.state == State::Closed && known.version == version => {
                let is_idle = !is_beginning && !has_writer();
                known.state = if is_idle { state } else { State::Open };
                is_idle
            }
            _ => false,
        }
    }

    /// It could not be taken in after all.
    pub fn unsettle(&self, node: NodeId) {
        if let Some(known) = self.table.lock().files.get_mut(&node) {
            known.state = State::Closed;
        }
    }

    /// The mapping in whose place the file was when it was taken in; `None` when it may be written to.
    #[must_use]
    pub fn settled(&self, node: NodeId) -> Option<MappingId> {
        let table = self.table.lock();
        let is_settled = |known: &&File| matches!(known.state, State::Settling | State::Settled);
        table.files.get(&node).filter(is_settled).map(|known| known.wrote.mapping)
    }

    /// Whether the file is about to be taken in.
    #[must_use]
    pub fn is_closed(&self, node: NodeId) -> bool {
        self.table.lock().files.get(&node).is_some_and(|known| known.state == State::Closed)
    }

    /// Whether the file is still to be taken in: now, or when it is closed.
    #[must_use]
    pub fn is_pending(&self, node: NodeId) -> bool {
        let table = self.table.lock();
        let state = table.files.get(&node).map(|known| known.state);
        matches!(state, Some(State::Fresh | State::Open | State::Closed))
    }

    /// The file is one of the source as any other.
    pub fn forget(&self, node: NodeId) {
        let mut table = self.table.lock();
        table.files.remove(&node);
        self.recount(&table);
    }

    /// The kernel knows the file no more, so nobody is left who has looked it up. One that can still be found under its
    /// name, or is to be taken in, stays.
    pub fn forgotten_by_kernel(&self, node: NodeId, is_known: impl FnOnce() -> bool) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut table = self.table.lock();
        if let Some(known) = table.files.get(&node)
            && matches!(known.state, State::Settled | State::Left)
            && !is_known()
        {
            table.files.remove(&node);
        }
        self.recount(&table);
    }

    fn recount(&self, table: &Table) {
        self.count.store(table.files.len(), Ordering::Release);
    }

    /// Something is to be taken in.
    pub fn arrive(&self, wrote: Wrote) {
        let _ = self.arrivals.send(Arrival::Wrote(wrote));
    }

    /// The intake is to take in what waits, also for programs that were to come, and then to end.
    pub fn end(&self) {
        self.writers.lock().clear();
        std::mem::take(&mut *self.late.lock()).into_iter().for_each(|(_, wrote)| self.arrive(wrote));
        let _ = self.arrivals.send(Arrival::End);
    }

    /// Takes in what no program came for.
    pub fn look_late(&self, now: Instant) {
        let over: Vec<_> = self.late.lock().extract_if(.., |(until, _)| *until <= now).collect();
        over.into_iter().for_each(|(_, wrote)| self.arrive(wrote));
    }

    /// How long until there may be something for [`Self::look_late`].
    #[must_use]
    pub fn next_late(&self, now: Instant) -> Option<Duration> {
        let late = self.late.lock().iter().map(|(until, _)| *until).min();
        let expected = self.writers.lock().iter().map(|writer| writer.until).filter(|until| *until > now).min();
        late.into_iter().chain(expected).map(|until| until.saturating_duration_since(now)).min()
    }

    /// This program, when it looks again, is to see the source's file under the name, and finds it there: nothing is taken
    /// in before.
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

    /// Until when a program is expected that was told to look again.
    fn waits_until(&self, key: &FolderKey, name: &Name) -> Option<Instant> {
        let (writers, now) = (self.writers.lock(), Instant::now());
        let expected = writers.iter().filter(|w| w.until > now && w.key == *key && w.name == *name);
        expected.map(|writer| writer.until).max()
    }

    /// This program has what it looked for.
    pub fn end_seeing(&self, pid: u32) {
        self.writers.lock().retain(|writer| writer.pid != pid);
    }
}

#[cfg(test)]
mod tests;
