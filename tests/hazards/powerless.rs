//! The power goes after each thing that was asked of the disk.
//!
//! The command runs once, on a disk that remembers (`disk`). What would be left of that after any number of its requests is
//! then put into a real folder, looked at, and the command is run again there. What it had said it has done must be done.

use std::collections::HashSet;

use crate::case::{Case, empty};
use crate::disk::{Disk, Luck};
use crate::forgetful::Forgetful;
use crate::rules::Rules;
use crate::support::{is_long, stderr};

/// Of so many cuts with luck, in one the command is run again. Without luck it always is.
const RUN_AGAIN_IN: usize = 16;

impl Case {
    /// Cuts the power after each event.
    #[track_caller]
    pub fn cut_the_power_everywhere(self) {
        let rules = Rules::of(&self);
        let Some(disk) = Forgetful::over(self.root()) else { return };
        let output = self.run();
        let disk = disk.taken_out();
        assert!(output.status.success(), "{}: {}", self.named(), stderr(&output));
        let mut seen = HashSet::new();
        for cut in 0..=disk.event_count() {
            self.cut(&disk, cut, Luck::None, &rules, &mut seen);
        }
        let luck = if is_long() { 20 } else { 1 };
        for seed in (0..disk.event_count() * luck).map(|seed| seed as u64) {
            let cut = 1 + seed as usize % disk.event_count();
            self.cut(&disk, cut, Luck::Chance(seed), &rules, &mut seen);
        }
    }

    #[track_caller]
    fn cut(&self, disk: &Disk, cut: usize, luck: Luck, rules: &Rules<'_>, seen: &mut HashSet<u64>) {
        let when = match luck {
            Luck::None => format!("{}, no power after {cut} of {}", self.named(), disk.event_count()),
            Luck::Chance(seed) => format!("{}, no power after {cut} with luck {seed}", self.named()),
        };
        let has_luck = matches!(luck, Luck::Chance(_));
        let left = disk.after_cut(cut, luck);
        let has_ended = cut == disk.event_count();
        if !seen.insert(left.fingerprint()) && !has_ended {
            return;
        }
        empty(self.root());
        left.write_to(self.root());
        rules.hold_at_once(&when);
        if has_ended {
            // It has said that it is done.
            rules.hold_in_the_end(&when);
            (self.check)(&self.films, &when);
        } else if !has_luck || cut.is_multiple_of(RUN_AGAIN_IN) {
            self.run_again(&when);
            rules.hold_in_the_end(&when);
            (self.check)(&self.films, &when);
        }
    }
}
