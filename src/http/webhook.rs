//! What Radarr, Sonarr and Lidarr tell.
//!
//! ```text
//! bytes ─ parse ─▶ Webhook ─ plan (paths, libraries) ─▶ jobs, ids ─ one transaction with the log ─▶ 202
//! ```
//!
//! - `event`: what they tell, as values; `parse`: bytes → event, pure
//! - `paths`: from their paths to ours; `plan`: what is to be done
//! - `receive`: the request; `replay`: the same once more, from the log

mod event;
mod parse;
mod paths;
mod plan;
mod receive;
mod replay;

pub use event::{DeleteReason, Event, Manager, Move, Subject, Webhook};
pub use parse::{BodyError, parse};
pub use paths::{PathError, Paths, Place};
pub use plan::{Plan, Planner};
pub(super) use receive::routes;
pub use receive::{Reception, take};
pub use replay::{ReplayError, replay};
