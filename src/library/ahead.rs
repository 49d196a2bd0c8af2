//! Work that is done ahead on a few threads, and handed out in the order in which it is waited for.
//!
//! What is slow about a media tree is waiting for the disk, or for a server behind it. So several folders or files are
//! asked for at once; what is made of the answers happens one after the other, on the thread that asks.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;

use parking_lot::{Condvar, Mutex};

/// Threads that do jobs of one kind.
pub struct Helpers<'a, J, R> {
    run: &'a (dyn Fn(J) -> R + Sync),
    queue: Mutex<Queue<J, R>>,
    /// Something was put into the queue, or it was closed.
    changed: Condvar,
}

/// A job whose result is still to come.
pub struct Pending<R>(Arc<Slot<R>>);

struct Queue<J, R> {
    waiting: VecDeque<(J, Arc<Slot<R>>)>,
    is_closed: bool,
}

struct Slot<R> {
    result: Mutex<Option<thread::Result<R>>>,
    is_done: Condvar,
}

/// Does `work` with `count` threads beside it that do what it asks of them by `run`. Threads that cannot be had are done
/// without.
pub fn with_helpers<J: Send, R: Send, T>(
    count: usize,
    run: &(dyn Fn(J) -> R + Sync),
    work: impl FnOnce(&Helpers<'_, J, R>) -> T,
) -> T {
    let queue = Queue { waiting: VecDeque::new(), is_closed: false };
    let helpers = Helpers { run, queue: Mutex::new(queue), changed: Condvar::new() };
    thread::scope(|scope| {
        // However `work` ends, the threads are let go; without that, the scope would wait for them for ever.
        let _closing = Closing(&helpers);
        for _ in 0..count {
            let spawned = thread::Builder::new().name("ahead".to_owned()).spawn_scoped(scope, || helpers.serve());
            if let Err(error) = spawned {
                tracing::debug!(%error, "no further thread");
                break;
            }
        }
        work(&helpers)
    })
}

struct Closing<'a, 'b, J, R>(&'a Helpers<'b, J, R>);

impl<J, R> Drop for Closing<'_, '_, J, R> {
    fn drop(&mut self) {
        let mut queue = self.0.queue.lock();
        queue.is_closed = true;
        // What nobody waits for any more need not be done.
        queue.waiting.clear();
        self.0.changed.notify_all();
    }
}

impl<J, R> Helpers<'_, J, R> {
    /// Asks for a job. How many are under way is up to the caller; each is held until it is waited for.
    pub fn ask(&self, job: J) -> Pending<R> {
        let slot = Arc::new(Slot { result: Mutex::new(None), is_done: Condvar::new() });
        self.queue.lock().waiting.push_back((job, slot.clone()));
        self.changed.notify_one();
        Pending(slot)
    }

    /// The result of a job. Whoever waits for one helps meanwhile, so that everything gets done with no thread at all.
    ///
    /// # Panics
    /// When the job did.
    pub fn wait(&self, pending: Pending<R>) -> R {
        let slot = pending.0;
        while slot.result.lock().is_none() {
            let Some((job, other)) = self.queue.lock().waiting.pop_front() else { break };
            self.fill(job, &other);
        }
        let mut result = slot.result.lock();
        loop {
            match result.take() {
                Some(Ok(result)) => return result,
                Some(Err(panic)) => resume_unwind(panic),
                None => slot.is_done.wait(&mut result),
            }
        }
    }

    fn serve(&self) {
        loop {
            let mut queue = self.queue.lock();
            let (job, slot) = loop {
                if queue.is_closed {
                    return;
                }
                match queue.waiting.pop_front() {
                    Some(task) => break task,
                    None => self.changed.wait(&mut queue),
                }
            };
            drop(queue);
            self.fill(job, &slot);
        }
    }

    fn fill(&self, job: J, slot: &Slot<R>) {
        // A job that panics does so where it is waited for; the thread goes on.
        let result = catch_unwind(AssertUnwindSafe(|| (self.run)(job)));
        *slot.result.lock() = Some(result);
        slot.is_done.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_questions_with_any_number_of_threads() {
        for count in [0, 1, 4] {
            let doubled = with_helpers(count, &|number: u32| number * 2, |helpers| {
                let pending: Vec<_> = (0..100).map(|number| helpers.ask(number)).collect();
                pending.into_iter().map(|pending| helpers.wait(pending)).collect::<Vec<_>>()
            });
            assert_eq!(doubled, (0..100).map(|number| number * 2).collect::<Vec<_>>(), "{count} threads");
        }
    }

    #[test]
    fn jobs_are_done_at_the_same_time() {
        // Each job waits until all three are under way, the third one on the thread that waits.
        let (barrier, caller) = (Barrier::new(3), thread::current().id());
        let run = |(): ()| {
            barrier.wait();
            thread::current().id()
        };
        let threads: BTreeSet<String> = with_helpers(2, &run, |helpers| {
            let pending: Vec<_> = (0..3).map(|_| helpers.ask(())).collect();
            pending.into_iter().map(|pending| format!("{:?}", helpers.wait(pending))).collect()
        });
        assert_eq!(threads.len(), 3);
        assert!(threads.contains(&format!("{caller:?}")));
    }

    #[test]
    fn a_job_that_panics_does_so_where_it_is_waited_for_and_the_threads_end() {
        for count in [0, 2] {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                with_helpers(count, &|number: u32| assert!(number != 1, "job {number}"), |helpers| {
                    let [first, second] = [0, 1].map(|number| helpers.ask(number));
                    helpers.wait(first);
                    helpers.wait(second);
                });
            }));
            let panic = outcome.unwrap_err();
            assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("job 1"), "{count} threads");
        }
    }

    #[test]
    fn what_nobody_waits_for_is_left() {
        let answer = with_helpers(1, &|number: u32| number, |helpers| {
            (0..10_000).for_each(|number| drop(helpers.ask(number)));
            "done"
        });
        assert_eq!(answer, "done");
    }
}
