//! The work: scan, select, publish, export. Each phase may be killed at any instant and run again.
//!
//! - [`scan`](fn@scan): tree → entities, ids, originals.
//! - [`items`]: which entity a user means.
//! - [`PhaseError`], [`Progress`]: what all phases share.

mod error;
pub mod items;
mod progress;
mod scan;

pub use error::{ItemCandidate, PhaseError};
pub use progress::{NoProgress, Progress};
pub use scan::{DuplicateId, ScanProblem, ScanReport, scan};
