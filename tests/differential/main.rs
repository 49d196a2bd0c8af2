//! Random system calls of several users, on a plain folder and on the view beside it: after each, both have answered
//! alike, both trees hold the same, and the view shows what the source has.
//!
//! A failure prints the shortest list of operations that was found to cause it. What was found once stays as a test of
//! its own (`REGRESSIONS`).

#[path = "../support/mod.rs"]
mod support;

mod generate;
mod operation;
mod snapshot;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use rustix::fs::{Mode, chmod};

use crate::generate::Random;
use crate::operation::{Hands, Op, Outcome, side_at};
use crate::snapshot::{Seen, Tree, tree};
use crate::support::{DAEMON, Elsewhere, Folders, NOBODY, ROOT, TestMount, User, is_long};

/// How many lists of operations each test tries.
const SEEDS: u64 = 6;
/// What a difference is called that is in times alone.
const TIMES: &str = "times of content and inode that have moved";
/// Operations of a list.
const STEPS: usize = 200;

/// Who acts; operations name them by number.
const USERS: [User; 3] = [ROOT, NOBODY, DAEMON];

/// An operation and whose it is.
type Step = (usize, Op);

/// A user that does what it is told on either side.
struct Actor {
    jobs: Sender<(usize, Op)>,
    outcomes: Receiver<Outcome>,
}

impl Actor {
    fn new(user: User, sides: [PathBuf; 2]) -> Self {
        let (jobs, to_do) = channel::<(usize, Op)>();
        let (done, outcomes) = channel();
        std::thread::spawn(move || {
            be_a_process();
            let sides = sides.map(|path| side_at(&path));
            rustix::process::umask(Mode::from(0o022));
            user.become_it();
            let mut hands = [Hands::default(), Hands::default()];
            for (side, op) in to_do {
                done.send(hands[side].run(&sides[side], op)).unwrap();
            }
        });
        Self { jobs, outcomes }
    }

    fn run(&self, side: usize, op: Op) -> Outcome {
        self.jobs.send((side, op)).unwrap();
        self.outcomes.recv().unwrap()
    }
}

/// Gives the calling thread what else processes have each for themselves: a umask, and open files (none at first).
fn be_a_process() {
    const CLOSE_RANGE_UNSHARE: libc::c_uint = 2;
    // SAFETY: the umask of this thread is separate afterwards, and nothing relies on their being one; so are its open
    // files, of which this thread owns none yet.
    unsafe {
        rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::FS).unwrap();
        let closed = libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, CLOSE_RANGE_UNSHARE);
        assert_eq!(closed, 0, "{}", std::io::Error::last_os_error());
    }
}

/// Runs lists of operations, each in folders of its own.
struct Arena {
    mount: TestMount,
    has_fine_times: bool,
    runs: usize,
}

impl Arena {
    fn new(mount: TestMount) -> Self {
        let has_fine_times = has_fine_times(&mount.plain());
        if !has_fine_times {
            eprintln!("not compared: which times have moved; this file system's clock is too coarse");
        }
        Self { mount, has_fine_times, runs: 0 }
    }

    /// What the first difference is, if there is one, and at which step.
    fn difference(&mut self, steps: &[Step]) -> Option<(usize, String)> {
        self.runs += 1;
        let [plain, view, source] = [self.mount.plain(), self.mount.view(), self.mount.source()].map(|folder| {
            let folder = folder.join(format!("run-{}", self.runs));
            if !folder.exists() {
                std::fs::create_dir(&folder).unwrap();
                chmod(&folder, Mode::from(0o777)).unwrap();
            }
            folder
        });
        let actors = USERS.map(|user| Actor::new(user, [plain.clone(), view.clone()]));
        let mut before = [tree(&plain), tree(&view)];
        for (number, &(user, op)) in steps.iter().enumerate() {
            let [in_plain, in_view] = [0, 1].map(|side| actors[user].run(side, op));
            if in_view != in_plain {
                return Some((number, format!("the view answers {in_view:?}, a plain folder {in_plain:?}")));
            }
            let after = [tree(&plain), tree(&view)];
            let found = difference_of(&before, &after, self.has_fine_times).or_else(|| staleness(&after[1], &source));
            if let Some(found) = found {
                return Some((number, found));
            }
            before = after;
        }
        None
    }

    /// Whether there is a difference again. Which times move hangs on the clock too: what happens within one tick of it, and
    /// nobody has looked at meanwhile, has one time (tmpfs now and then, once in some ten thousand operations).
    fn comes_again(&mut self, steps: &[Step]) -> bool {
        (0..3).any(|_| self.difference(steps).is_some())
    }

    /// Leaves out what is not needed for some difference to come about.
    fn shorten(&mut self, mut steps: Vec<Step>) -> (Vec<Step>, String) {
        let mut last = String::new();
        let mut size = steps.len();
        while size > 0 {
            let mut from = 0;
            while from < steps.len() {
                let mut fewer = steps.clone();
                fewer.drain(from..(from + size).min(steps.len()));
                match self.difference(&fewer) {
                    Some((at, what)) => {
                        fewer.truncate(at + 1);
                        (steps, last) = (fewer, what);
                    }
                    None => from += size,
                }
            }
            size /= 2;
        }
        (steps, last)
    }

    fn check(&mut self, name: &str, steps: Vec<Step>) {
        let Some((at, first)) = self.difference(&steps) else { return };
        if first.contains(TIMES) && !self.comes_again(&steps[..=at]) {
            eprintln!("{name}, step {at}: {first}; a tick of the clock, it does not come again");
            return;
        }
        let (short, what) = self.shorten(steps[..=at].to_vec());
        let mut report = format!("{name}, step {at}: {first}\nthe shortest way found to a difference: {what}\n");
        for step in &short {
            writeln!(report, "    {step:?},").unwrap();
        }
        panic!("{report}");
    }

    fn check_seeds(&mut self, seeds: impl Iterator<Item = u64>) {
        for seed in seeds {
            self.check(&format!("seed {seed}"), Random::new(seed).operations(STEPS, USERS.len()));
        }
    }
}

/// Whether the file system tells apart what happens within a tick of the kernel's clock, once somebody has looked.
fn has_fine_times(below: &Path) -> bool {
    let folder = below.join("clock");
    std::fs::create_dir(&folder).unwrap();
    let look = |i: u32| {
        chmod(&folder, Mode::from(0o755 + i % 2)).unwrap();
        let stat = rustix::fs::stat(&folder).unwrap();
        (stat.st_ctime, stat.st_ctime_nsec)
    };
    let looks: Vec<_> = (0..50).map(look).collect();
    looks.is_sorted_by(|a, b| a < b)
}

/// Whether times of content and inode have moved since; both, for what was not there.
fn moved(before: &Tree, now: &Seen) -> [bool; 2] {
    let old = before.values().find(|old| old.number == now.number);
    old.map_or([true; 2], |old| [0, 1].map(|time| old.times[time] != now.times[time]))
}

/// Plain folder and view, before and after a step.
fn difference_of(before: &[Tree; 2], after: &[Tree; 2], has_fine_times: bool) -> Option<String> {
    let [plain, view] = after;
    let paths = |tree: &Tree| tree.keys().cloned().collect::<Vec<PathBuf>>();
    if paths(plain) != paths(view) {
        return Some(format!("the view has {:?}, a plain folder {:?}", paths(view), paths(plain)));
    }
    plain.iter().zip(view).find_map(|((path, plain), (_, view))| {
        if plain.alike != view.alike {
            return Some(format!(
                "{}: the view has {:#?}, a plain folder {:#?}",
                path.display(),
                view.alike,
                plain.alike
            ));
        }
        let (in_plain, in_view) = (moved(&before[0], plain), moved(&before[1], view));
        // The times of a pipe move with what goes through it; the kernel keeps that to itself on FUSE.
        (has_fine_times && !plain.is_pipe() && in_plain != in_view)
            .then(|| format!("{}: {TIMES} in the view: {in_view:?}, in a plain folder: {in_plain:?}", path.display()))
    })
}

/// Whether the view shows anything else than the source has, numbers and times included.
fn staleness(view: &Tree, source: &Path) -> Option<String> {
    let source = tree(source);
    let mut differences = view.iter().filter(|(path, seen)| source.get(*path) != Some(*seen));
    let stale =
        differences.next().map(|(path, seen)| format!("the view shows {seen:?}, the source {:?}", source.get(path)));
    stale.or_else(|| (view.len() != source.len()).then(|| "the source has more than the view shows".to_owned()))
}

fn seeds(first: u64) -> impl Iterator<Item = u64> {
    let count = if is_long() { 40 * SEEDS } else { SEEDS };
    first..first + count
}

#[test]
fn beside_the_source() {
    let Some(folders) = Folders::new() else { return };
    Arena::new(folders.mount_beside(&[])).check_seeds(seeds(1));
}

#[test]
fn over_the_source() {
    let Some(folders) = Folders::new() else { return };
    Arena::new(folders.mount_over(&[])).check_seeds(seeds(1001));
}

#[test]
fn in_memory() {
    let Some(tmpfs) = Elsewhere::tmpfs() else { return };
    let Some(folders) = Folders::below(tmpfs.path()) else { return };
    Arena::new(folders.mount_beside(&[])).check_seeds(seeds(2001));
}

#[test]
fn without_passthrough() {
    let Some(overlay) = Elsewhere::overlay() else { return };
    let Some(folders) = Folders::below(overlay.path()) else { return };
    Arena::new(folders.mount_beside(&[])).check_seeds(seeds(3001));
}
