//! SIGKILL at each step, one after the other (`POSTERFS_DIES_AT=#1`, `#2`, … until it lives).

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::process::Output;

use crate::case::{Beginning, Case};
use crate::rules::Rules;
use crate::support::stderr;

/// More steps than any command here has.
const STEPS_MAX: usize = 600;

impl Case {
    /// Kills it at each step from the same beginning, and runs it again.
    #[track_caller]
    pub fn kill_at_every_step(self) {
        let (beginning, rules) = (Beginning::of(&self), Rules::of(&self));
        let mut met = BTreeSet::new();
        for at in 1..STEPS_MAX {
            beginning.restore();
            let output = self.command(0).env("POSTERFS_DIES_AT", format!("#{at}")).output().unwrap();
            let step = self.killed_at(&output);
            let when = format!("{}, killed at {}", self.named(), step.as_deref().unwrap_or("nothing"));
            if step.is_some() {
                rules.hold_at_once(&when);
                self.run_again(&when);
            }
            rules.hold_in_the_end(&when);
            (self.check)(&self.films, &when);
            if step.is_none() {
                let missing: Vec<_> = self.steps.iter().filter(|step| !met.contains(**step)).collect();
                assert!(missing.is_empty(), "steps never met: {missing:?} of {met:?}");
                return;
            }
            met.extend(step);
        }
        panic!("there is no end of steps: {met:?}");
    }

    /// `None` when it came to its end.
    #[track_caller]
    fn killed_at(&self, output: &Output) -> Option<String> {
        let said = stderr(output);
        if output.status.signal() != Some(9) {
            assert!(output.status.success(), "{}: {said}", self.named());
            return None;
        }
        Some(said.lines().find_map(|line| line.strip_prefix("killed at ")).expect(&said).to_owned())
    }
}
