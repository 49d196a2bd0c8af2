//! When what is due: cron expressions, and when each task ran last.
//!
//! Everything is decided by [`Schedule::due`] from a time that it is handed, so that a test can let days pass. What was missed
//! while no daemon was running is done once, as soon as one is.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::catalog::TaskRun;
use crate::config::{ScheduleSettings, Times};
use crate::model::{Task, UnixSeconds};

/// A clock that goes back by more than this, in seconds, was wrong before. By less it may be set at any time, and nothing is done
/// twice because of that.
const CLOCK_SLACK: i64 = 3600;

/// Each scheduled task and when it is next.
pub type ScheduleView = Vec<(&'static str, Option<UnixSeconds>)>;

/// When what is due.
#[derive(Debug)]
pub struct Schedule {
    settings: ScheduleSettings,
    zone: TimeZone,
    /// Since when each task is waited for: when it was last asked for, or first planned.
    since: BTreeMap<&'static str, UnixSeconds>,
    /// So that machines that were set up alike do not all begin at the same second.
    chance: RandomState,
}

impl Schedule {
    /// Goes on from the last runs that are known; what has never run is waited for from `now` on.
    pub fn new(settings: ScheduleSettings, zone: TimeZone, runs: &[TaskRun], now: UnixSeconds) -> Self {
        let last = |word| runs.iter().find(|run| run.task == word).map_or(now, |run| run.started_at);
        let since = settings.all().map(|(word, _)| (word, last(word))).into();
        let mut schedule = Self { settings, zone, since, chance: RandomState::new() };
        schedule.mind_clock(now);
        schedule
    }

    /// A clock that was wrong once must not put everything off for years.
    fn mind_clock(&mut self, now: UnixSeconds) {
        let is_wrong = |since: &UnixSeconds| since.get().saturating_sub(now.get()) > CLOCK_SLACK;
        self.since.values_mut().filter(|since| is_wrong(since)).for_each(|since| *since = now);
    }

    /// Another plan is in force.
    pub fn change(&mut self, settings: ScheduleSettings) {
        self.settings = settings;
    }

    /// Tasks that are to be done now. Each is told once, however often it was missed.
    pub fn due(&mut self, now: UnixSeconds) -> Vec<&'static str> {
        self.mind_clock(now);
        let view = self.view();
        let due: Vec<_> =
            view.into_iter().filter(|(_, at)| at.is_some_and(|at| at <= now)).map(|(word, _)| word).collect();
        self.since.extend(due.iter().map(|word| (*word, now)));
        due
    }

    /// When each task is next.
    pub fn view(&self) -> ScheduleView {
        self.settings.all().map(|(word, times)| (word, self.next(word, times))).into()
    }

    fn next(&self, word: &'static str, times: &Times) -> Option<UnixSeconds> {
        let since = self.since.get(word)?;
        let next = next_after(times, *since, &self.zone)?;
        let by_chance = match self.settings.jitter {
            0 => 0,
            jitter => self.chance.hash_one((word, next.get())) % (u64::from(jitter) + 1),
        };
        Some(UnixSeconds::new(next.get() + i64::try_from(by_chance).unwrap_or(0)))
    }
}

/// The first of these times after another one; `None`: never.
fn next_after(times: &Times, since: UnixSeconds, zone: &TimeZone) -> Option<UnixSeconds> {
    let since: Zoned = Timestamp::from_second(since.get()).ok()?.to_zoned(zone.clone());
    let next = times.cron()?.find_next_occurrence(&since, false).ok()?;
    Some(UnixSeconds::new(next.timestamp().as_second()))
}

/// The task of a word of `[schedule]`.
pub fn task_of(word: &str) -> Option<Task> {
    Some(match word {
        "scan" => Task::Scan { library: None },
        "enrich" => Task::Enrich { force: false },
        "publish" => Task::Publish { library: None },
        "verify" => Task::Verify { deep: false },
        "verify_deep" => Task::Verify { deep: true },
        "gc" => Task::Gc,
        "backup" => Task::Backup,
        _ => return None,
    })
}

/// The word of a task in `[schedule]`, if it is one of those.
pub fn word_of(task: &Task) -> Option<&'static str> {
    let words = ScheduleSettings::default().all().map(|(word, _)| word);
    words.into_iter().find(|word| task_of(word).as_ref() == Some(task))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-01 00:00 UTC, a Sunday.
    const START: i64 = 1_772_323_200;
    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;

    fn settings(text: &str) -> ScheduleSettings {
        let never = "scan=''\nenrich=''\npublish=''\nverify=''\nverify_deep=''\ngc=''\nbackup=''\njitter=0\n";
        let mut table: toml::Table = toml::from_str(never).unwrap();
        table.extend(toml::from_str::<toml::Table>(text).unwrap());
        table.try_into().unwrap()
    }

    fn at(after: i64) -> UnixSeconds {
        UnixSeconds::new(START + after)
    }

    fn ran(task: &str, after: i64) -> TaskRun {
        TaskRun {
            task: task.into(),
            started_at: at(after),
            finished_at: at(after + 1),
            outcome: String::new(),
            is_failed: false,
        }
    }

    #[test]
    fn a_task_is_due_once_at_each_of_its_times() {
        let mut schedule = Schedule::new(settings("scan='0 4 * * *'"), TimeZone::UTC, &[], at(0));
        let mut asked = Vec::new();
        for minute in 0..3 * 24 * 60 {
            asked.extend(schedule.due(at(minute * 60)).into_iter().map(|word| (word, minute * 60)));
        }
        assert_eq!(asked, [("scan", 4 * HOUR), ("scan", DAY + 4 * HOUR), ("scan", 2 * DAY + 4 * HOUR)]);
    }

    #[test]
    fn what_was_missed_is_caught_up_once_and_what_never_ran_waits_for_its_time() {
        let plan = settings("scan='0 4 * * *'\ngc='0 5 * * 0'\nverify='0 4 * * *'");
        let runs = [ran("scan", 4 * HOUR), ran("gc", 5 * HOUR)];
        // Down for three and a half days.
        let mut schedule = Schedule::new(plan, TimeZone::UTC, &runs, at(3 * DAY + 12 * HOUR));
        assert_eq!(schedule.due(at(3 * DAY + 12 * HOUR)), ["scan"]);
        assert_eq!(schedule.due(at(3 * DAY + 12 * HOUR + 60)), [""; 0]);
        assert_eq!(schedule.due(at(4 * DAY + 4 * HOUR)), ["scan", "verify"]);
        assert_eq!(schedule.due(at(7 * DAY + 5 * HOUR)).last(), Some(&"gc"));
    }

    #[test]
    fn jitter_puts_off_by_no_more_than_was_said_and_always_by_the_same() {
        let mut schedule = Schedule::new(settings("scan='0 4 * * *'\njitter=600"), TimeZone::UTC, &[], at(0));
        let next = schedule.view()[0].1.unwrap();
        assert!((at(4 * HOUR)..=at(4 * HOUR + 600)).contains(&next), "{next}");
        assert_eq!(schedule.view()[0].1, Some(next));
        assert_eq!(schedule.due(UnixSeconds::new(next.get() - 1)), [""; 0]);
        assert_eq!(schedule.due(next), ["scan"]);
        let after = schedule.view()[0].1.unwrap();
        assert!((at(DAY + 4 * HOUR)..=at(DAY + 4 * HOUR + 600)).contains(&after), "{after}");
    }

    #[test]
    fn a_clock_that_was_wrong_puts_nothing_off_and_one_that_is_set_does_nothing_twice() {
        let plan = || settings("scan='0 4 * * *'");
        let mut schedule = Schedule::new(plan(), TimeZone::UTC, &[ran("scan", 900 * DAY)], at(0));
        assert_eq!(schedule.due(at(4 * HOUR)), ["scan"]);
        // Years ahead, and right again while the daemon runs.
        let mut schedule = Schedule::new(plan(), TimeZone::UTC, &[], at(0));
        assert_eq!(schedule.due(at(900 * DAY)), ["scan"]);
        assert_eq!(schedule.due(at(HOUR)), [""; 0]);
        assert_eq!(schedule.due(at(4 * HOUR)), ["scan"]);
        // Set back by some minutes just after it was due.
        assert_eq!(schedule.due(at(4 * HOUR - 600)), [""; 0]);
        assert_eq!(schedule.due(at(4 * HOUR)), [""; 0]);
        assert_eq!(schedule.due(at(DAY + 4 * HOUR)), ["scan"]);
    }

    /// How often a plan is due in the days from that one on, where the clock goes forward on 2026-03-29 at two and back on
    /// 2026-10-25 at three.
    fn times_due(plan: &str, from: i64, days: i64) -> usize {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        // From midnight there until midnight there.
        let midnight = |day: i64| {
            let noon = Timestamp::from_second(START + day * DAY + 12 * HOUR).unwrap().to_zoned(zone.clone());
            noon.start_of_day().unwrap().timestamp().as_second() - START
        };
        let mut schedule = Schedule::new(settings(plan), zone.clone(), &[], at(midnight(from) - 1));
        (midnight(from)..midnight(from + days)).step_by(60).filter(|time| !schedule.due(at(*time)).is_empty()).count()
    }

    #[test]
    fn summer_time_neither_skips_nor_repeats_what_is_done_daily() {
        let (spring, autumn) = (27, 237);
        for plan in ["30 1 * * *", "30 2 * * *", "0 3 * * *", "0 4 * * *"] {
            let plan = format!("scan='{plan}'");
            assert_eq!(times_due(&plan, spring, 4), 4, "{plan} in spring");
            assert_eq!(times_due(&plan, autumn, 4), 4, "{plan} in autumn");
        }
        // The day has 23 hours, and 25.
        assert_eq!(times_due("scan='0 * * * *'", 28, 1), 23);
        assert_eq!(times_due("scan='0 * * * *'", 238, 1), 25);
    }

    #[test]
    fn another_plan_holds_at_once() {
        let mut schedule = Schedule::new(settings(""), TimeZone::UTC, &[], at(0));
        assert!(schedule.view().iter().all(|(_, next)| next.is_none()));
        schedule.change(settings("publish='@hourly'"));
        assert_eq!(schedule.due(at(HOUR)), ["publish"]);
    }

    #[test]
    fn every_word_has_a_task_and_back() {
        for (word, _) in ScheduleSettings::default().all() {
            assert_eq!(word_of(&task_of(word).unwrap()), Some(word));
        }
        assert_eq!(word_of(&Task::Enrich { force: true }), None);
    }
}
