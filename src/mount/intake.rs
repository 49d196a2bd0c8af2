//! Taking in what programs wrote, off the path of requests: the writer never waits for hashing or decoding.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::fs::{FileType, OFlags, fstat};

use crate::cache::{Cache, Limits};
use crate::catalog::{Catalog, Mapping, ProgramWrite, WriteAction};
use crate::model::{Clock, ContentHash};
use crate::phase::{PhaseError, Taken, take_in};

use super::index::FolderKey;
use super::nodes::source_node_id;
use super::program::LOG;
use super::submounts::open_below;
use super::view::{View, hash_of};
use super::written::{Arrival, Closed};

/// How long the kernel may take to forget what a name meant.
const SETTLE: Duration = Duration::from_secs(5);

/// Everything that taking in needs besides the view.
pub struct Intake {
    /// The catalog, for writing.
    pub catalog: Catalog,
    /// The cache, for writing.
    pub cache: Cache,
    /// What the cache takes.
    pub limits: Limits,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

impl Intake {
    /// Begins to take in, until told to end.
    ///
    /// # Errors
    /// When the thread cannot be made.
    pub fn start<B: Send + Sync + 'static>(
        mut self,
        arrivals: Receiver<Arrival>,
        view: Arc<View<B>>,
    ) -> std::io::Result<JoinHandle<()>> {
        let body = move || {
            for arrival in arrivals {
                match arrival {
                    Arrival::End => return,
                    Arrival::Closed(closed) => self.receive(&view, &closed),
                }
            }
        };
        std::thread::Builder::new().name("intake".to_owned()).spawn(body)
    }

    /// Takes in one file; what goes wrong is logged, and tried again at the next start.
    pub fn receive<B>(&mut self, view: &View<B>, closed: &Closed) {
        let Closed { mapping, action, program, .. } = closed;
        match self.take(view, closed) {
            Ok(Some(taken)) => {
                tracing::info!(target: LOG, %mapping, ?action, program = program.name, uid = program.uid, ?taken, "a write is taken in");
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%mapping, %error, "a write cannot be taken in yet"),
        }
    }

    /// `None` when there is nothing to be taken in.
    fn take<B>(&mut self, view: &View<B>, closed: &Closed) -> Result<Option<Taken>, PhaseError> {
        let Some(mapping) = self.current(closed)? else { return Ok(None) };
        let key = FolderKey { library: mapping.library, folder: mapping.folder.clone() };
        let Some(found) = look(view, &key, &mapping) else {
            // Gone, or something that can never be a picture.
            return self.give_up(view, closed, &key).map(|()| None);
        };
        if view.has_writer(found.node) {
            view.written().begin(found.node, closed.clone());
            return Ok(None);
        }
        let Closed { action, program, .. } = closed.clone();
        if action == WriteAction::Adopt {
            // A file that was written to once more may be noted for another program, or as refused.
            self.catalog.note_write(mapping.id, action, &program, self.clock.now())?;
        }
        let shown_hash = mapping.hash;
        let write = ProgramWrite { mapping, action, program, pid: std::process::id() };
        let taken = if found.hash == Some(shown_hash) {
            self.unchanged(view, &write, &key, (closed, &found))?
        } else {
            let path = view.shown_path(&view.index().path_in_view(&key).unwrap_or_default().join(&write.mapping.name));
            take_in(&mut self.catalog, &self.cache, &write, path, found.file, &self.limits, self.clock.now())?
        };
        self.show(view, &write, &key, taken);
        // Until the kernel has forgotten that the name led to the file, a program may open it once more. Who has begun to
        // write again closes it again. What is no picture goes on being seen, and written to.
        if taken != Taken::Refused && view.notices().settle(SETTLE) {
            view.written().finish(found.node, closed.closing);
        }
        Ok(Some(taken))
    }

    /// The mapping that was written over, or the one that has taken its place since.
    fn current(&self, closed: &Closed) -> Result<Option<Mapping>, PhaseError> {
        let Some(mapping) = self.catalog.mapping(closed.mapping)? else { return Ok(None) };
        if mapping.removed_generation.is_none() {
            return Ok(Some(mapping));
        }
        let folder = self.catalog.folder_mappings(mapping.library, &mapping.folder)?;
        let mut mapped = folder.into_iter().flat_map(|folder| folder.mapped);
        match mapped.find(|picture| picture.name == mapping.name) {
            Some(picture) => Ok(self.catalog.mapping(picture.id)?),
            None => Ok(None),
        }
    }

    /// What is there now is what was shown: nothing was chosen. A copy that posterfs made goes again.
    fn unchanged<B>(
        &mut self,
        view: &View<B>,
        write: &ProgramWrite,
        key: &FolderKey,
        (closed, found): (&Closed, &Found),
    ) -> Result<Taken, PhaseError> {
        self.catalog.end_write(write.mapping.id, self.clock.now())?;
        if !closed.is_copy {
            return Ok(Taken::Captured);
        }
        // From here on the name leads to the picture; then nobody may be left who is about to write to the copy.
        view.folder_changed(key, &[&write.mapping.name]);
        let is_settled = view.notices().settle(SETTLE);
        let is_same = || found.file.try_clone().ok().and_then(rehash) == found.hash;
        if !(is_settled && is_same() && view.remove_copy(key, &write.mapping.name, (found.node, closed.closing))) {
            let Closed { action, program, .. } = closed;
            self.catalog.note_write(write.mapping.id, *action, program, self.clock.now())?;
            let again = Closed { is_copy: false, ..closed.clone() };
            if view.has_writer(found.node) {
                view.written().begin(found.node, again)
            } else {
                view.written().arrive(again)
            }
        }
        Ok(Taken::Captured)
    }

    fn show<B>(&self, view: &View<B>, write: &ProgramWrite, key: &FolderKey, taken: Taken) {
        if taken != Taken::Refused {
            let folder = self.catalog.folder_mappings(key.library, &key.folder).ok().flatten();
            let mapped = folder.into_iter().flat_map(|folder| folder.mapped);
            let now = mapped.into_iter().find(|picture| picture.name == write.mapping.name);
            view.moments().succeed(key, &write.mapping.name, now.map(|picture| picture.id));
        }
        view.folder_changed(key, &[&write.mapping.name]);
    }

    fn give_up<B>(&mut self, view: &View<B>, closed: &Closed, key: &FolderKey) -> Result<(), PhaseError> {
        let Some(mapping) = self.catalog.mapping(closed.mapping)? else { return Ok(()) };
        if view.inode_at(&FolderKey { library: key.library, folder: key.folder.join(&mapping.name) }).is_some() {
            self.catalog.refuse_write(mapping.id)?;
        } else {
            self.catalog.end_write(mapping.id, self.clock.now())?;
        }
        view.folder_changed(key, &[&mapping.name]);
        Ok(())
    }
}

/// The hash of a file from its beginning.
fn rehash(file: File) -> Option<ContentHash> {
    std::io::Seek::rewind(&mut &file).ok()?;
    hash_of(file)
}

/// A file of the source that was written.
struct Found {
    file: File,
    node: u64,
    /// Where its size is that of the picture that is shown.
    hash: Option<ContentHash>,
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
    let node = source_node_id(stat.st_ino, &place);
    let file = File::from(fd);
    let is_like = u64::try_from(stat.st_size) == Ok(mapping.byte_count);
    let hash = if is_like { hash_of(file.try_clone().ok()?) } else { None };
    std::io::Seek::rewind(&mut &file).ok()?;
    Some(Found { file, node, hash })
}
