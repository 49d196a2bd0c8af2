//! Work as commands and jobs do it: the phases, with everything opened that they need, one of a kind at a time.
//!
//! A [`Workplace`] is a state folder with its configuration; it opens catalog, cache, providers and sources. A piece of work
//! is watched over by an [`Attendant`], who shows how far it is and may have it stopped: a command at a terminal, a
//! command that is done in the daemon, or a job.
//!
//! Nothing is done twice at the same time: a scan takes the lock of scans, whichever process it is in
//! ([`Workplace::hold`]).

mod attend;
mod care;
mod error;
mod phases;
mod place;
mod turn;

pub use attend::{Attendant, Cancel, Nobody, RunningJob};
pub use care::{FINDINGS_MAX, RepairWish, VerifySummary};
pub use error::WorkError;
pub use phases::EnrichWish;
pub use place::{OpenedLibrary, Workplace};
