//! The thread that gives up who has waited too long.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::super::threads::{spawn, spawn_large};
use super::seat::Sitting;
use super::{Answer, Gate, Ticket};

/// How often it looks, as a part of the patience, and within which bounds.
const LOOKS: u32 = 10;
const LOOK_MIN: Duration = Duration::from_millis(20);
const LOOK_MAX: Duration = Duration::from_secs(1);
/// What the thread that makes changes is given besides: it waits for other writers of the catalog too, several times.
const CATALOG_MS: u64 = 15_000;

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub struct GateWatch {
    is_ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl GateWatch {
    /// Begins to watch, where anybody is ever given up. `answer` tells the kernel so.
    ///
    /// # Errors
    /// When the thread cannot be made.
    pub fn start(gate: Arc<Gate>, answer: Answer) -> io::Result<Self> {
        let is_ending = Arc::new(AtomicBool::new(false));
        let Some(patience) = gate.patience else { return Ok(Self { is_ending, thread: None }) };
        let _ = gate.answer.set(answer);
        let their_ending = Arc::clone(&is_ending);
        let body = move || {
            while !their_ending.load(Ordering::Acquire) {
                std::thread::park_timeout((patience / LOOKS).clamp(LOOK_MIN, LOOK_MAX));
                gate.look(patience);
            }
        };
        let thread = spawn("patience", body)?;
        Ok(Self { is_ending, thread: Some(thread) })
    }
}

impl Drop for GateWatch {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Gate {
    /// Gives up who has waited for longer than that.
    pub(super) fn look(self: &Arc<Self>, patience: Duration) {
        let now = self.now();
        let patience_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        let is_old = |since: u64| now.saturating_sub(since) > patience_ms;
        // First what shows that a file system is silent, then what is hopeless because of it.
        self.give_up_sitting(now, |one, slack| is_old(one.since.saturating_add(slack)) && !one.is_long);
        if self.silence.is_any() {
            self.give_up_sitting(now, |one, slack| {
                is_old(one.since.saturating_add(slack)) && self.silence.is_silent(one.scope)
            });
            self.refuse_waiting(|ticket, since| {
                // Whoever waits behind what was given up has a seat now; twice the time is for those who find none.
                self.silence.is_silent(ticket.scope) || is_old(since.saturating_add(patience_ms))
            });
        }
        self.relieve();
        // The thread that makes changes may be at something that no request asked for.
        let then = now.saturating_sub(patience_ms.saturating_mul(2));
        for unique in self.handed.take_older(then) {
            self.answer_for_source(unique);
        }
    }

    /// `is_due` tells of who sits and what is granted there besides, in milliseconds.
    fn give_up_sitting(&self, now: u64, is_due: impl Fn(&Sitting, u64) -> bool) {
        for (number, seat) in self.seats.iter().enumerate() {
            let slack = if self.is_counted(number) { 0 } else { CATALOG_MS };
            let Some(sitting) = seat.sitting().filter(|sitting| is_due(sitting, slack)) else { continue };
            if !seat.give_up(sitting.unique) {
                continue;
            }
            let since = Instant::now().checked_sub(Duration::from_millis(now.saturating_sub(sitting.since)));
            if self.silence.begin(sitting.scope, since.unwrap_or(self.begun)) {
                let scope = sitting.scope.0;
                tracing::error!(scope, "the source does not answer: what it is asked for fails until it does");
            }
            if self.is_counted(number) {
                self.sitting.fetch_sub(1, Ordering::SeqCst);
            }
            self.answer_for_source(sitting.unique);
        }
    }

    fn refuse_waiting(&self, is_refused: impl Fn(&Ticket, u64) -> bool) {
        let refused = self.queue.take_refused(is_refused);
        self.gave_up.fetch_add(refused.len() as u64, Ordering::Relaxed);
        refused.into_iter().for_each(|job| job(None));
    }

    /// Where who sat was given up, nobody left the seat: somebody has to run what waits for one.
    fn relieve(self: &Arc<Self>) {
        let can_run = |ticket: &Ticket| !self.silence.is_silent(ticket.scope);
        let has_seat = self.sitting.load(Ordering::SeqCst) < self.places;
        if self.queue.is_announced() && has_seat && self.queue.any(can_run) {
            let gate = Arc::clone(self);
            let started = spawn_large("relief", move || gate.work_off());
            if let Err(error) = started {
                tracing::warn!(%error, "what waits for the source goes on waiting");
            }
        }
    }

    fn answer_for_source(&self, unique: u64) {
        self.gave_up.fetch_add(1, Ordering::Relaxed);
        if let Some(answer) = self.answer.get().filter(|_| unique != 0) {
            answer(unique);
        }
    }
}
