//! Taking in what programs wrote, off the path of requests: the writer never waits for hashing or decoding.
//!
//! Reading a file and putting its picture into the cache takes long, and anything may happen meanwhile. What has an effect
//! comes after that, in a turn of the intake's own and only if the file is still what was read: it has its name, looks the
//! same, and nobody has begun to write to it ([`Written::settle`](super::written::Written::settle)). Otherwise nothing is
//! done: whoever made the difference has the file looked at again.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use rustix::fs::{FileType, OFlags, Stat, fstat};

use crate::cache::{Cache, Limits, Stored};
use crate::catalog::{Catalog, Mapping, ProgramWrite, WriteAction};
use crate::model::Clock;
use crate::phase::{PhaseError, Taken, choose_written, keep_journal, publish_written, put_written};
use crate::steps;

use super::index::FolderKey;
use super::nodes::NodeId;
use super::program::LOG;
use super::submounts::open_below;
use super::view::{View, hash_of};
use super::written::{Arrival, Ticket, Wrote};

/// Everything that taking in needs besides the view.
pub struct Intake {
    catalog: Catalog,
    cache: Cache,
    limits: Limits,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("catalog", &self.catalog).finish_non_exhaustive()
    }
}

/// A file that may be taken in, as it was found.
struct Job {
    write: ProgramWrite,
    key: FolderKey,
    found: Found,
    ticket: Ticket,
    /// For the record.
    path: PathBuf,
}

/// What a file turned out to hold.
enum Holds {
    /// What is shown.
    TheSame,
    /// Another picture, which is in the cache now.
    Picture(Stored),
    /// No whole picture, or something that was written over a document.
    NoPicture,
}

impl Intake {
    /// Catalog and cache are opened for writing.
    #[must_use]
    pub fn new(catalog: Catalog, cache: Cache, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self { catalog, cache, limits, clock }
    }

    /// Notes beside the cache what has been chosen. What fails is noted the next time.
    fn keep_journal(&mut self) {
        if let Err(error) = keep_journal(&mut self.catalog, &self.cache) {
            tracing::warn!(%error, "what was chosen could not be noted beside the cache yet");
        }
    }

    /// Begins to take in, until told to end.
    ///
    /// # Errors
    /// When the thread cannot be made.
    pub fn start<B: Send + Sync + 'static>(
        mut self,
        arrivals: Receiver<Arrival>,
        view: Arc<View<B>>,
    ) -> io::Result<JoinHandle<()>> {
        let body = move || {
            for arrival in arrivals {
                match arrival {
                    Arrival::End => return,
                    Arrival::Wrote(wrote) => {
                        self.receive(&view, &wrote);
                        self.keep_journal();
                    }
                }
            }
        };
        super::threads::spawn_large("intake", body)
    }

    /// Takes in what is under the name that was written to; what goes wrong is logged, and tried again at the next start.
    pub fn receive<B>(&mut self, view: &View<B>, wrote: &Wrote) {
        match self.take(view, wrote) {
            Ok(Some((write, taken))) => {
                let ProgramWrite { mapping, action, program, .. } = write;
                let (mapping, name) = (mapping.id, mapping.name);
                tracing::info!(target: LOG, %mapping, %name, ?action, program = program.name, uid = program.uid, ?taken, "a write is taken in");
            }
            Ok(None) => {}
            Err(error) => tracing::error!(mapping = %wrote.mapping, %error, "a write cannot be taken in yet"),
        }
    }

    /// `None` when there is nothing to be taken in, or not now.
    fn take<B>(&mut self, view: &View<B>, wrote: &Wrote) -> Result<Option<(ProgramWrite, Taken)>, PhaseError> {
        let Some(mut job) = self.find(view, wrote)? else { return Ok(None) };
        steps::reached("intake.found");
        let Some(holds) = self.read(view, &mut job)? else {
            view.written().arrive(wrote.clone());
            return Ok(None);
        };
        steps::reached("intake.read");
        let turn = view.turn();
        let _turned = turn.take();
        if !self.is_as_found(view, &job)? {
            view.written().arrive(wrote.clone());
            return Ok(None);
        }
        let taken = self.conclude(view, &job, holds)?;
        Ok(taken.map(|taken| (job.write, taken)))
    }

    /// Finds the file under the name, if it is one that may be taken in.
    fn find<B>(&mut self, view: &View<B>, wrote: &Wrote) -> Result<Option<Job>, PhaseError> {
        let turn = view.turn();
        let _turned = turn.take();
        let Some(mapping) = self.current(wrote)? else { return Ok(None) };
        let key = FolderKey { library: mapping.library, folder: mapping.folder.clone() };
        let Some(found) = look(view, &key, &mapping) else {
            self.give_up(view, &mapping, &key)?;
            return Ok(None);
        };
        if !self.is_pending(view, &found, &mapping)? {
            return Ok(None);
        }
        let at = (found.node, &key, &mapping.name);
        let Some(ticket) = view.written().ticket(at, wrote, || view.has_writer(at.0)) else { return Ok(None) };
        let Wrote { action, program, .. } = ticket.wrote.clone();
        if action == WriteAction::Adopt {
            // A file that was written to once more may be noted for another program, or as refused.
            self.catalog.note_write(mapping.id, action, &program, self.clock.now())?;
        }
        let path = view.shown_path(&view.index().path_in_view(&key).unwrap_or_default().join(&mapping.name));
        let write = ProgramWrite { mapping, action, program, pid: std::process::id() };
        Ok(Some(Job { write, key, found, ticket, path }))
    }

    /// Whether the file is still to be taken in. What was looked at late may have been long ago, and another file lie there.
    fn is_pending<B>(&self, view: &View<B>, found: &Found, mapping: &Mapping) -> Result<bool, PhaseError> {
        let is_noted =
            || Ok::<_, PhaseError>(self.catalog.pending_writes()?.iter().any(|w| w.mapping.id == mapping.id));
        Ok(view.written().is_pending(found.node) || is_noted()?)
    }

    /// The mapping that was written over, or the one that has taken its place since. Where none has, what was written is a
    /// choice nevertheless.
    fn current(&self, wrote: &Wrote) -> Result<Option<Mapping>, PhaseError> {
        let Some(mapping) = self.catalog.mapping(wrote.mapping)? else { return Ok(None) };
        if mapping.removed_generation.is_none() {
            return Ok(Some(mapping));
        }
        let folder = self.catalog.folder_mappings(mapping.library, &mapping.folder)?;
        let mut mapped = folder.into_iter().flat_map(|folder| folder.mapped);
        match mapped.find(|picture| picture.name == mapping.name) {
            Some(picture) => Ok(self.catalog.mapping(picture.id)?),
            None => Ok(Some(mapping)),
        }
    }

    /// Gone, or something that can never be a picture.
    fn give_up<B>(&mut self, view: &View<B>, mapping: &Mapping, key: &FolderKey) -> Result<(), PhaseError> {
        if view.inode_at(&FolderKey { library: key.library, folder: key.folder.join(&mapping.name) }).is_some() {
            self.catalog.refuse_write(mapping.id)?;
        } else {
            self.catalog.end_write(mapping.id, self.clock.now())?;
        }
        view.folder_changed(key, &[&mapping.name]);
        Ok(())
    }

    /// Reads the file; `None` when somebody wrote to it meanwhile.
    fn read<B>(&self, view: &View<B>, job: &mut Job) -> Result<Option<Holds>, PhaseError> {
        let (mapping, found) = (&job.write.mapping, &job.found);
        let is_steady = || view.written().is_same(found.node, job.ticket.version);
        let unreadable = |source| PhaseError::File { path: job.path.clone(), source };
        if u64::try_from(found.stat.st_size) == Ok(mapping.byte_count) {
            let mut file = found.file.try_clone().map_err(unreadable)?;
            let hash = hash_of(file.try_clone().map_err(unreadable)?);
            io::Seek::rewind(&mut file).map_err(unreadable)?;
            if hash == Some(mapping.hash) {
                return Ok(Some(Holds::TheSame));
            }
        }
        if !mapping.image_type.is_picture() {
            return Ok(Some(Holds::NoPicture));
        }
        let file = found.file.try_clone().map_err(unreadable)?;
        let reader = Steady { file, is_steady: &is_steady };
        match put_written(&self.cache, &job.write, job.path.clone(), reader, &self.limits) {
            Ok(Some(stored)) => Ok(Some(Holds::Picture(stored))),
            Ok(None) => Ok(Some(Holds::NoPicture)),
            Err(_) if !is_steady() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the file still has its name, the name still means that picture, and nothing was changed behind the mount.
    fn is_as_found<B>(&self, view: &View<B>, job: &Job) -> Result<bool, PhaseError> {
        let mapping = &job.write.mapping;
        let is_current = self.catalog.mapping(mapping.id)?.as_ref() == Some(mapping);
        let there = look(view, &job.key, mapping);
        Ok(is_current && there.is_some_and(|there| there.is_same(&job.found)))
    }

    /// What has an effect. `None` when somebody has begun to write, whose closing has the file looked at again.
    fn conclude<B>(&mut self, view: &View<B>, job: &Job, holds: Holds) -> Result<Option<Taken>, PhaseError> {
        let (written, node) = (view.written(), job.found.node);
        let has_writer = || view.has_writer(node);
        let (key, mapping) = (&job.key, &job.write.mapping);
        let at = (node, key, &mapping.name);
        if matches!(holds, Holds::NoPicture) {
            if !written.leave(at, job.ticket.version, has_writer) {
                return Ok(None);
            }
            self.catalog.refuse_write(mapping.id)?;
            view.folder_changed(key, &[&mapping.name]);
            let is_picture = mapping.image_type.is_picture();
            return Ok(Some(if is_picture { Taken::Refused } else { Taken::Left }));
        }
        if !written.settle(at, job.ticket.version, has_writer) {
            return Ok(None);
        }
        steps::reached("intake.settled");
        let taken = self.show(view, job, holds);
        match taken {
            Ok(_) => written.end_settling(node, || view.nodes().contains(node)),
            Err(_) => written.unsettle(node),
        }
        taken.map(Some)
    }

    /// Chooses the picture, and shows pictures again instead of the file.
    fn show<B>(&mut self, view: &View<B>, job: &Job, holds: Holds) -> Result<Taken, PhaseError> {
        let Job { write, key, .. } = job;
        let (name, now) = (&write.mapping.name, self.clock.now());
        let is_the_same = matches!(holds, Holds::TheSame);
        if let Holds::Picture(stored) = &holds {
            choose_written(&mut self.catalog, &self.cache, write, job.path.clone(), stored, now)?;
            steps::reached("intake.chosen");
            if write.action == WriteAction::Adopt {
                publish_written(&mut self.catalog, write, now)?;
                steps::reached("intake.published");
            }
        }
        self.catalog.end_write(write.mapping.id, now)?;
        steps::reached("intake.ended");
        let folder = self.catalog.folder_mappings(key.library, &key.folder).ok().flatten();
        let mapped = folder.into_iter().flat_map(|folder| folder.mapped);
        let shown = mapped.into_iter().find(|picture| picture.name == *name);
        view.moments().succeed(key, name, shown.map(|picture| picture.id));
        view.folder_changed(key, &[name]);
        if is_the_same && job.ticket.is_copy {
            // Not before the picture is found under the name: there is always one of the two.
            view.remove_copy(key, name, job.found.node);
        }
        Ok(match write.action {
            _ if is_the_same => Taken::Unchanged,
            WriteAction::Adopt => Taken::Adopted,
            WriteAction::Capture => Taken::Captured,
        })
    }
}

/// Reads a file to its end, unless somebody begins to write to it meanwhile: half a picture is not to go into the cache.
struct Steady<'a> {
    file: File,
    is_steady: &'a dyn Fn() -> bool,
}

impl Read for Steady<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        if (self.is_steady)() { Ok(count) } else { Err(io::Error::other("it was written to while it was read")) }
    }
}

/// A file of the source that was written.
struct Found {
    file: File,
    node: NodeId,
    stat: Stat,
}

impl Found {
    /// Whether both are one file that nobody has changed in between, as far as its times tell.
    fn is_same(&self, other: &Self) -> bool {
        let of = |found: &Self| {
            let Stat { st_size, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec, .. } = found.stat;
            (found.node, st_size, (st_mtime, st_mtime_nsec), (st_ctime, st_ctime_nsec))
        };
        of(self) == of(other)
    }
}

/// `None` when there is no regular file.
fn look<B>(view: &View<B>, key: &FolderKey, mapping: &Mapping) -> Option<Found> {
    let path = view.index().path_in_view(key)?.join(&mapping.name);
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let fd = open_below(view.source().as_fd(), path.as_path(), flags).ok()?;
    let stat = fstat(&fd).ok()?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return None;
    }
    let place = view.place_of(&fd, &stat)?;
    Some(Found { node: view.nodes().number_of(stat.st_ino, &place), file: File::from(fd), stat })
}
