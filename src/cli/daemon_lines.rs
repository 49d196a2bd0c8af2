//! What `posterfs status` says of the daemon.

use std::path::Path;

use crate::control::{Answer, DaemonRequest, ask_daemon};
use crate::daemon::{DaemonStatus, MountStatus, ScheduledTask};
use crate::work::RunningJob;

use super::output::{counted, local_time};

/// The daemon of a state folder; `None` where none is running.
pub fn daemon(run: &Path) -> Option<DaemonStatus> {
    match ask_daemon(run, &DaemonRequest::Status) {
        Ok(Answer::Status(status)) => serde_json::from_value(status).ok(),
        _ => None,
    }
}

/// It in lines.
pub fn lines(daemon: &DaemonStatus) -> Vec<String> {
    let http = daemon.http.as_ref().map(|address| format!(", HTTP at {address}")).unwrap_or_default();
    let queued = counted(daemon.queued, "job", "jobs");
    let mut lines = vec![format!("  the daemon is running (process {}{http}), {queued} waiting", daemon.pid)];
    if daemon.dead > 0 {
        let dead = counted(daemon.dead, "job has", "jobs have");
        lines.push(format!("    {dead} failed for good: `posterfs jobs --in dead`"));
    }
    lines.extend(daemon.mounts.iter().filter_map(not_up));
    lines.extend(daemon.running.iter().map(running));
    lines.extend(daemon.schedule.iter().filter_map(scheduled));
    lines
}

fn not_up(mount: &MountStatus) -> Option<String> {
    let why = mount.error.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    (mount.condition != "up").then(|| format!("    NOT MOUNTED: {} ({}){why}", mount.mountpoint, mount.condition))
}

fn running(job: &RunningJob) -> String {
    let how_far = match (&job.waits_for, job.total) {
        (Some(holder), _) => format!("waits for {holder}"),
        (None, Some(total)) => format!("{} of {total} {}", job.done, job.noun),
        (None, None) => format!("{} {}", job.done, job.noun),
    };
    format!("    job {} is under way: {}, {how_far}", job.id, job.task)
}

fn scheduled(task: &ScheduledTask) -> Option<String> {
    let next = local_time(task.next?);
    let last = match (task.last, &task.outcome) {
        (Some(last), Some(outcome)) => {
            let failed = if task.is_failed { " FAILED:" } else { ":" };
            format!("last {}{failed} {outcome}", local_time(last))
        }
        _ => "never run".to_owned(),
    };
    Some(format!("    {} at {next}, {last}", task.task))
}
