//! Waiting for the source: how many requests may, and for how long.
//!
//! A call on the source may hang: a network share whose server is gone, a file system below that never answers, a disk
//! that tries to read a sector again and again. The thread that made it can neither be stopped nor asked. What the
//! catalog and the cache answer must go on all the same:
//!
//! 1. Every request that may wait for the source takes a *seat*. There are as many as `threads`; who finds none
//!    waits in a queue, as a closure with its reply, and is run by whoever leaves a seat. The mount has more threads than
//!    seats ([`threads_for`]), so some are always left for what needs no source. Taking and leaving a seat is a few atomic
//!    operations; no request goes from one thread to another as long as there are seats.
//! 2. Who has sat for longer than the *patience* (`source_timeout`) is given up by the thread of this module: the program
//!    is answered `EIO`. The call itself goes on; what comes of it is taken back when it returns, and until then it counts
//!    no more among those that sit. What takes long by its nature (`fsync`, copies, allocation) is given up only
//!    when the rest hangs as well.
//! 3. A file system with such a call is *silent*: what is asked of it is refused at once. It has found its voice when that
//!    call returns. One request is let through now and then ([`silence`]), as a call may be lost for good.
//!
//! The file system is the [`Scope`]: what is mounted below the source hangs by itself, and the rest goes on.
//!
//! No lock of this module is held while a request runs.

mod queue;
mod seat;
mod silence;
#[cfg(test)]
mod tests;
mod watch;

use std::cell::Cell;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use queue::{Handed, Queue};
use seat::Seat;
use silence::{Admission, Silence};
pub use watch::GateWatch;

/// Threads that no seat can keep busy.
const SPARE_THREADS: usize = 4;
/// Calls that were given up and have not returned may fill that many seats without taking one away from the rest.
const LOST_SEATS: usize = 8;

/// How many threads serve a mount with that many seats.
#[must_use]
pub fn threads_for(seats: u16) -> usize {
    usize::from(seats) + LOST_SEATS + SPARE_THREADS
}

/// A file system that hangs, or does not, by itself: the source's own is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(pub u64);

impl Scope {
    /// The source's own file system.
    pub const OWN: Self = Self(0);
}

/// How long a call may take by its nature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No disk takes longer over it than it takes to start.
    Short,
    /// As long as there is much to do.
    Long,
    /// The same; and it has to be done, sooner or later: nobody waits for it.
    Closing,
}

/// What a request asks for at the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The kernel's number of the request; 0 where no request waits.
    pub unique: u64,
    /// The file system that it goes to.
    pub scope: Scope,
    /// What kind of call it makes.
    pub kind: Kind,
    /// What it keeps in memory while it waits, in bytes.
    pub cost: usize,
}

/// A request that runs with a seat, or is refused (`None`).
type Job = Box<dyn FnOnce(Option<Pass<'_>>) + Send>;
/// Answers `EIO` to the request of that number.
pub type Answer = Box<dyn Fn(u64) + Send + Sync>;

/// See the module.
pub struct Gate {
    /// The last is that of the thread that makes changes.
    seats: Vec<Seat>,
    /// How many may sit, besides those that were given up and that thread.
    places: usize,
    sitting: AtomicUsize,
    patience: Option<Duration>,
    begun: Instant,
    queue: Queue,
    handed: Handed,
    silence: Silence,
    gave_up: AtomicU64,
    answer: OnceLock<Answer>,
}

/// A seat, until it is dropped.
#[derive(Debug)]
pub struct Pass<'a> {
    gate: &'a Gate,
    seat: usize,
    ticket: Ticket,
    is_trial: bool,
    /// `None` while it is not known.
    is_ours: Option<bool>,
}

thread_local! {
    /// The gate (by its address) and the seat on which this thread sits.
    static SEATED: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
    /// Where this thread sat last: probably free again.
    static LAST_SEAT: Cell<usize> = const { Cell::new(0) };
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("places", &self.places).field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl Gate {
    /// A gate with that many seats. Without patience nobody is ever given up.
    #[must_use]
    pub fn new(places: u16, patience: Option<Duration>) -> Self {
        let places = usize::from(places).max(1);
        Self {
            seats: (0..=places + LOST_SEATS).map(|_| Seat::default()).collect(),
            places,
            sitting: AtomicUsize::new(0),
            patience,
            begun: Instant::now(),
            queue: Queue::default(),
            handed: Handed::default(),
            silence: Silence::new(patience.unwrap_or(Duration::MAX)),
            gave_up: AtomicU64::new(0),
            answer: OnceLock::new(),
        }
    }

    /// Runs a request: at once, in this thread, where there is a seat; else when there is one, in the thread that left it.
    /// It is run without a pass, and must not touch the source then, where the source does not answer.
    pub fn run(&self, ticket: Ticket, job: impl FnOnce(Option<Pass<'_>>) + Send + 'static) {
        if ticket.kind == Kind::Closing && self.silence.is_silent(ticket.scope) {
            return self.queue.push(ticket, self.now(), Box::new(job));
        }
        match self.admit(ticket.scope) {
            Admission::Refused => job(None),
            Admission::Trial => {
                job(self.sit_down(ticket, true));
                self.work_off();
            }
            Admission::Free => match self.sit_down(ticket, false) {
                Some(pass) => {
                    job(Some(pass));
                    self.work_off();
                }
                None => self.wait(ticket, Box::new(job)),
            },
        }
    }

    /// A seat at once, for a request that would have to copy what it brings before it could wait. Whoever had it calls
    /// [`Self::work_off`] afterwards. `None` where there is none now, or where the request is to be refused.
    #[must_use]
    pub fn sit(&self, ticket: Ticket) -> Option<Pass<'_>> {
        if self.silence.is_silent(ticket.scope) { None } else { self.sit_down(ticket, false) }
    }

    /// Does what goes to another file system than the request that this thread runs, or belongs to no request.
    ///
    /// # Errors
    /// Those of `work`; `EIO` where that file system does not answer.
    pub fn within<T>(&self, scope: Scope, work: impl FnOnce() -> Result<T, Errno>) -> Result<T, Errno> {
        let is_trial = match self.admit(scope) {
            Admission::Refused => return Err(Errno::IO),
            Admission::Trial => true,
            Admission::Free => false,
        };
        let seated = SEATED.get().filter(|(gate, _)| *gate == self.address());
        let Some(seat) = seated.and_then(|(_, seat)| self.seats.get(seat)) else {
            let outcome = work();
            if is_trial {
                self.silence.end(scope);
            }
            return outcome;
        };
        let before = seat.swap_scope(scope);
        let outcome = work();
        seat.swap_scope(before);
        if is_trial || seat.is_given_up() {
            self.silence.end(scope);
        }
        outcome
    }

    /// Whether that file system does not answer.
    #[must_use]
    pub fn is_silent(&self, scope: Scope) -> bool {
        self.silence.is_silent(scope)
    }

    /// The file systems that do not answer, and for how long.
    #[must_use]
    pub fn silent(&self) -> Vec<(Scope, Duration)> {
        self.silence.list()
    }

    /// How many requests wait for the source now, with a seat and without.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.seats.iter().filter(|seat| !seat.is_free()).count() + self.queue.len() + self.handed.len()
    }

    /// How many requests were answered for the source.
    #[must_use]
    pub fn gave_up(&self) -> u64 {
        self.gave_up.load(Ordering::Relaxed)
    }

    /// The thread that makes changes takes over what was handed to it. `None` when the request was given up meanwhile, or
    /// would be: then nothing is to be done but to answer.
    #[must_use]
    pub fn resume(&self, ticket: Ticket) -> Option<Pass<'_>> {
        let is_waiting = self.handed.take(ticket.unique);
        if !is_waiting || matches!(self.admit(ticket.scope), Admission::Refused) {
            return None;
        }
        let seat = self.seats.len() - 1;
        self.seats[seat].take().then(|| self.begin(seat, ticket, false))
    }

    fn admit(&self, scope: Scope) -> Admission {
        self.silence.admit(scope, || self.seats.iter().filter(|seat| seat.is_free()).count() > self.places / 2)
    }

    /// A seat, if one is free.
    fn sit_down(&self, ticket: Ticket, is_trial: bool) -> Option<Pass<'_>> {
        let is_room = |sitting| (sitting < self.places).then_some(sitting + 1);
        self.sitting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, is_room).ok()?;
        let count = self.seats.len() - 1;
        let last = LAST_SEAT.get();
        let free = (0..count).map(|step| (last + step) % count).find(|&seat| self.seats[seat].take());
        match free {
            Some(seat) => {
                LAST_SEAT.set(seat);
                Some(self.begin(seat, ticket, is_trial))
            }
            None => {
                self.sitting.fetch_sub(1, Ordering::SeqCst);
                None
            }
        }
    }

    fn begin(&self, seat: usize, ticket: Ticket, is_trial: bool) -> Pass<'_> {
        self.seats[seat].begin(&ticket, self.now());
        SEATED.set(Some((self.address(), seat)));
        Pass { gate: self, seat, ticket, is_trial, is_ours: None }
    }

    /// There was no seat: into the queue, unless one has been left meanwhile.
    fn wait(&self, ticket: Ticket, job: Job) {
        self.queue.wait_for_room(ticket.cost);
        self.queue.announce();
        // Who leaves a seat looks for announcements afterwards: one of us two finds the other.
        match self.sit_down(ticket, false) {
            Some(pass) => {
                self.queue.withdraw();
                job(Some(pass));
            }
            None => self.queue.push_announced(ticket, self.now(), job),
        }
        self.work_off();
    }

    /// Runs what waits in the queue, as long as there are seats.
    pub fn work_off(&self) {
        while self.queue.is_announced() {
            let next = self.queue.take_first(|ticket| {
                if self.silence.is_silent(ticket.scope) { None } else { self.sit_down(*ticket, false) }
            });
            let Some((pass, job)) = next else { return };
            job(Some(pass));
        }
    }

    /// Since the gate was made, in milliseconds.
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Whether a seat counts among those that may sit: not that of the thread that makes changes.
    fn is_counted(&self, seat: usize) -> bool {
        seat + 1 < self.seats.len()
    }
}

impl Pass<'_> {
    /// The call has returned: whether the request is still to be answered. If not, the program has been told `EIO`, and what
    /// the call has made of it is to be taken back.
    pub fn is_ours(&mut self) -> bool {
        if let Some(known) = self.is_ours {
            return known;
        }
        let is_ours = self.gate.seats[self.seat].end(self.ticket.unique);
        if !is_ours || self.is_trial {
            self.gate.silence.end(self.ticket.scope);
        }
        self.is_ours = Some(is_ours);
        is_ours
    }

    /// The rest is for the thread that makes changes: gives the seat back, and keeps the request in sight. `None` when it
    /// has been given up.
    #[must_use]
    pub fn hand_over(mut self) -> Option<Ticket> {
        let is_ours = self.is_ours();
        is_ours.then(|| {
            self.gate.handed.put(self.ticket, self.gate.now());
            self.ticket
        })
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let is_ours = self.is_ours();
        SEATED.set(None);
        self.gate.seats[self.seat].leave();
        // Who was given up is not counted any more.
        if is_ours && self.gate.is_counted(self.seat) {
            self.gate.sitting.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
