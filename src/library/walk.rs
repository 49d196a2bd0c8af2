//! Walking over a tree, folder by folder.
//!
//! Folders are met depth first, in the order of their names, whatever the number of threads: those that come next are read
//! ahead ([`super::ahead`]), and handed out in their order. Memory is bounded by the depth: of each folder on the way down
//! its listing is kept, and a few of its folders that are read already. Folders that cannot be read are met as
//! [`Visit::Problem`] and do not end the walk.
//!
//! - `read.rs`: one folder with everything that decides what is in it.
//! - `way.rs`: the way to one folder, for a walk that begins there.

mod read;
#[cfg(test)]
mod tests;
mod way;

use std::collections::VecDeque;

use crate::model::{LibraryKind, Name, RelPath};

use super::ahead::{Helpers, Pending, with_helpers};
use super::layout::{Context, context_of};
use super::{DirEntry, LibraryError, Source};

pub(super) use read::read_folder;
pub use read::{ReadFolder, entered};
pub use way::{Start, Way, way_to};

/// Nobody nests a media library as deeply as this; a tree that is deeper is a mistake or an attack.
const DEPTH_MAX: usize = 100;

/// So many folders of one folder are read ahead for each thread: enough that none is idle.
const AHEAD_PER_HELPER: usize = 2;

/// What is made of the folders of a tree. It is asked from several threads at once, ahead of the walk.
pub trait Survey: Sync {
    /// What is known of a folder from before.
    type Known: Send;
    /// What is made of a folder that was read.
    type Found: Send;

    /// The folders in a folder that the walk goes into, if nothing of it has changed since they were found: then it is not
    /// read. The context is not known in a folder whose parent was not read; it is then the same as it was.
    fn unchanged(&self, path: &RelPath, context: Option<&Context>, known: &Self::Known) -> Option<Vec<Name>>;

    /// What is made of a folder.
    fn found(&self, folder: &ReadFolder, known: Self::Known) -> Self::Found;
}

/// What a walk meets.
#[derive(Debug)]
pub enum Visit<F> {
    /// A folder that was read, and what was made of it.
    Folder(F),
    /// A folder of which nothing has changed, so that it was not read.
    Unchanged(RelPath),
    /// A folder, or a part of one, that could not be read. What lies beneath is unknown, not gone.
    Problem(Problem),
}

/// Something beneath the root that could not be read.
#[derive(Debug)]
pub struct Problem {
    /// Where it is.
    pub path: RelPath,
    /// What is wrong with it.
    pub error: LibraryError,
}

/// A walk over all folders that may hold items. Folders that hold none by their name or by an ignore marker are not met
/// at all.
pub struct Walk<'a, S: Survey> {
    helpers: &'a Helpers<'a, Job<S::Known>, Outcome<S::Found>>,
    kind: LibraryKind,
    /// Where it begins, until it has.
    start: Option<Start>,
    ahead_max: usize,
    /// The folders from above the root down to the present one.
    frames: Vec<Frame<S::Found>>,
    /// What is reported before the walk goes on.
    pending: VecDeque<Problem>,
}

/// A folder that is to be looked into.
struct Job<K> {
    path: RelPath,
    context: Option<Context>,
    /// Its entries, where they were looked at already.
    entries: Option<Vec<DirEntry>>,
    known: K,
}

/// What is known of a folder from before.
pub type Ask<'a, K, E> = dyn FnMut(&RelPath) -> Result<K, E> + 'a;

/// A folder that was asked for.
type Asked<F> = (RelPath, Pending<Outcome<F>>);

enum Outcome<F> {
    Unchanged(Vec<Name>),
    Read(Box<(ReadFolder, F, Vec<Problem>)>),
    Failed(LibraryError),
}

struct Frame<F> {
    path: RelPath,
    /// `None` for a folder that was not read because it is unchanged.
    read: Option<ReadFolder>,
    /// The folders still to be looked into, the next one last.
    remaining: Vec<Name>,
    /// Those that are being looked into, the next one first.
    ahead: VecDeque<Asked<F>>,
}

/// Walks over the tree of a library from a folder down, with `helpers` threads that read ahead.
pub fn walk<S: Survey, T>(
    source: &Source,
    kind: LibraryKind,
    start: Start,
    survey: &S,
    helpers: usize,
    work: impl FnOnce(Walk<'_, S>) -> T,
) -> T {
    let look = |job: Job<S::Known>| look(source, kind, survey, job);
    let ahead_max = (AHEAD_PER_HELPER * helpers).max(1);
    with_helpers(helpers, &look, |helpers| {
        work(Walk { helpers, kind, start: Some(start), ahead_max, frames: Vec::new(), pending: VecDeque::new() })
    })
}

fn look<S: Survey>(source: &Source, kind: LibraryKind, survey: &S, job: Job<S::Known>) -> Outcome<S::Found> {
    if job.path.components().count() > DEPTH_MAX {
        return Outcome::Failed(LibraryError::TooDeep { path: source.display_path(&job.path), depth_max: DEPTH_MAX });
    }
    if let Some(children) = survey.unchanged(&job.path, job.context.as_ref(), &job.known) {
        return Outcome::Unchanged(children);
    }
    match ReadFolder::at(source, kind, &job.path, job.context, job.entries) {
        Ok((folder, problems)) => {
            let found = survey.found(&folder, job.known);
            Outcome::Read(Box::new((folder, found, problems)))
        }
        Err(error) => Outcome::Failed(error),
    }
}

impl<S: Survey> Walk<'_, S> {
    /// The next folder or problem; `None` at the end. `known` tells what is known of folders from before; it is asked
    /// ahead, in the order in which they are met.
    ///
    /// # Errors
    /// Those of `known`.
    pub fn next_visit<E>(&mut self, known: &mut Ask<'_, S::Known, E>) -> Result<Option<Visit<S::Found>>, E> {
        if let Some(problem) = self.pending.pop_front() {
            return Ok(Some(Visit::Problem(problem)));
        }
        if let Some(start) = self.start.take() {
            self.begin(start, known)?;
        }
        let Some((path, pending)) = self.next_pending(known)? else { return Ok(None) };
        let (visit, read, mut remaining) = match self.helpers.wait(pending) {
            Outcome::Failed(error) => return Ok(Some(Visit::Problem(Problem { path, error }))),
            Outcome::Unchanged(children) => (Visit::Unchanged(path.clone()), None, children),
            Outcome::Read(read) => {
                let (folder, found, problems) = *read;
                self.pending.extend(problems);
                let children = entered(self.kind, &folder.listing, &folder.verdict);
                (Visit::Folder(found), Some(folder), children)
            }
        };
        remaining.reverse();
        self.frames.push(Frame { path, read, remaining, ahead: VecDeque::new() });
        Ok(Some(visit))
    }

    /// Asks for the folder that it begins with, which no folder of the walk holds.
    fn begin<E>(&mut self, start: Start, known: &mut Ask<'_, S::Known, E>) -> Result<(), E> {
        let Start { path, context } = start;
        let job = Job { path: path.clone(), context: Some(context), entries: None, known: known(&path)? };
        let ahead = VecDeque::from([(path.clone(), self.helpers.ask(job))]);
        self.frames.push(Frame { path, read: None, remaining: Vec::new(), ahead });
        Ok(())
    }

    /// Asks for the folders that come next in the present one.
    fn look_ahead<E>(&mut self, known: &mut Ask<'_, S::Known, E>) -> Result<(), E> {
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        while frame.ahead.len() < self.ahead_max
            && let Some(name) = frame.remaining.pop()
        {
            let path = frame.path.join(&name);
            let (context, entries) = frame.handed_down(self.kind, &name);
            let job = Job { path: path.clone(), context, entries, known: known(&path)? };
            frame.ahead.push_back((path, self.helpers.ask(job)));
        }
        Ok(())
    }

    /// What was asked for first of what is still to come. The frame above the root stays, so that a walk that has ended
    /// does not begin again.
    fn next_pending<E>(&mut self, known: &mut Ask<'_, S::Known, E>) -> Result<Option<Asked<S::Found>>, E> {
        loop {
            self.look_ahead(known)?;
            let is_above_root = self.frames.len() == 1;
            match self.frames.last_mut().and_then(|frame| frame.ahead.pop_front()) {
                Some(next) => return Ok(Some(next)),
                None if is_above_root => return Ok(None),
                None => drop(self.frames.pop()),
            }
        }
    }
}

impl<F> Frame<F> {
    /// What the folder tells of one in it: its context, and its entries where these were looked at already.
    fn handed_down(&mut self, kind: LibraryKind, name: &Name) -> (Option<Context>, Option<Vec<DirEntry>>) {
        let Some(read) = &mut self.read else { return (None, None) };
        let context = context_of(&read.listing, kind, &read.verdict, name);
        (Some(context), read.listing.peeked.remove(name))
    }
}
