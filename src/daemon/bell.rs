//! Waking threads that wait for something to do.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// Rung when there may be something to do. Whoever rings before somebody waits is heard all the same.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<u64>,
    ringing: Condvar,
}

impl Bell {
    /// Wakes everybody who waits.
    pub fn ring(&self) {
        *self.rung.lock() += 1;
        self.ringing.notify_all();
    }

    /// How often it has been rung; for [`Self::wait`].
    pub fn rung(&self) -> u64 {
        *self.rung.lock()
    }

    /// Waits until it is rung again after it had been rung that often, or the time is over.
    pub fn wait(&self, heard: u64, at_most: Duration) {
        let mut rung = self.rung.lock();
        if *rung == heard {
            self.ringing.wait_for(&mut rung, at_most);
        }
    }
}
