//! What the threads of the daemon share.

use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::catalog::{Asked, NewJob};
use crate::http::Host;
use crate::model::{Clock, SystemClock};
use crate::work::{Cancel, RunningJob, WorkError, Workplace};

use super::bell::Bell;
use super::live::LiveJobs;
use super::mounts::Mounts;
use super::schedule::ScheduleView;

/// What the threads of the daemon share.
#[derive(Debug)]
pub struct Shared {
    place: RwLock<Arc<Workplace>>,
    /// Rung when there may be jobs.
    pub bell: Bell,
    /// Jobs that are under way.
    pub live: LiveJobs,
    /// No new work is begun, and what is under way stops where it can.
    pub stop: Cancel,
    /// The views.
    pub mounts: Mounts,
    /// When what is due.
    pub schedule: Mutex<ScheduleView>,
    /// Where HTTP is served.
    pub listening: Mutex<Option<std::net::SocketAddr>>,
}

impl Shared {
    pub fn new(place: Workplace) -> Self {
        let mounts = Mounts::new(place.state.clone());
        Self {
            place: RwLock::new(Arc::new(place)),
            bell: Bell::default(),
            live: LiveJobs::default(),
            stop: Cancel::default(),
            mounts,
            schedule: Mutex::default(),
            listening: Mutex::default(),
        }
    }

    /// The state folder with the configuration that is in force now.
    pub fn place(&self) -> Arc<Workplace> {
        Arc::clone(&self.place.read())
    }

    /// Another configuration is in force from now on.
    pub fn set_place(&self, place: Workplace) {
        *self.place.write() = Arc::new(place);
    }

    /// Asks for a job, and wakes who does it.
    pub fn ask_for(&self, job: &NewJob) -> Result<Asked, WorkError> {
        let asked = self.place().catalog()?.ask_for(job, SystemClock.now())?;
        self.bell.ring();
        Ok(asked)
    }
}

impl Host for Shared {
    fn place(&self) -> Arc<Workplace> {
        Self::place(self)
    }

    fn wake(&self) {
        self.bell.ring();
    }

    fn running(&self) -> Vec<RunningJob> {
        self.live.all()
    }
}
