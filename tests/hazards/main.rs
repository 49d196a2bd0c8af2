//! Every command that changes something lasting, against everything that can come between it and its end.
//!
//! The table of the commands is `cases`: what each begins with, and what is to have come of it. Each module of hazards does
//! its worst to each of them, one place after the other, runs it again, and looks whether the result is as if nothing had
//! happened. What holds at every instant is in `rules`.
//!
//! - `killed`: SIGKILL at each step of `src/steps.rs`
//! - `powerless`: the power goes after each thing that was asked of the disk, which forgets what was not synced (`disk`,
//!   `forgetful`)
//! - `full`: the disk is full after so many bytes, more each time
//! - `unlucky`: the disk is read-only, the clock is set back, somebody does the same at the same time

#[path = "../support/mod.rs"]
mod support;

mod case;
mod cases;
mod disk;
mod forgetful;
mod full;
mod killed;
mod powerless;
mod rules;
mod unlucky;

/// A test of each case in each hazard.
macro_rules! in_every_hazard {
    ($($case:ident),* $(,)?) => {
        $(
            mod $case {
                use crate::cases::$case as case;

                #[test]
                fn killed_at_every_step() {
                    case().kill_at_every_step();
                }

                #[test]
                fn without_power_after_every_write() {
                    case().cut_the_power_everywhere();
                }

                #[test]
                fn on_a_full_disk() {
                    case().fill_the_disk();
                }

                #[test]
                fn on_a_read_only_disk() {
                    case().make_the_disk_read_only();
                }

                #[test]
                fn with_the_clock_set_back() {
                    case().set_the_clock_back();
                }

                #[test]
                fn twice_at_once() {
                    case().run_twice_at_once();
                }
            }
        )*
    };
}

in_every_hazard!(
    a_first_command,
    a_scan,
    a_choice,
    a_first_choice,
    taking_a_choice_back,
    a_lock,
    an_edit,
    not_monitoring,
    publishing,
    unpublishing,
    a_rollback,
    an_export,
    an_export_elsewhere,
    a_removed_library,
    a_backup,
    going_back_to_a_backup,
    making_the_database_anew,
    an_upgrade,
    a_collection,
    a_repair,
    bringing_back,
    emptying_the_bin,
);
