//! Whether what is kept was looked after.

use crate::catalog::Verification;
use crate::model::UnixSeconds;

use super::Finding;

const DAY: i64 = 86_400;

/// The last `verify` that came to its end.
#[must_use]
pub fn verified(last: Option<Verification>, now: UnixSeconds) -> Finding {
    let Some(run) = last else {
        return Finding::ok("verify", "nothing was verified yet; `posterfs verify` looks whether everything is whole");
    };
    let days = now.get().saturating_sub(run.finished_at.unwrap_or(run.started_at).get()) / DAY;
    let when = match days {
        0 => "today".to_owned(),
        1 => "a day ago".to_owned(),
        days => format!("{days} days ago"),
    };
    let left = run.findings.saturating_sub(run.repaired);
    if left == 0 {
        return Finding::ok("verify", format!("everything was whole {when}"));
    }
    let message = format!("{left} of {} findings of {when} were not repaired", run.findings);
    Finding::warn("verify", message, "`posterfs verify --repair --dry-run` tells what can be done")
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn what_was_found_and_not_repaired_is_told() {
        let run = |findings, repaired| Verification {
            id: 1,
            started_at: UnixSeconds::new(0),
            finished_at: Some(UnixSeconds::new(10)),
            is_deep: false,
            findings,
            repaired,
        };
        for (last, now, verdict, words) in [
            (None, 0, Verdict::Ok, "nothing was verified"),
            (Some(run(0, 0)), 20, Verdict::Ok, "whole today"),
            (Some(run(3, 3)), 3 * DAY, Verdict::Ok, "2 days ago"),
            (Some(run(3, 1)), 2 * DAY, Verdict::Warn, "2 of 3 findings of a day ago"),
        ] {
            let found = verified(last, UnixSeconds::new(now));
            assert_eq!(found.verdict, verdict);
            assert!(found.message.contains(words), "{}", found.message);
        }
    }
}
