//! The queue of jobs: what is to be done, by whom it was asked for, and what came of it.
//!
//! A job that was acknowledged is on the disk. Of jobs that ask for the same only one waits; asking again while one is
//! running makes another, as the running one may have looked already. A job that was running when its process died is
//! queued again, and counts as tried, so that what kills a daemon does so a few times only.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

use super::error::Fault;
use super::sql_types::{not_valid, valid, words};
use super::{Catalog, CatalogError};
use crate::model::{AskedBy, JobId, JobState, Task, TaskKind, UnixSeconds, back_off};

/// How many jobs that are done are remembered, and how many dead ones.
const REMEMBERED: u32 = 1000;

/// Something to do, as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// What.
    pub task: Task,
    /// By whom.
    pub asked_by: AskedBy,
    /// Not before then: what is asked for in bursts waits for the rest of the burst.
    pub not_before: UnixSeconds,
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What is to be done.
    pub task: Task,
    /// How it stands.
    pub state: JobState,
    /// Who asked first.
    pub asked_by: AskedBy,
    /// When it was asked for first.
    pub asked_at: UnixSeconds,
    /// How many times it was asked for.
    pub asked_times: u32,
    /// When it may begin.
    pub not_before: UnixSeconds,
    /// How many times it has been begun since it was asked for the last time.
    pub attempts: u32,
    /// When it was begun the last time.
    pub started_at: Option<UnixSeconds>,
    /// When it ended for good.
    pub finished_at: Option<UnixSeconds>,
    /// What came of the last attempt, or why it failed.
    pub outcome: Option<String>,
}

/// Which jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// In these states. Empty: any.
    pub states: Vec<JobState>,
    /// Of these kinds. Empty: any.
    pub kinds: Vec<TaskKind>,
    /// Older than that one.
    pub before: Option<JobId>,
}

/// What asking for a job came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The job that does it.
    pub id: JobId,
    /// Whether it waited already.
    pub is_collapsed: bool,
}

/// How many jobs are in a state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Wait.
    pub queued: u64,
    /// Are under way.
    pub running: u64,
    /// Are done and remembered.
    pub done: u64,
    /// Have been given up and are remembered.
    pub dead: u64,
}

const COLUMNS: &str =
    "id, task, state, asked_by, asked_at, asked_times, not_before, attempts, started_at, finished_at, outcome";

/// A job that waits already has another asker from now on, begins when the earlier of both wanted it, and is tried anew.
const ASK: &str = "
    INSERT INTO jobs (kind, task, collapse_key, state, asked_by, asked_at, asked_times, not_before, attempts)
    VALUES (:kind, :task, :key, 'queued', :asked_by, :now, 1, :not_before, 0)
    ON CONFLICT (collapse_key) WHERE state = 'queued' DO UPDATE
    SET task = excluded.task, asked_times = asked_times + 1, not_before = min(not_before, excluded.not_before), attempts = 0
    RETURNING id, asked_times > 1 AS is_collapsed";

const NEXT: &str = "
    SELECT id FROM jobs
    WHERE state = 'queued' AND not_before <= ?1 AND kind NOT IN (SELECT value FROM rarray(?2))
    ORDER BY not_before, id LIMIT 1";

/// What is done again in the place of a job whose work another one that waits will do.
const SUPERSEDED: &str = "asked for again meanwhile";

impl Catalog {
    /// Asks for something to be done. When this returns, it will be, whatever happens.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn ask_for(&mut self, job: &NewJob, now: UnixSeconds) -> Result<Asked, CatalogError> {
        Ok(self.ask_for_all(std::slice::from_ref(job), now)?[0])
    }

    /// Asks for several things at once: all of them will be done, or, when this fails, none.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn ask_for_all(&mut self, jobs: &[NewJob], now: UnixSeconds) -> Result<Vec<Asked>, CatalogError> {
        self.write(|transaction| jobs.iter().map(|job| ask(transaction, job, now)).collect())
    }

    /// The next job whose time has come, of no kind of `busy`: it is running from now on, and the caller's.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn begin_next_job(&mut self, busy: &[TaskKind], now: UnixSeconds) -> Result<Option<Job>, CatalogError> {
        self.write(|transaction| {
            while let Some(id) = next(transaction, busy, now)? {
                transaction
                    .prepare_cached(
                        "UPDATE jobs SET state = 'running', attempts = attempts + 1, started_at = ?2 WHERE id = ?1",
                    )?
                    .execute((id, now))?;
                if let Some(job) = one(transaction, id)? {
                    return Ok(Some(job));
                }
                // Not written by any posterfs of this version: nobody can do it.
                end(transaction, id, JobState::Dead, "this posterfs does not know the task", now)?;
            }
            Ok(None)
        })
    }

    /// When the next job that waits may begin.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn next_job_at(&self, busy: &[TaskKind]) -> Result<Option<UnixSeconds>, CatalogError> {
        const WHEN: &str = "SELECT min(not_before) FROM jobs
                            WHERE state = 'queued' AND kind NOT IN (SELECT value FROM rarray(?1))";
        self.read(|connection| Ok(connection.prepare_cached(WHEN)?.query_row([kinds(busy)], |row| row.get(0))?))
    }

    /// A job that was begun is done.
    ///
    /// # Errors
    /// When there is no such job, or the catalog cannot be written.
    pub fn job_is_done(&mut self, id: JobId, outcome: &str, now: UnixSeconds) -> Result<(), CatalogError> {
        self.write(|transaction| {
            require(transaction, id)?;
            end(transaction, id, JobState::Done, outcome, now)?;
            forget(transaction, JobState::Done)
        })
    }

    /// A job that was begun has failed: it is tried again later, or given up when it has been tried often enough.
    ///
    /// # Errors
    /// When there is no such job, or the catalog cannot be written.
    pub fn job_has_failed(&mut self, id: JobId, why: &str, now: UnixSeconds) -> Result<JobState, CatalogError> {
        self.write(|transaction| {
            let job = require(transaction, id)?;
            let later = UnixSeconds::new(now.get().saturating_add(back_off(job.attempts)));
            fail(transaction, &job, why, later, now)
        })
    }

    /// A job that was begun has failed, and trying it again would be in vain: it is given up.
    ///
    /// # Errors
    /// When there is no such job, or the catalog cannot be written.
    pub fn give_job_up(&mut self, id: JobId, why: &str, now: UnixSeconds) -> Result<(), CatalogError> {
        self.write(|transaction| {
            require(transaction, id)?;
            give_up(transaction, id, why, now)
        })
    }

    /// A job that was begun is not gone on with for reasons of the process alone: it waits again and has not been tried.
    ///
    /// # Errors
    /// When there is no such job, or the catalog cannot be written.
    pub fn give_job_back(&mut self, id: JobId, now: UnixSeconds) -> Result<(), CatalogError> {
        self.write(|transaction| {
            let job = require(transaction, id)?;
            transaction
                .prepare_cached("UPDATE jobs SET attempts = max(attempts - 1, 0) WHERE id = ?1")?
                .execute([id])?;
            queue_again(transaction, &job, "interrupted", job.not_before, now)
        })
    }

    /// Queues again what was running when its process died, and returns how many jobs that were. Only for a process that
    /// knows that no other one works at the queue.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn queue_interrupted_jobs(&mut self, now: UnixSeconds) -> Result<u64, CatalogError> {
        self.write(|transaction| {
            let filter = JobFilter { states: vec![JobState::Running], ..JobFilter::default() };
            let interrupted = listed(transaction, &filter, u32::MAX)?;
            for job in &interrupted {
                fail(transaction, job, "the process died while it was at it", now, now)?;
            }
            Ok(interrupted.len() as u64)
        })
    }

    /// The newest jobs first, at most `limit`.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn jobs(&self, filter: &JobFilter, limit: u32) -> Result<Vec<Job>, CatalogError> {
        self.read(|connection| listed(connection, filter, limit))
    }

    /// A job.
    ///
    /// # Errors
    /// When there is no such job (any more), or the catalog cannot be read.
    pub fn job(&self, id: JobId) -> Result<Job, CatalogError> {
        self.read(|connection| require(connection, id))
    }

    /// How many jobs there are.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn job_counts(&self) -> Result<JobCounts, CatalogError> {
        self.read(|connection| {
            let mut counts = JobCounts::default();
            let mut statement =
                connection.prepare_cached("SELECT state, count(*) AS count FROM jobs GROUP BY state")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let count = super::sql_types::count(row, "count")?;
                match row.get_ref("state")?.as_str().map_err(not_valid)?.parse() {
                    Ok(JobState::Queued) => counts.queued = count,
                    Ok(JobState::Running) => counts.running = count,
                    Ok(JobState::Done) => counts.done = count,
                    Ok(JobState::Dead) => counts.dead = count,
                    Err(_) => {}
                }
            }
            Ok(counts)
        })
    }

    /// Does a dead job, or one that waits to be tried again, now: it counts as never tried. Others stay as they are.
    ///
    /// # Errors
    /// When there is no such job, or the catalog cannot be written.
    pub fn retry_job(&mut self, id: JobId, now: UnixSeconds) -> Result<Job, CatalogError> {
        self.write(|transaction| {
            let job = require(transaction, id)?;
            if matches!(job.state, JobState::Dead | JobState::Queued) {
                transaction.prepare_cached("UPDATE jobs SET attempts = 0 WHERE id = ?1")?.execute([id])?;
                let told = job.outcome.clone().unwrap_or_default();
                queue_again(transaction, &job, &told, now, now)?;
            }
            require(transaction, id)
        })
    }

    /// Takes a job that waits out of the queue, or a dead one off the list. Whether there was one in such a state.
    ///
    /// # Errors
    /// When there is no such job, or the catalog cannot be written.
    pub fn drop_job(&mut self, id: JobId) -> Result<bool, CatalogError> {
        self.write(|transaction| {
            require(transaction, id)?;
            let dropped = transaction
                .prepare_cached("DELETE FROM jobs WHERE id = ?1 AND state IN ('queued', 'dead')")?
                .execute([id])?;
            Ok(dropped > 0)
        })
    }
}

pub(super) fn ask(transaction: &Transaction<'_>, job: &NewJob, now: UnixSeconds) -> Result<Asked, Fault> {
    let task =
        serde_json::to_string(&job.task).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let parameters = named_params! {
        ":kind": job.task.kind(), ":task": task, ":key": job.task.collapse_key(), ":asked_by": job.asked_by,
        ":now": now, ":not_before": job.not_before,
    };
    let asked = |row: &Row<'_>| Ok(Asked { id: row.get("id")?, is_collapsed: row.get("is_collapsed")? });
    Ok(transaction.prepare_cached(ASK)?.query_row(parameters, asked)?)
}

fn next(connection: &Connection, busy: &[TaskKind], now: UnixSeconds) -> rusqlite::Result<Option<JobId>> {
    connection.prepare_cached(NEXT)?.query_row((now, kinds(busy)), |row| row.get(0)).optional()
}

fn kinds(kinds: &[TaskKind]) -> rusqlite::vtab::array::Array {
    words(kinds.iter().map(|kind| kind.as_str()))
}

fn end(connection: &Connection, id: JobId, state: JobState, outcome: &str, now: UnixSeconds) -> rusqlite::Result<()> {
    let ended = connection
        .prepare_cached("UPDATE jobs SET state = ?2, outcome = ?3, finished_at = ?4 WHERE id = ?1")?
        .execute((id, state, outcome, now));
    ended.map(drop)
}

/// Tries it again then, or gives it up.
fn fail(
    transaction: &Transaction<'_>,
    job: &Job,
    why: &str,
    again: UnixSeconds,
    now: UnixSeconds,
) -> Result<JobState, Fault> {
    if job.attempts >= job.task.tries() {
        give_up(transaction, job.id, why, now)?;
        return Ok(JobState::Dead);
    }
    queue_again(transaction, job, why, again, now)?;
    Ok(JobState::Queued)
}

fn give_up(transaction: &Transaction<'_>, id: JobId, why: &str, now: UnixSeconds) -> Result<(), Fault> {
    end(transaction, id, JobState::Dead, why, now)?;
    forget(transaction, JobState::Dead)
}

/// Lets it wait again, unless another one waits that does the same.
fn queue_again(
    transaction: &Transaction<'_>,
    job: &Job,
    outcome: &str,
    not_before: UnixSeconds,
    now: UnixSeconds,
) -> Result<(), Fault> {
    let other: Option<JobId> = transaction
        .prepare_cached("SELECT id FROM jobs WHERE collapse_key = ?1 AND state = 'queued' AND id <> ?2")?
        .query_row((job.task.collapse_key(), job.id), |row| row.get(0))
        .optional()?;
    if other.is_some() {
        return Ok(end(transaction, job.id, JobState::Done, SUPERSEDED, now)?);
    }
    transaction
        .prepare_cached(
            "UPDATE jobs SET state = 'queued', not_before = ?2, outcome = ?3, finished_at = NULL WHERE id = ?1",
        )?
        .execute((job.id, not_before, outcome))?;
    Ok(())
}

/// Forgets the oldest of those that have ended so.
fn forget(connection: &Connection, state: JobState) -> Result<(), Fault> {
    const FORGET: &str = "DELETE FROM jobs WHERE state = ?1
                          AND id <= (SELECT id FROM jobs WHERE state = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
    connection.prepare_cached(FORGET)?.execute((state, REMEMBERED))?;
    Ok(())
}

fn listed(connection: &Connection, filter: &JobFilter, limit: u32) -> Result<Vec<Job>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM jobs
         WHERE (?1 OR state IN (SELECT value FROM rarray(?2))) AND (?3 OR kind IN (SELECT value FROM rarray(?4)))
           AND (?5 IS NULL OR id < ?5)
         ORDER BY id DESC LIMIT ?6"
    );
    let states = words(filter.states.iter().map(|state| state.as_str()));
    let any = (filter.states.is_empty(), filter.kinds.is_empty());
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((any.0, states, any.1, kinds(&filter.kinds), filter.before, limit), job)?;
    let mut jobs = Vec::new();
    for row in rows {
        jobs.extend(valid(row)?);
    }
    Ok(jobs)
}

/// `None`: it holds something that this version does not know.
fn one(connection: &Connection, id: JobId) -> Result<Option<Job>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM jobs WHERE id = ?1");
    Ok(valid(connection.prepare_cached(&sql)?.query_row([id], job))?)
}

fn require(connection: &Connection, id: JobId) -> Result<Job, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM jobs WHERE id = ?1");
    let found = connection.prepare_cached(&sql)?.query_row([id], job).optional()?;
    found.ok_or(Fault::Refused(CatalogError::NoSuchJob { id }))
}

fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    let task = row.get_ref("task")?.as_str().map_err(not_valid)?;
    Ok(Job {
        id: row.get("id")?,
        task: serde_json::from_str(task).map_err(not_valid)?,
        state: row.get("state")?,
        asked_by: row.get("asked_by")?,
        asked_at: row.get("asked_at")?,
        asked_times: row.get("asked_times")?,
        not_before: row.get("not_before")?,
        attempts: row.get("attempts")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
        outcome: row.get("outcome")?,
    })
}
