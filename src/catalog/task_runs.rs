//! When what the schedule names was done last, so that what was missed is known after a downtime.

use rusqlite::Row;

use super::{Catalog, CatalogError};
use crate::model::UnixSeconds;

/// The last run of a scheduled task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRun {
    /// Its word in `[schedule]`.
    pub task: String,
    /// When it began.
    pub started_at: UnixSeconds,
    /// When it ended.
    pub finished_at: UnixSeconds,
    /// What came of it, or why it failed.
    pub outcome: String,
    /// Whether it failed.
    pub is_failed: bool,
}

impl Catalog {
    /// Writes down the last run of a scheduled task, in the place of the one before.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn note_task_run(&mut self, run: &TaskRun) -> Result<(), CatalogError> {
        const NOTE: &str = "
            INSERT INTO task_runs (task, started_at, finished_at, outcome, is_failed) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (task) DO UPDATE SET started_at = excluded.started_at, finished_at = excluded.finished_at,
                outcome = excluded.outcome, is_failed = excluded.is_failed";
        self.write(|transaction| {
            transaction.prepare_cached(NOTE)?.execute((
                &run.task,
                run.started_at,
                run.finished_at,
                &run.outcome,
                run.is_failed,
            ))?;
            Ok(())
        })
    }

    /// The last run of every scheduled task that has ever run, by their words.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn task_runs(&self) -> Result<Vec<TaskRun>, CatalogError> {
        const RUNS: &str = "SELECT task, started_at, finished_at, outcome, is_failed FROM task_runs ORDER BY task";
        let run = |row: &Row<'_>| {
            Ok(TaskRun {
                task: row.get("task")?,
                started_at: row.get("started_at")?,
                finished_at: row.get("finished_at")?,
                outcome: row.get("outcome")?,
                is_failed: row.get("is_failed")?,
            })
        };
        self.read(|connection| Ok(connection.prepare_cached(RUNS)?.query_map([], run)?.collect::<Result<_, _>>()?))
    }
}
