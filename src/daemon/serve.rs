//! From the start to the end.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::catalog::Catalog;
use crate::config::Config;
use crate::control::TaskLock;
use crate::model::{Clock, SystemClock};
use crate::work::Workplace;

use super::calls::{Calls, Runner};
use super::clockwork::Clockwork;
use super::log::LogLevel;
use super::mounts::Condition;
use super::state::Shared;
use super::web::Web;
use super::workers::Workers;
use super::{ServeError, check, signals, systemd};

/// How long the work that is under way may take to come to where it can stop.
const DRAIN: Duration = Duration::from_secs(20);
/// How long stopping takes altogether at most, for systemd: work, HTTP, open files in the views.
const STOP: Duration = Duration::from_secs(60);

/// What happens to the daemon.
#[derive(Debug)]
pub enum Event {
    /// It is to read its configuration again; who asked wants to know how that went.
    Reload(Option<Sender<Result<(), String>>>),
    /// A view came up, or ended, or cannot be made.
    Mounts,
    /// It is to end.
    Stop,
}

/// How the daemon is started.
pub struct ServeOptions {
    /// State folder and configuration.
    pub place: Workplace,
    /// The configuration file that was given, for reading it again.
    pub given_config: Option<PathBuf>,
    /// Does what commands ask for.
    pub runner: Arc<dyn Runner>,
    /// Changes what is logged.
    pub level: LogLevel,
}

/// Everything that runs, in the order in which it was started.
struct Running {
    shared: Arc<Shared>,
    options: ServeOptions,
    events: Sender<Event>,
    web: Option<Web>,
    workers: Workers,
    clockwork: Clockwork,
    calls: Calls,
    is_ready: bool,
    _lock: TaskLock,
}

/// Serves until it is told to end by a signal.
///
/// # Errors
/// When it cannot start; nothing is left behind then.
pub fn serve(options: ServeOptions) -> Result<(), ServeError> {
    let (events, happening) = channel();
    let mut running = Running::start(options, events)?;
    running.look_at_mounts();
    running.attend(&happening);
    running.end();
    Ok(())
}

impl Running {
    fn start(options: ServeOptions, events: Sender<Event>) -> Result<Self, ServeError> {
        let place = &options.place;
        place.state.make()?;
        let lock = lock_state(place)?;
        options.level.set(&place.config.log.level)?;
        let shared = Arc::new(Shared::new(place.clone()));
        signals::start(events.clone(), Arc::clone(&shared))?;
        systemd::status("starting");
        let mut catalog = Catalog::open(&place.state.database())?;
        let interrupted = catalog.queue_interrupted_jobs(SystemClock.now())?;
        if interrupted > 0 {
            tracing::warn!(jobs = interrupted, "queued again what was under way when the last daemon died");
        }
        drop(catalog);
        shared.mounts.clear_dead(place);
        let web = Web::start(&shared)?;
        shared.mounts.follow(place, &events)?;
        let workers = Workers::start(&shared)?;
        let clockwork = Clockwork::start(&shared)?;
        let calls = Calls::start(&shared, Arc::clone(&options.runner), options.level.clone(), events.clone())?;
        Ok(Self { shared, options, events, web, workers, clockwork, calls, is_ready: false, _lock: lock })
    }

    /// Waits for what happens, until it is to end.
    fn attend(&mut self, happening: &Receiver<Event>) {
        while let Ok(event) = happening.recv() {
            match event {
                Event::Stop => return,
                Event::Mounts => self.look_at_mounts(),
                Event::Reload(asked_by) => {
                    let outcome = self.reload();
                    if let Some(asked_by) = asked_by {
                        let _ = asked_by.send(outcome);
                    }
                }
            }
        }
    }

    /// Tells systemd once everything has started, and what is missing until then.
    fn look_at_mounts(&mut self) {
        let conditions = self.shared.mounts.conditions();
        let waiting: Vec<String> = conditions
            .iter()
            .filter_map(|(mountpoint, condition)| match condition {
                Condition::Waiting(error) => Some(format!("{}: {error}", mountpoint.display())),
                _ => None,
            })
            .collect();
        let up = conditions.iter().filter(|(_, condition)| *condition == Condition::Up).count();
        let text = match waiting.as_slice() {
            [] => format!("{up} of {} views mounted", conditions.len()),
            waiting => format!("{up} of {} views mounted; waiting for {}", conditions.len(), waiting.join("; ")),
        };
        if self.is_ready || !self.shared.mounts.are_up() {
            return systemd::status(&text);
        }
        self.is_ready = true;
        tracing::info!(views = up, "ready");
        systemd::ready(&text);
        check::start(&self.shared, self.clockwork.beat(), self.workers.watch());
    }

    /// Reads the configuration again. A wrong one changes nothing.
    fn reload(&mut self) -> Result<(), String> {
        systemd::reloading();
        let outcome =
            self.load().and_then(|place| self.follow(place)).map_err(|error| error.to_string().replace('\n', " "));
        match &outcome {
            Ok(()) => {
                tracing::info!("the configuration was read again");
                systemd::ready("the configuration was read again");
            }
            Err(error) => {
                tracing::error!(%error, "the configuration was not taken; the one before stays in force");
                systemd::ready(&format!("the configuration was not taken: {error}"));
            }
        }
        outcome
    }

    fn load(&self) -> Result<Workplace, ServeError> {
        let (config, config_file) = Config::load(self.options.given_config.as_deref())?;
        config.http.address()?;
        Ok(Workplace { config: Arc::new(config), config_file, ..self.options.place.clone() })
    }

    /// What can fail comes first, so that a configuration is in force as a whole or not at all.
    fn follow(&mut self, place: Workplace) -> Result<(), ServeError> {
        let before = self.shared.place();
        if place.config.http != before.config.http {
            // The address may be the same, so the old one ends first; if the new one cannot begin, the old comes back.
            self.web = None;
            self.shared.set_place(place.clone());
            match Web::start(&self.shared) {
                Ok(web) => self.web = web,
                Err(error) => {
                    self.shared.set_place(before.as_ref().clone());
                    self.web = Web::start(&self.shared)?;
                    return Err(error);
                }
            }
        }
        self.options.level.set(&place.config.log.level)?;
        self.shared.mounts.follow(&place, &self.events)?;
        self.shared.set_place(place);
        self.clockwork.look_again();
        Ok(())
    }

    /// Ends everything, what was started last first; the views last of all.
    fn end(mut self) {
        tracing::info!("stopping");
        systemd::stopping(STOP);
        self.shared.stop.cancel();
        drop(self.web.take());
        self.clockwork.end();
        self.calls.end(DRAIN);
        self.workers.end(DRAIN);
        self.shared.mounts.end();
        tracing::info!("stopped");
    }
}

/// One daemon has a state folder.
fn lock_state(place: &Workplace) -> Result<TaskLock, ServeError> {
    let state = || place.state.path().to_owned();
    match TaskLock::try_take(&place.state.run(), "daemon") {
        Ok(Ok(lock)) => Ok(lock),
        Ok(Err(holder)) => Err(ServeError::Running { state: state(), holder }),
        Err(source) => Err(ServeError::Lock { state: state(), source }),
    }
}

/// Waits for threads to end, so long at most; how many have not.
pub fn join_within(threads: Vec<std::thread::JoinHandle<()>>, at_most: Duration) -> usize {
    let deadline = Instant::now() + at_most;
    let (ended, all_ended) = channel::<()>();
    let count = threads.len();
    let joiners = threads.into_iter().map(|thread| {
        let ended = ended.clone();
        std::thread::spawn(move || {
            let _ = thread.join();
            let _ = ended.send(());
        })
    });
    let joiners: Vec<_> = joiners.collect();
    let mut left = count;
    while left > 0 {
        match all_ended.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(()) => left -= 1,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    drop(joiners);
    left
}
