//! One of a kind at a time, whichever process it is in.

use std::time::Duration;

use crate::control::TaskLock;
use crate::model::TaskKind;
use crate::phase::PhaseError;

use super::{Attendant, WorkError, Workplace};

/// How often is looked whether somebody else is through.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Workplace {
    /// Waits until nobody else is doing that kind of work on this state folder, and keeps others off until what is returned
    /// is dropped. Its attendant is told once whom it waits for.
    ///
    /// # Errors
    /// When the attendant has it stopped, or the lock cannot be taken.
    pub fn hold(&self, kind: TaskKind, attendant: &dyn Attendant) -> Result<TaskLock, WorkError> {
        self.state.make()?;
        let (run, what) = (self.state.run(), kind.as_str());
        let mut is_told = false;
        loop {
            let failed = |source| WorkError::Lock { what, run: run.clone(), source };
            let holder = match TaskLock::try_take(&run, what).map_err(failed)? {
                Ok(lock) => return Ok(lock),
                Err(holder) => holder,
            };
            if attendant.is_cancelled() {
                return Err(PhaseError::Stopped.into());
            }
            if !std::mem::replace(&mut is_told, true) {
                attendant.waits_for(what, holder);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}
