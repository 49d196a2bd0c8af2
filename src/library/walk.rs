//! Walking over a tree, folder by folder.
//!
//! Folders are met depth first, in the order of their names, whatever the number of threads: those that come next are read
//! ahead ([`super::ahead`]), and handed out in their order. Memory is bounded by the depth: of each folder on the way down
//! its listing is kept, and some of its folders that are read already. Folders that cannot be read are met as
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
use super::{LibraryError, OpenFolder, Source};

pub use read::ReadFolder;
pub(super) use read::read_folder;
pub use way::{Start, Way, way_to};

/// Nobody nests a media library as deeply as this; a tree that is deeper is a mistake or an attack.
const DEPTH_MAX: usize = 100;

/// So many shares of the folders of one folder are looked into ahead for each thread: enough that none is idle.
const AHEAD_PER_HELPER: usize = 2;

/// So many folders are a share at most. Handing over takes as long as looking into a small folder that is in memory, so
/// several are handed over at once, unless threads would be idle then.
const SHARE_MAX: usize = 8;

/// What is made of the folders of a tree. It is asked from several threads at once, ahead of the walk.
pub trait Survey: Sync {
    /// What is known of a folder from before.
    type Known: Send;
    /// What is made of a folder that was read.
    type Found: Send;

    /// The folders in a folder that the walk goes into, if nothing of it has changed since they were found: then it is not
    /// read. The context is not known in a folder whose parent was not read; it is then the same as it was.
    fn unchanged(&self, folder: &OpenFolder<'_>, context: Option<&Context>, known: &Self::Known) -> Option<Vec<Name>>;

    /// What is made of a folder.
    fn found(&self, read: &ReadFolder, folder: &OpenFolder<'_>, known: Self::Known) -> Self::Found;
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
    helpers: &'a Helpers<'a, Share<S::Known>, Vec<Outcome<S::Found>>>,
    kind: LibraryKind,
    /// Where it begins, until it has.
    start: Option<Start>,
    /// How many shares are under way at most.
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
    known: K,
}

/// Folders that are looked into by one thread, one after the other.
type Share<K> = Vec<Job<K>>;

/// What is known of folders from before, in the order of the paths.
pub type Ask<'a, K, E> = dyn FnMut(&[RelPath]) -> Result<Vec<K>, E> + 'a;

/// Folders that were asked for together.
struct Asked<F> {
    paths: Vec<RelPath>,
    outcomes: Pending<Vec<Outcome<F>>>,
}

/// A folder that was looked into.
type Looked<F> = (RelPath, Outcome<F>);

enum Outcome<F> {
    Unchanged(Vec<Name>),
    Read(Box<Read<F>>),
    Failed(LibraryError),
}

/// What came of reading a folder.
struct Read<F> {
    found: F,
    problems: Vec<Problem>,
    /// The folder itself, where the walk goes on to folders in it. Most hold none; what was read of these ends with the
    /// thread that read it, as the one that walks has the most to do.
    folder: Option<ReadFolder>,
}

struct Frame<F> {
    path: RelPath,
    /// `None` for a folder that was not read because it is unchanged.
    read: Option<ReadFolder>,
    /// The folders still to be looked into, the next one last.
    remaining: Vec<Name>,
    /// Those that are being looked into, the next ones first.
    ahead: VecDeque<Asked<F>>,
    /// Those that were looked into and come next.
    ready: VecDeque<Looked<F>>,
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
    let look = |share: Share<S::Known>| share.into_iter().map(|job| look(source, kind, survey, job)).collect();
    let ahead_max = (AHEAD_PER_HELPER * helpers).max(1);
    with_helpers(helpers, &look, |helpers| {
        work(Walk { helpers, kind, start: Some(start), ahead_max, frames: Vec::new(), pending: VecDeque::new() })
    })
}

fn look<S: Survey>(source: &Source, kind: LibraryKind, survey: &S, job: Job<S::Known>) -> Outcome<S::Found> {
    if job.path.components().count() > DEPTH_MAX {
        return Outcome::Failed(LibraryError::TooDeep { path: source.display_path(&job.path), depth_max: DEPTH_MAX });
    }
    let folder = match source.open_folder(&job.path) {
        Ok(folder) => folder,
        Err(error) => return Outcome::Failed(error),
    };
    if let Some(children) = survey.unchanged(&folder, job.context.as_ref(), &job.known) {
        return Outcome::Unchanged(children);
    }
    match ReadFolder::of(&folder, kind, job.context) {
        Ok((read, problems)) => {
            let found = survey.found(&read, &folder, job.known);
            let folder = Some(read).filter(|read| !read.children.is_empty());
            Outcome::Read(Box::new(Read { found, problems, folder }))
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
        let Some((path, outcome)) = self.next_outcome(known)? else { return Ok(None) };
        let (visit, read, mut remaining) = match outcome {
            Outcome::Failed(error) => return Ok(Some(Visit::Problem(Problem { path, error }))),
            Outcome::Unchanged(children) => (Visit::Unchanged(path.clone()), None, children),
            Outcome::Read(read) => {
                let Read { found, problems, mut folder } = *read;
                self.pending.extend(problems);
                let children = folder.as_mut().map(|folder| std::mem::take(&mut folder.children));
                (Visit::Folder(found), folder, children.unwrap_or_default())
            }
        };
        remaining.reverse();
        self.frames.push(Frame { path, read, remaining, ..Frame::above_root() });
        Ok(Some(visit))
    }

    /// Asks for the folder that it begins with, which no folder of the walk holds.
    fn begin<E>(&mut self, start: Start, known: &mut Ask<'_, S::Known, E>) -> Result<(), E> {
        let asked = self.ask(vec![start.path], vec![Some(start.context)], known)?;
        self.frames.push(Frame { ahead: VecDeque::from([asked]), ..Frame::above_root() });
        Ok(())
    }

    fn ask<E>(
        &self,
        paths: Vec<RelPath>,
        contexts: Vec<Option<Context>>,
        known: &mut Ask<'_, S::Known, E>,
    ) -> Result<Asked<S::Found>, E> {
        let told = paths.iter().cloned().zip(contexts).zip(known(&paths)?);
        let share = told.map(|((path, context), known)| Job { path, context, known }).collect();
        Ok(Asked { paths, outcomes: self.helpers.ask(share) })
    }

    /// Asks for the folders that come next in the present one.
    fn look_ahead<E>(&mut self, known: &mut Ask<'_, S::Known, E>) -> Result<(), E> {
        while let Some(frame) = self.frames.last_mut()
            && frame.ahead.len() < self.ahead_max
            && !frame.remaining.is_empty()
        {
            let size = (frame.remaining.len() / self.ahead_max).clamp(1, SHARE_MAX);
            let names = frame.remaining.split_off(frame.remaining.len().saturating_sub(size));
            let contexts = names.iter().rev().map(|name| frame.context_of(self.kind, name)).collect();
            let paths = names.iter().rev().map(|name| frame.path.join(name)).collect();
            let asked = self.ask(paths, contexts, known)?;
            if let Some(frame) = self.frames.last_mut() {
                frame.ahead.push_back(asked);
            }
        }
        Ok(())
    }

    /// What came of the folder that comes next. The frame above the root stays, so that a walk that has ended does not
    /// begin again.
    fn next_outcome<E>(&mut self, known: &mut Ask<'_, S::Known, E>) -> Result<Option<Looked<S::Found>>, E> {
        loop {
            self.look_ahead(known)?;
            let is_above_root = self.frames.len() == 1;
            let Some(frame) = self.frames.last_mut() else { return Ok(None) };
            if let Some(next) = frame.ready.pop_front() {
                return Ok(Some(next));
            }
            match frame.ahead.pop_front() {
                Some(Asked { paths, outcomes }) => {
                    frame.ready.extend(paths.into_iter().zip(self.helpers.wait(outcomes)));
                }
                None if is_above_root => return Ok(None),
                None => drop(self.frames.pop()),
            }
        }
    }
}

impl<F> Frame<F> {
    /// The frame of what holds the root; nothing is known of it.
    fn above_root() -> Self {
        let (ahead, ready) = (VecDeque::new(), VecDeque::new());
        Self { path: RelPath::root(), read: None, remaining: Vec::new(), ahead, ready }
    }

    /// What the folder tells of one in it.
    fn context_of(&self, kind: LibraryKind, name: &Name) -> Option<Context> {
        self.read.as_ref().map(|read| context_of(&read.listing, kind, &read.verdict, name))
    }
}
