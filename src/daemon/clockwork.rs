//! The thread that looks at the clock and at the catalog: asks for what the schedule names, and wakes the workers when another
//! process has queued something.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use parking_lot::Mutex;

use crate::catalog::{Catalog, JobFilter, NewJob};
use crate::model::{AskedBy, Clock, GenerationId, JobState, SystemClock, Task, UnixSeconds};
use crate::work::WorkError;

use super::ServeError;
use super::bell::Bell;
use super::schedule::{Schedule, task_of};
use super::serve::join_within;
use super::state::Shared;

/// How often it looks.
const TICK: Duration = Duration::from_secs(1);
/// How long further publications are waited for before players are told, in seconds.
const COLLECT_SECONDS: i64 = 3;
/// How long it may take to end.
const END: Duration = Duration::from_secs(5);

/// The thread.
#[derive(Debug)]
pub struct Clockwork {
    inner: Arc<Inner>,
    thread: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    bell: Bell,
    has_other_plan: AtomicBool,
    beat: Mutex<Instant>,
}

impl Clockwork {
    pub fn start(shared: &Arc<Shared>) -> Result<Self, ServeError> {
        let (bell, has_other_plan) = (Bell::default(), AtomicBool::new(false));
        let inner =
            Arc::new(Inner { shared: Arc::clone(shared), bell, has_other_plan, beat: Mutex::new(Instant::now()) });
        let theirs = Arc::clone(&inner);
        let thread = std::thread::Builder::new().name("schedule".to_owned()).spawn(move || theirs.run());
        let thread = thread.map_err(|source| ServeError::Start { what: "the schedule", source })?;
        Ok(Self { inner, thread: vec![thread] })
    }

    /// The plan has changed.
    pub fn look_again(&self) {
        self.inner.has_other_plan.store(true, Ordering::Release);
        self.inner.bell.ring();
    }

    /// Tells when the thread was last alive.
    pub fn beat(&self) -> impl Fn() -> Duration + Send + 'static {
        let inner = Arc::clone(&self.inner);
        move || inner.beat.lock().elapsed()
    }

    /// Ends it.
    pub fn end(&mut self) {
        self.inner.bell.ring();
        join_within(std::mem::take(&mut self.thread), END);
    }
}

impl Inner {
    fn run(&self) {
        while !self.shared.stop.is_cancelled() {
            if let Err(error) = self.follow() {
                tracing::error!(%error, "the schedule cannot be followed");
                self.rest(5 * TICK);
            }
        }
    }

    fn rest(&self, at_most: Duration) {
        let heard = self.bell.rung();
        *self.beat.lock() = Instant::now();
        if !self.shared.stop.is_cancelled() && !self.has_other_plan.load(Ordering::Acquire) {
            self.bell.wait(heard, at_most);
        }
    }

    fn follow(&self) -> Result<(), WorkError> {
        let place = self.shared.place();
        let mut catalog = place.catalog()?;
        let settings = place.config.schedule.clone();
        let mut schedule = Schedule::new(settings, TimeZone::system(), &catalog.task_runs()?, SystemClock.now());
        let (mut version, mut told_of) = (0, None);
        while !self.shared.stop.is_cancelled() {
            if self.has_other_plan.swap(false, Ordering::AcqRel) {
                schedule.change(self.shared.place().config.schedule.clone());
            }
            for word in schedule.due(SystemClock.now()) {
                self.ask(&mut catalog, word)?;
            }
            *self.shared.schedule.lock() = schedule.view();
            // Another process, or another thread, has written: there may be jobs.
            let now = catalog.data_version()?;
            if std::mem::replace(&mut version, now) != now {
                self.tell_players(&mut catalog, &mut told_of)?;
                self.shared.bell.ring();
            }
            self.rest(TICK);
        }
        Ok(())
    }

    /// Whoever has published: each player is to hear of it, once for what comes within a few seconds.
    fn tell_players(&self, catalog: &mut Catalog, told_of: &mut Option<GenerationId>) -> Result<(), WorkError> {
        let generation = catalog.latest_generation()?;
        if *told_of == Some(generation) {
            return Ok(());
        }
        let now = SystemClock.now();
        let not_before = UnixSeconds::new(now.get() + COLLECT_SECONDS);
        for (player, settings) in self.shared.place().config.player.all() {
            if !settings.url.is_empty() && catalog.told(player)? != Some(generation) {
                let task = Task::Notify { player: player.to_owned(), generation };
                catalog.ask_for(&NewJob { task, asked_by: AskedBy::Job, not_before }, now)?;
            }
        }
        *told_of = Some(generation);
        Ok(())
    }

    fn ask(&self, catalog: &mut Catalog, word: &'static str) -> Result<(), WorkError> {
        let Some(task) = task_of(word) else { return Ok(()) };
        if is_running(catalog, &task)? {
            tracing::info!(task = word, "due, but the last one is still under way");
            return Ok(());
        }
        let now = SystemClock.now();
        self.shared.ask_for(&NewJob { task, asked_by: AskedBy::Schedule, not_before: now })?;
        Ok(())
    }
}

fn is_running(catalog: &Catalog, task: &Task) -> Result<bool, WorkError> {
    let filter = JobFilter { states: vec![JobState::Running], kinds: vec![task.kind()], before: None };
    Ok(catalog.jobs(&filter, 100)?.iter().any(|job| job.task == *task))
}
