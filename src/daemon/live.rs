//! How far the jobs are that are under way.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::control::Holder;
use crate::model::JobId;
use crate::phase::Progress;
use crate::work::{Attendant, Cancel, RunningJob};

/// Jobs that are under way.
#[derive(Debug, Default)]
pub struct LiveJobs(Mutex<BTreeMap<i64, RunningJob>>);

impl LiveJobs {
    /// All of them.
    pub fn all(&self) -> Vec<RunningJob> {
        self.0.lock().values().cloned().collect()
    }

    /// One begins; it is under way until the attendant is dropped.
    pub fn begin<'a>(&'a self, id: JobId, task: String, stop: &'a Cancel) -> JobAttendant<'a> {
        let job = RunningJob { id: id.get(), task, ..RunningJob::default() };
        self.0.lock().insert(id.get(), job);
        JobAttendant { live: self, id: id.get(), stop }
    }

    fn change(&self, id: i64, change: impl FnOnce(&mut RunningJob)) {
        if let Some(job) = self.0.lock().get_mut(&id) {
            change(job);
        }
    }
}

/// Watches over a job.
#[derive(Debug)]
pub struct JobAttendant<'a> {
    live: &'a LiveJobs,
    id: i64,
    stop: &'a Cancel,
}

impl Drop for JobAttendant<'_> {
    fn drop(&mut self) {
        self.live.0.lock().remove(&self.id);
    }
}

impl Attendant for JobAttendant<'_> {
    fn progress(&self, noun: &'static str) -> Box<dyn Progress + '_> {
        Box::new(Part { attendant: self, noun })
    }

    fn is_cancelled(&self) -> bool {
        self.stop.is_cancelled()
    }

    fn waits_for(&self, what: &'static str, holder: Holder) {
        tracing::info!(job = self.id, what, %holder, "waiting for somebody else to end");
        self.live.change(self.id, |job| job.waits_for = Some(holder.to_string()));
    }
}

struct Part<'a> {
    attendant: &'a JobAttendant<'a>,
    noun: &'static str,
}

impl Part<'_> {
    fn change(&self, change: impl FnOnce(&mut RunningJob)) {
        self.attendant.live.change(self.attendant.id, change);
    }
}

impl Progress for Part<'_> {
    fn start(&self, total: Option<u64>) {
        self.change(|job| {
            job.noun = self.noun.to_owned();
            (job.done, job.total, job.waits_for) = (0, total, None);
        });
    }

    fn extend(&self, steps: u64) {
        self.change(|job| job.total = job.total.map(|total| total + steps));
    }

    fn advance(&self, steps: u64) {
        self.change(|job| job.done += steps);
    }

    fn finish(&self) {}

    fn is_cancelled(&self) -> bool {
        self.attendant.is_cancelled()
    }
}
