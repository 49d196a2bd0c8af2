//! `posterfs serve`: the mounts of the configuration, the jobs, the schedule and HTTP in one process.
//!
//! One thread, that of [`serve`](fn@serve), starts everything, waits for what happens (`Event`), and ends everything in the opposite
//! order. Everything else has threads of its own, and none of them waits for the main thread:
//!
//! | thread | owner | does |
//! | --- | --- | --- |
//! | `mount N` and those of its session | `mounts` | keeps one view mounted; tries again while its source is away |
//! | `job N` | `workers` | takes jobs from the queue, one of a kind at a time |
//! | `schedule` | `clockwork` | asks for what the schedule names; sees what other processes queued |
//! | `control`, `call` | `calls` | does what commands ask for |
//! | `http` | `web` | serves HTTP |
//! | `watchdog` | `check` | looks whether all of this works, and only then tells systemd so |
//! | `signals` | `signals` | hands signals on |
//!
//! - `state.rs`: what they share.
//! - `run_task.rs`: a task becomes calls of phases.
//! - `schedule.rs`: when what is due.
//! - `systemd.rs`: what systemd is told.
//! - `log.rs`: what is logged, and how.
//! - `status.rs`: what `posterfs status` tells of the daemon.

mod bell;
mod calls;
mod check;
mod clockwork;
mod error;
mod live;
pub mod log;
mod mounts;
mod run_task;
mod schedule;
mod serve;
mod signals;
mod state;
mod status;
mod systemd;
mod web;
mod workers;

pub use calls::Runner;
pub use error::ServeError;
pub use serve::{ServeOptions, serve};
pub use status::{DaemonStatus, MountStatus, ScheduledTask};
