//! `posterfs jobs`

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::catalog::{Job, JobFilter};
use crate::control::{DaemonRequest, ask_daemon};
use crate::model::{JobId, JobState};

use super::Outcome;
use super::context::Context;
use super::output::{local_time, table};

/// How many jobs are listed unless asked for more.
const LIMIT: u32 = 50;

/// What the daemon has to do, and what came of it.
///
/// Jobs come from webhooks, the schedule and the API. What fails is tried again, ever more slowly; what has failed too often is dead,
/// and a person has to look.
///
/// For example: `posterfs jobs --in dead`, then `posterfs jobs retry 17` or `posterfs jobs drop 17`.
#[derive(Debug, Args)]
pub struct JobsCommand {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only those in this state: queued, running, done, dead.
    #[arg(long = "in", value_name = "STATE")]
    states: Vec<JobState>,
    /// At most so many, the newest first.
    #[arg(long, default_value_t = LIMIT)]
    limit: u32,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Try a dead job again, or one that waits to be tried again, now.
    ///
    /// It counts as never tried. Without a daemon it waits for one.
    ///
    /// For example: `posterfs jobs retry 17`.
    Retry {
        /// Its number.
        job: i64,
    },
    /// Take a job that waits out of the queue, or a dead one off the list.
    ///
    /// One that is running goes on.
    ///
    /// For example: `posterfs jobs drop 17`.
    Drop {
        /// Its number.
        job: i64,
    },
}

#[derive(Debug, Serialize)]
struct JobReport {
    id: i64,
    task: String,
    state: JobState,
    asked_by: &'static str,
    asked_at: i64,
    asked_times: u32,
    not_before: i64,
    attempts: u32,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    outcome: Option<String>,
}

impl JobsCommand {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        match self.action {
            None => {
                let filter = JobFilter { states: self.states, ..JobFilter::default() };
                let jobs = context.catalog_to_read()?.jobs(&filter, self.limit)?;
                let jobs: Vec<JobReport> = jobs.into_iter().map(JobReport::from).collect();
                context.output.list(&jobs, text)?;
            }
            Some(Action::Retry { job }) => {
                let job = context.catalog()?.retry_job(JobId::new(job), context.now())?;
                anyhow::ensure!(
                    job.state == JobState::Queued,
                    "job {} is {}: there is nothing to retry",
                    job.id,
                    job.state
                );
                // Without a daemon it waits for one.
                let _ = ask_daemon(&context.state.run(), &DaemonRequest::Jobs);
                context.output.list(&[JobReport::from(job)], text)?;
            }
            Some(Action::Drop { job }) => {
                let is_dropped = context.catalog()?.drop_job(JobId::new(job))?;
                anyhow::ensure!(is_dropped, "job {job} neither waits nor is dead, so it is not dropped");
            }
        }
        Ok(Outcome::Done)
    }
}

impl From<Job> for JobReport {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.get(),
            task: job.task.to_string(),
            state: job.state,
            asked_by: job.asked_by.as_str(),
            asked_at: job.asked_at.get(),
            asked_times: job.asked_times,
            not_before: job.not_before.get(),
            attempts: job.attempts,
            started_at: job.started_at.map(crate::model::UnixSeconds::get),
            finished_at: job.finished_at.map(crate::model::UnixSeconds::get),
            outcome: job.outcome,
        }
    }
}

fn text(jobs: &[JobReport]) -> String {
    if jobs.is_empty() {
        return "no jobs".to_owned();
    }
    let cells = jobs.iter().map(|job| {
        let when = job.finished_at.or(job.started_at).unwrap_or(job.not_before);
        let asked = if job.asked_times > 1 {
            format!("{} (×{})", job.asked_by, job.asked_times)
        } else {
            job.asked_by.to_owned()
        };
        let outcome = job.outcome.clone().unwrap_or_default();
        vec![job.id.to_string(), job.state.to_string(), local_time(when), job.task.clone(), asked, outcome]
    });
    table(&["JOB", "STATE", "WHEN", "TASK", "ASKED BY", "OUTCOME"], cells)
}
