//! Named steps: where tests cut the power.
//!
//! Whatever changes something lasting in several steps says which of them it has just done (`reached("put.named")`). In
//! the program that users run this is nothing at all: only the feature `steps`, which `cargo test` turns on, makes
//! something of it. There is one mechanism for all of posterfs, so a test can kill any command at any step without
//! knowing how it is built:
//!
//! - a child process that is started with `POSTERFS_DIES_AT` kills itself (SIGKILL, so nothing is tidied up) at the step of
//!   that name (`put.named`), at the n-th time of it (`put.named#2`), or at the n-th step of any name (`#17`), and tells
//!   on stderr which it was;
//! - a test in the same process is told of the steps of its own thread (`listen`), to look or to interfere.
//!
//! Likewise a child process can be started with a clock that is ahead of that of the machine by `POSTERFS_CLOCK_AHEAD`
//! seconds, or behind it (`clock_ahead`).

/// A step is done. The name is `what.done`: what is changed, then what has just happened.
#[cfg(not(feature = "steps"))]
#[inline(always)]
pub fn reached(_step: &'static str) {}

/// How many seconds the clock is ahead of that of the machine.
#[cfg(not(feature = "steps"))]
#[inline(always)]
pub fn clock_ahead() -> i64 {
    0
}

#[cfg(feature = "steps")]
pub use tested::{Listening, clock_ahead, listen, reached};

#[cfg(feature = "steps")]
mod tested {
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::rc::Rc;
    use std::sync::OnceLock;

    use parking_lot::Mutex;
    use rustix::process::{Signal, getpid, kill_process};

    type Listener = Rc<RefCell<dyn FnMut(&'static str)>>;

    thread_local! {
        static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
    }

    /// Where this process is to die, and how often each step was reached.
    struct Death {
        name: String,
        at: usize,
        counts: Mutex<HashMap<&'static str, usize>>,
    }

    /// The steps of a thread are listened to until this is dropped.
    #[derive(Debug)]
    pub struct Listening(());

    /// Has a function told of each step that this thread reaches.
    #[must_use]
    pub fn listen(listener: impl FnMut(&'static str) + 'static) -> Listening {
        LISTENER.with(|slot| *slot.borrow_mut() = Some(Rc::new(RefCell::new(listener))));
        Listening(())
    }

    impl Drop for Listening {
        fn drop(&mut self) {
            LISTENER.with(|slot| *slot.borrow_mut() = None);
        }
    }

    /// A step is done. The name is `what.done`: what is changed, then what has just happened.
    pub fn reached(step: &'static str) {
        let listener = LISTENER.with(|slot| slot.borrow().clone());
        // What the listener does may reach steps of its own: it is not told of those.
        if let Some(listener) = listener
            && let Ok(mut listener) = listener.try_borrow_mut()
        {
            listener(step);
        }
        if let Some(death) = death() {
            death.meet(step);
        }
    }

    fn death() -> Option<&'static Death> {
        static DEATH: OnceLock<Option<Death>> = OnceLock::new();
        DEATH.get_or_init(|| Death::parse(&told("POSTERFS_DIES_AT")?)).as_ref()
    }

    /// How many seconds the clock is ahead of that of the machine.
    pub fn clock_ahead() -> i64 {
        static AHEAD: OnceLock<i64> = OnceLock::new();
        *AHEAD.get_or_init(|| told("POSTERFS_CLOCK_AHEAD").and_then(|told| told.parse().ok()).unwrap_or(0))
    }

    #[expect(clippy::disallowed_methods, reason = "tells a process that a test started what is to become of it")]
    fn told(variable: &str) -> Option<String> {
        std::env::var(variable).ok().filter(|told| !told.is_empty())
    }

    impl Death {
        fn parse(told: &str) -> Option<Self> {
            let (name, at) = told.split_once('#').unwrap_or((told, "1"));
            Some(Self { name: name.to_owned(), at: at.parse().ok()?, counts: Mutex::default() })
        }

        /// Counts all steps together when no name is told.
        fn meet(&self, step: &'static str) {
            if !self.name.is_empty() && self.name != step {
                return;
            }
            let mut counts = self.counts.lock();
            let count = counts.entry(if self.name.is_empty() { "" } else { step }).or_insert(0);
            *count += 1;
            if *count == self.at {
                eprintln!("killed at {step}");
                let _ = kill_process(getpid(), Signal::KILL);
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_thread_listens_to_its_own_steps_until_it_stops() {
            let heard = Rc::new(RefCell::new(Vec::new()));
            let into = Rc::clone(&heard);
            let listening = listen(move |step| {
                into.borrow_mut().push(step);
                reached("heard.nothing");
            });
            reached("a.b");
            std::thread::spawn(|| reached("elsewhere.c")).join().unwrap();
            drop(listening);
            reached("a.d");
            assert_eq!(*heard.borrow(), ["a.b"]);
        }

        #[test]
        fn a_death_is_told_by_name_or_number() {
            for (told, name, at) in [("put.named", "put.named", 1), ("put.named#3", "put.named", 3), ("#7", "", 7)] {
                let death = Death::parse(told).unwrap();
                assert_eq!((death.name.as_str(), death.at), (name, at), "{told}");
            }
            assert!(Death::parse("put.named#soon").is_none());
        }
    }
}
