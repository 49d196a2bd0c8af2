//! A disk that is read-only, a clock that was set back, and somebody who does the same at the same time.

use std::process::Stdio;

use rustix::mount::{MountFlags, mount_remount};

use crate::case::{Beginning, Case, said};
use crate::full::SmallDisk;
use crate::rules::Rules;
use crate::support::{contents, stderr};

/// In seconds. (What a clock that is wrong by more than the bin keeps things has put there goes when the clock is right.)
const WEEK: i64 = 7 * 86_400;

/// What one of two is told, and what is to be done about it.
const IN_THE_WAY: [&str; 5] = ["is in use", "another export", "is being", "there already", "is gone"];

/// So often two processes are let loose at once.
const ROUNDS: usize = 5;

impl Case {
    /// It says so, changes nothing, and is done when the disk can be written again.
    #[track_caller]
    pub fn make_the_disk_read_only(self) {
        let (beginning, rules) = (Beginning::of(&self), Rules::of(&self));
        let Some(_disk) = SmallDisk::mount(self.root()) else { return };
        beginning.fill();
        let before = contents(self.root());
        mount_remount(self.root(), MountFlags::RDONLY, "").unwrap();
        let output = self.run();
        let (when, said) = (format!("{} on a read-only disk", self.named()), said(&output));
        assert!(self.has_failed(&output) && said.contains("ead-only"), "{when}: {said}");
        assert!(contents(self.root()) == before, "{when}: something has changed");
        mount_remount(self.root(), MountFlags::empty(), "").unwrap();
        self.run_again(&when);
        rules.hold_in_the_end(&when);
        (self.check)(&self.films, &when);
    }

    /// It does its work a week earlier than what was done before it, and again at the right time.
    #[track_caller]
    pub fn set_the_clock_back(self) {
        let rules = Rules::of(&self);
        let when = format!("{}, a week earlier", self.named());
        let output = self.command(-WEEK).output().unwrap();
        assert!(output.status.success(), "{when}: {}", stderr(&output));
        rules.hold_in_the_end(&when);
        self.run_again(&when);
        rules.hold_in_the_end(&when);
        (self.check)(&self.films, &when);
    }

    /// Both come to their end, or one of them is told what is in its way.
    #[track_caller]
    pub fn run_twice_at_once(self) {
        let (beginning, rules) = (Beginning::of(&self), Rules::of(&self));
        for round in 0..ROUNDS {
            beginning.restore();
            let when = format!("{}, twice at once, round {round}", self.named());
            let spawn = |_| self.command(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let running = [(); 2].map(spawn);
            let ended = running.map(|child| child.wait_with_output().unwrap());
            assert!(ended.iter().any(|output| output.status.success()), "{when}: {ended:?}");
            for output in &ended {
                let is_in_the_way = IN_THE_WAY.iter().any(|words| said(output).contains(words));
                assert!(self.is_done(output) || is_in_the_way, "{when}: {}", said(output));
            }
            rules.hold_in_the_end(&when);
            (self.check)(&self.films, &when);
        }
    }
}
