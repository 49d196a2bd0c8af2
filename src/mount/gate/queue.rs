//! Requests that wait for a seat, or for the thread that makes changes.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Condvar, Mutex};

use super::{Job, Kind, Pass, Ticket};

/// What waits may keep in memory, in bytes. Who brings more waits in its own thread: programs that write a great deal at
/// once to a source that the kernel cannot pass through.
const COST_MAX: usize = 64 << 20;

/// A request in the queue.
struct Waiting {
    ticket: Ticket,
    since: u64,
    job: Job,
}

/// The queue for seats.
#[derive(Default)]
pub struct Queue {
    /// How many are in the queue or about to be.
    announced: AtomicUsize,
    /// Held for a moment, and while the caller looks whether a file system is silent, whose lock is a leaf.
    waiting: Mutex<VecDeque<Waiting>>,
    has_room: Condvar,
}

impl Queue {
    /// Waits until a request of that cost may be added.
    pub fn wait_for_room(&self, cost: usize) {
        let mut waiting = self.waiting.lock();
        while !waiting.is_empty() && waiting.iter().map(|other| other.ticket.cost).sum::<usize>() + cost > COST_MAX {
            self.has_room.wait(&mut waiting);
        }
    }

    /// Somebody is about to be added.
    pub fn announce(&self) {
        self.announced.fetch_add(1, Ordering::SeqCst);
    }

    /// Somebody is not, after all.
    pub fn withdraw(&self) {
        self.announced.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether somebody is in the queue or about to be.
    pub fn is_announced(&self) -> bool {
        self.announced.load(Ordering::SeqCst) > 0
    }

    /// Adds who was announced.
    pub fn push_announced(&self, ticket: Ticket, since: u64, job: Job) {
        self.waiting.lock().push_back(Waiting { ticket, since, job });
    }

    /// Adds who was not.
    pub fn push(&self, ticket: Ticket, since: u64, job: Job) {
        self.announce();
        self.push_announced(ticket, since, job);
    }

    /// Takes the first who is seated.
    pub fn take_first<'a>(&self, mut seat: impl FnMut(&Ticket) -> Option<Pass<'a>>) -> Option<(Pass<'a>, Job)> {
        let mut waiting = self.waiting.lock();
        let (position, pass) =
            waiting.iter().enumerate().find_map(|(position, one)| Some((position, seat(&one.ticket)?)))?;
        let job = waiting.remove(position)?.job;
        self.withdraw();
        self.has_room.notify_all();
        Some((pass, job))
    }

    /// Takes those out that are to be refused, but for what has to be done.
    pub fn take_refused(&self, is_refused: impl Fn(&Ticket, u64) -> bool) -> Vec<Job> {
        let mut waiting = self.waiting.lock();
        let mut refused = Vec::new();
        for one in std::mem::take(&mut *waiting) {
            if one.ticket.kind != Kind::Closing && is_refused(&one.ticket, one.since) {
                refused.push(one.job);
                self.withdraw();
            } else {
                waiting.push_back(one);
            }
        }
        self.has_room.notify_all();
        refused
    }

    /// Whether any in the queue is one of those.
    pub fn any(&self, is_one: impl Fn(&Ticket) -> bool) -> bool {
        self.waiting.lock().iter().any(|waiting| is_one(&waiting.ticket))
    }

    /// How many are in the queue.
    pub fn len(&self) -> usize {
        self.waiting.lock().len()
    }
}

/// Requests that were handed to the thread that makes changes and that it has not begun: by their numbers, and since when.
#[derive(Debug, Default)]
pub struct Handed(Mutex<HashMap<u64, u64>>);

impl Handed {
    /// Adds one.
    pub fn put(&self, ticket: Ticket, now: u64) {
        self.0.lock().insert(ticket.unique, now);
    }

    /// Takes one out; whether it was there.
    pub fn take(&self, unique: u64) -> bool {
        self.0.lock().remove(&unique).is_some()
    }

    /// Takes those out that have waited since before `then`.
    pub fn take_older(&self, then: u64) -> Vec<u64> {
        self.0.lock().extract_if(|_, since| *since < then).map(|(unique, _)| unique).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }
}
