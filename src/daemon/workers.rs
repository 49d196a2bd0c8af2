//! The threads that do jobs, one of a kind at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use crate::catalog::{Catalog, Job, TaskRun};
use crate::model::{Clock, JobState, SystemClock, TaskKind};
use crate::work::WorkError;

use super::ServeError;
use super::run_task::{Done, run_task};
use super::schedule::word_of;
use super::serve::join_within;
use super::state::Shared;

/// How many jobs are under way at once. There is one of a kind, and most of them wait for disks and networks.
const THREADS: usize = 4;
/// How long nobody looks into the queue unasked.
const LOOK: Duration = Duration::from_secs(30);
/// How long is waited when the catalog fails.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// All of them.
#[derive(Debug)]
pub struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    watch: Arc<Mutex<usize>>,
}

/// Counts a thread for as long as it lives.
struct Counted(Arc<Mutex<usize>>);

impl Drop for Counted {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
    }
}

impl Workers {
    /// Begins to do what is in the queue.
    pub fn start(shared: &Arc<Shared>) -> Result<Self, ServeError> {
        let busy = Arc::new(Mutex::new(Vec::new()));
        let watch = Arc::new(Mutex::new(0));
        let start = |number| {
            let (shared, busy, watch) = (Arc::clone(shared), Arc::clone(&busy), Arc::clone(&watch));
            *watch.lock() += 1;
            let counted = Counted(watch);
            std::thread::Builder::new().name(format!("job {number}")).spawn(move || {
                let _counted = counted;
                Worker { shared, busy }.work();
            })
        };
        let threads = (0..THREADS).map(start).collect::<Result<_, _>>();
        let threads = threads.map_err(|source| ServeError::Start { what: "the threads of jobs", source })?;
        Ok(Self { shared: Arc::clone(shared), threads, watch })
    }

    /// Tells whether all of them are alive.
    pub fn watch(&self) -> impl Fn() -> bool + Send + 'static {
        let watch = Arc::clone(&self.watch);
        move || *watch.lock() == THREADS
    }

    /// Ends them where their work can stop. What takes longer is left behind, and done again by the next daemon.
    pub fn end(self, at_most: Duration) {
        self.shared.bell.ring();
        let left = join_within(self.threads, at_most);
        if left > 0 {
            tracing::warn!(jobs = left, "work did not come to where it can stop; it is left as it is, and done again");
        }
    }
}

struct Worker {
    shared: Arc<Shared>,
    busy: Arc<Mutex<Vec<TaskKind>>>,
}

/// A kind that is being worked at.
struct Busy<'a>(&'a Worker, TaskKind);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.lock().retain(|kind| *kind != self.1);
        // Others of this kind may begin.
        self.0.shared.bell.ring();
    }
}

impl Worker {
    fn work(&self) {
        while !self.shared.stop.is_cancelled() {
            if let Err(error) = self.serve_queue() {
                tracing::error!(%error, "the queue of jobs cannot be worked at");
                self.wait(AFTER_FAILURE);
            }
        }
    }

    fn wait(&self, at_most: Duration) {
        let heard = self.shared.bell.rung();
        if !self.shared.stop.is_cancelled() {
            self.shared.bell.wait(heard, at_most);
        }
    }

    fn serve_queue(&self) -> Result<(), WorkError> {
        let mut catalog = self.shared.place().catalog()?;
        while !self.shared.stop.is_cancelled() {
            let heard = self.shared.bell.rung();
            match self.begin(&mut catalog)? {
                Some((job, busy)) => {
                    self.run(&mut catalog, &job)?;
                    drop(busy);
                }
                None => {
                    let next = catalog.next_job_at(&self.busy.lock())?;
                    let until = next.map_or(i64::MAX, |at| at.get().saturating_sub(SystemClock.now().get()));
                    let until = Duration::from_secs(u64::try_from(until).unwrap_or(0));
                    self.shared.bell.wait(heard, until.clamp(Duration::from_millis(100), LOOK));
                }
            }
        }
        Ok(())
    }

    fn begin(&self, catalog: &mut Catalog) -> Result<Option<(Job, Busy<'_>)>, WorkError> {
        let mut busy = self.busy.lock();
        let job = catalog.begin_next_job(&busy, SystemClock.now())?;
        Ok(job.map(|job| {
            busy.push(job.task.kind());
            let kind = job.task.kind();
            (job, Busy(self, kind))
        }))
    }

    fn run(&self, catalog: &mut Catalog, job: &Job) -> Result<(), WorkError> {
        let task = job.task.to_string();
        tracing::info!(job = job.id.get(), task, asked_by = %job.asked_by, attempt = job.attempts, "begun");
        let started_at = SystemClock.now();
        let attendant = self.shared.live.begin(job.id, task.clone(), &self.shared.stop);
        let place = self.shared.place();
        // Only where a panic does not end the process; what it was at is tried again either way.
        let done = catch_unwind(AssertUnwindSafe(|| run_task(&place, catalog, &job.task, &attendant)));
        drop(attendant);
        let now = SystemClock.now();
        let (outcome, is_failed) = match done {
            Ok(Ok(Done { outcome, followed_by })) => {
                catalog.ask_for_all(&followed_by, now)?;
                catalog.job_is_done(job.id, &outcome, now)?;
                tracing::info!(job = job.id.get(), task, outcome, "done");
                (outcome, false)
            }
            Ok(Err(error)) if error.is_cancelled() => {
                tracing::info!(job = job.id.get(), task, "interrupted; it goes on when the daemon is back");
                return Ok(catalog.give_job_back(job.id, now)?);
            }
            Ok(Err(error)) => (note_failure(catalog, job, &error.to_string(), error.may_pass())?, true),
            Err(_) => (note_failure(catalog, job, "it panicked; the log tells where", true)?, true),
        };
        if let Some(word) = word_of(&job.task) {
            let run = TaskRun { task: word.to_owned(), started_at, finished_at: now, outcome, is_failed };
            catalog.note_task_run(&run)?;
        }
        Ok(())
    }
}

/// What may pass is tried again later, as often as such a task is tried.
fn note_failure(catalog: &mut Catalog, job: &Job, why: &str, may_pass: bool) -> Result<String, WorkError> {
    let (id, task, now) = (job.id.get(), job.task.to_string(), SystemClock.now());
    if may_pass && catalog.job_has_failed(job.id, why, now)? == JobState::Queued {
        tracing::warn!(job = id, task, error = why, "failed; it is tried again later");
        return Ok(why.to_owned());
    }
    if !may_pass {
        catalog.give_job_up(job.id, why, now)?;
    }
    tracing::error!(job = id, task, error = why, "failed for good; `posterfs jobs retry` tries it again");
    Ok(why.to_owned())
}
