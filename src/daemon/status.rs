//! What `posterfs status` tells of the daemon.

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::model::show_bytes;
use crate::work::{RunningJob, WorkError};

use super::mounts::Condition;
use super::state::Shared;

/// The daemon as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DaemonStatus {
    /// Its process.
    pub pid: u32,
    /// Where it serves HTTP.
    pub http: Option<String>,
    /// The views it keeps.
    pub mounts: Vec<MountStatus>,
    /// Jobs that wait.
    pub queued: u64,
    /// Jobs that have been given up.
    pub dead: u64,
    /// Jobs that are under way.
    pub running: Vec<RunningJob>,
    /// What it does by itself.
    pub schedule: Vec<ScheduledTask>,
}

/// A view of the configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MountStatus {
    /// Where it is.
    pub mountpoint: String,
    /// `starting`, `up`, `waiting` or `ended`.
    pub condition: String,
    /// What it waits for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

/// A scheduled task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScheduledTask {
    /// Its word in `[schedule]`.
    pub task: String,
    /// When it is next, in seconds since 1970; `None`: never.
    pub next: Option<i64>,
    /// When it began last.
    pub last: Option<i64>,
    /// What came of that.
    pub outcome: Option<String>,
    /// Whether that failed.
    pub is_failed: bool,
}

/// How it is.
pub fn daemon_status(shared: &Shared) -> Result<DaemonStatus, WorkError> {
    let catalog = shared.place().catalog_to_read()?;
    let counts = catalog.job_counts()?;
    Ok(DaemonStatus {
        pid: std::process::id(),
        http: shared.listening.lock().map(|address| address.to_string()),
        mounts: shared.mounts.conditions().into_iter().map(mount_status).collect(),
        queued: counts.queued,
        dead: counts.dead,
        running: shared.live.all(),
        schedule: scheduled(&catalog, &shared.schedule.lock())?,
    })
}

fn mount_status((mountpoint, condition): (std::path::PathBuf, Condition)) -> MountStatus {
    let (word, error) = match condition {
        Condition::Starting => ("starting", None),
        Condition::Up => ("up", None),
        Condition::Ended => ("ended", None),
        Condition::Waiting(error) => ("waiting", Some(error)),
    };
    let mountpoint = show_bytes(mountpoint.as_os_str().as_encoded_bytes());
    MountStatus { mountpoint, condition: word.to_owned(), error }
}

fn scheduled(catalog: &Catalog, view: &super::schedule::ScheduleView) -> Result<Vec<ScheduledTask>, WorkError> {
    let runs = catalog.task_runs()?;
    let task = |(word, next): &(&str, Option<crate::model::UnixSeconds>)| {
        let run = runs.iter().find(|run| run.task == *word);
        ScheduledTask {
            task: (*word).to_owned(),
            next: next.map(crate::model::UnixSeconds::get),
            last: run.map(|run| run.started_at.get()),
            outcome: run.map(|run| run.outcome.clone()),
            is_failed: run.is_some_and(|run| run.is_failed),
        }
    };
    Ok(view.iter().map(task).collect())
}
