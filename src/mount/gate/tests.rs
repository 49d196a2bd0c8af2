use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::*;

const PATIENCE: Duration = Duration::from_millis(40);
/// How long anything may take to come about.
const SOON: Duration = Duration::from_secs(20);

fn ticket(unique: u64, scope: Scope) -> Ticket {
    Ticket { unique, scope, kind: Kind::Short, cost: 1 }
}

#[track_caller]
fn wait_for(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < SOON, "it has not come about");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A gate that is looked at, and what it has answered.
struct Watched {
    gate: Arc<Gate>,
    answered: Arc<Mutex<Vec<u64>>>,
    _watch: GateWatch,
}

fn watched(places: u16) -> Watched {
    let gate = Arc::new(Gate::new(places, Some(PATIENCE)));
    let answered = Arc::<Mutex<Vec<u64>>>::default();
    let theirs = Arc::clone(&answered);
    let watch = GateWatch::start(Arc::clone(&gate), Box::new(move |unique| theirs.lock().push(unique))).unwrap();
    Watched { gate, answered, _watch: watch }
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Answered,
    TakenBack,
    Refused,
}

/// A request in a thread of its own, which hangs until told to go on.
struct Hanging {
    go_on: Sender<()>,
    end: Receiver<End>,
}

impl Hanging {
    fn begin(gate: &Arc<Gate>, ticket: Ticket) -> Self {
        let ((go_on, told), (ended, end), (sat, has_sat)) = (channel::<()>(), channel(), channel());
        let gate = Arc::clone(gate);
        std::thread::spawn(move || {
            gate.run(ticket, move |pass| {
                let _ = sat.send(());
                let end = match pass {
                    None => End::Refused,
                    Some(mut pass) => {
                        let _ = told.recv();
                        if pass.is_ours() { End::Answered } else { End::TakenBack }
                    }
                };
                let _ = ended.send(end);
            });
        });
        has_sat.recv_timeout(SOON).unwrap();
        Self { go_on, end }
    }

    fn end(self) -> End {
        let _ = self.go_on.send(());
        self.end.recv_timeout(SOON).unwrap()
    }
}

/// Runs a request that takes no time.
fn quick(gate: &Gate, ticket: Ticket) -> Receiver<End> {
    let (ended, end) = channel();
    gate.run(ticket, move |pass| {
        let end = match pass {
            None => End::Refused,
            Some(mut pass) => {
                if pass.is_ours() {
                    End::Answered
                } else {
                    End::TakenBack
                }
            }
        };
        let _ = ended.send(end);
    });
    end
}

#[test]
fn a_request_runs_at_once_where_there_is_a_seat_and_in_its_turn_where_there_is_none() {
    let gate = Arc::new(Gate::new(2, None));
    let sitting = [Hanging::begin(&gate, ticket(2, Scope::OWN)), Hanging::begin(&gate, ticket(4, Scope::OWN))];
    let ends: Vec<_> = (3..10).map(|number| quick(&gate, ticket(2 * number, Scope::OWN))).collect();
    assert!(ends.iter().all(|end| end.try_recv().is_err()), "nobody sits on another one's seat");
    assert_eq!(gate.waiting(), 9);
    for one in sitting {
        assert_eq!(one.end(), End::Answered);
    }
    assert!(ends.iter().all(|end| end.recv_timeout(SOON) == Ok(End::Answered)));
    wait_for(|| gate.waiting() == 0);
    assert_eq!(gate.gave_up(), 0);
}

#[test]
fn who_waits_too_long_is_given_up_and_the_rest_refused_until_the_call_returns() {
    let Watched { gate, answered, _watch } = watched(2);
    let lost = Hanging::begin(&gate, ticket(2, Scope::OWN));
    wait_for(|| gate.silence.is_silent(Scope::OWN));
    assert_eq!(*answered.lock(), [2]);
    assert!(matches!(gate.silent()[..], [(Scope::OWN, since)] if since >= PATIENCE));
    assert_eq!(gate.within(Scope::OWN, || Ok(())), Err(Errno::IO));
    assert_eq!(lost.end(), End::TakenBack);
    wait_for(|| gate.silent().is_empty());
    assert_eq!(quick(&gate, ticket(4, Scope::OWN)).recv_timeout(SOON), Ok(End::Answered));
    assert_eq!(*answered.lock(), [2], "nobody is answered twice");
}

#[test]
fn what_hangs_on_one_file_system_leaves_the_seats_to_the_others() {
    let Watched { gate, answered, _watch } = watched(2);
    let share = Scope(7);
    let lost: Vec<_> = [2, 4].map(|unique| Hanging::begin(&gate, ticket(unique, share))).into();
    // Both seats are taken: these wait, and are run by nobody who gets up.
    let ours = quick(&gate, ticket(6, Scope::OWN));
    let theirs = quick(&gate, ticket(8, share));
    assert_eq!(ours.recv_timeout(SOON), Ok(End::Answered));
    assert_eq!(theirs.recv_timeout(SOON), Ok(End::Refused));
    let mut given_up = answered.lock().clone();
    given_up.sort_unstable();
    assert_eq!(given_up, [2, 4]);
    assert_eq!(quick(&gate, ticket(10, Scope::OWN)).recv_timeout(SOON), Ok(End::Answered));
    for one in lost {
        assert_eq!(one.end(), End::TakenBack);
    }
}

#[test]
fn a_call_that_never_returns_does_not_silence_for_ever() {
    let Watched { gate, answered: _, _watch } = watched(1);
    let lost = Hanging::begin(&gate, ticket(2, Scope::OWN));
    wait_for(|| gate.silence.is_silent(Scope::OWN));
    // Now and then one is let through, and comes back.
    wait_for(|| quick(&gate, ticket(4, Scope::OWN)).recv_timeout(SOON) == Ok(End::Answered));
    assert!(gate.silent().is_empty());
    drop(lost);
}

#[test]
fn what_takes_long_by_its_nature_is_given_up_with_the_rest_only() {
    let Watched { gate, answered, _watch } = watched(4);
    let long = Hanging::begin(&gate, Ticket { kind: Kind::Long, ..ticket(2, Scope::OWN) });
    std::thread::sleep(4 * PATIENCE);
    assert!(answered.lock().is_empty());
    let short = Hanging::begin(&gate, ticket(4, Scope::OWN));
    wait_for(|| answered.lock().len() == 2);
    assert_eq!((long.end(), short.end()), (End::TakenBack, End::TakenBack));
}

#[test]
fn what_has_to_be_closed_is_closed_when_the_source_answers_again() {
    let Watched { gate, answered: _, _watch } = watched(2);
    let lost = Hanging::begin(&gate, ticket(2, Scope::OWN));
    wait_for(|| gate.silence.is_silent(Scope::OWN));
    let closed = quick(&gate, Ticket { kind: Kind::Closing, ..ticket(0, Scope::OWN) });
    assert!(closed.recv_timeout(2 * PATIENCE).is_err());
    assert_eq!(lost.end(), End::TakenBack);
    assert_eq!(closed.recv_timeout(SOON), Ok(End::Answered));
}

#[test]
fn a_call_on_another_file_system_silences_that_one() {
    let Watched { gate, answered, _watch } = watched(2);
    let share = Scope(7);
    let (go_on, told) = channel::<()>();
    let their_gate = Arc::clone(&gate);
    let thread = std::thread::spawn(move || {
        let gate = Arc::clone(&their_gate);
        their_gate.run(ticket(2, Scope::OWN), move |pass| {
            let mut pass = pass.unwrap();
            assert_eq!(gate.within(share, || Ok(told.recv().is_ok())), Ok(true));
            assert!(!pass.is_ours());
        });
    });
    wait_for(|| gate.silence.is_silent(share));
    assert!(!gate.silence.is_silent(Scope::OWN));
    assert_eq!(*answered.lock(), [2]);
    go_on.send(()).unwrap();
    thread.join().unwrap();
    assert!(gate.silent().is_empty());
}

#[test]
fn what_is_handed_over_is_given_up_too() {
    let Watched { gate, answered, _watch } = watched(1);
    let hand_over = |unique| gate.sit(ticket(unique, Scope::OWN)).unwrap().hand_over().unwrap();
    let taken = hand_over(2);
    assert!(gate.resume(taken).unwrap().is_ours());
    assert!(gate.resume(taken).is_none(), "nothing is done twice");
    let late = hand_over(4);
    wait_for(|| *answered.lock() == [4]);
    assert!(gate.resume(late).is_none());
    assert_eq!(gate.waiting(), 0);
}

#[test]
fn many_requests_of_many_threads_each_run_once() {
    const EACH: u64 = 2_000;
    let gate = Arc::new(Gate::new(3, None));
    let (ran, at_once, most) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (gate, ran, at_once, most) = (&gate, &ran, &at_once, &most);
            scope.spawn(move || {
                for number in 0..EACH {
                    let (ran, at_once, most) = (Arc::clone(ran), Arc::clone(at_once), Arc::clone(most));
                    gate.run(ticket(2 + 2 * (thread * EACH + number), Scope::OWN), move |pass| {
                        most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        at_once.fetch_sub(1, Ordering::SeqCst);
                        assert!(pass.unwrap().is_ours());
                        ran.fetch_add(1, Ordering::SeqCst);
                    });
                }
            });
        }
    });
    assert_eq!(ran.load(Ordering::SeqCst), 8 * EACH as usize);
    assert!(most.load(Ordering::SeqCst) <= 3);
    assert_eq!(gate.waiting(), 0);
}
