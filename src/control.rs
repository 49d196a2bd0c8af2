//! Sockets and locks between processes: those of mounts, that of the daemon ([`DaemonRequest`]), and the locks of what only one
//! process does at a time ([`TaskLock`]).
//!
//! Each mounting process leaves two files in `run/` of the state folder: `mount-<id>.json` says what is mounted where,
//! `mount-<id>.sock` takes requests. The mount lives exactly as long as somebody answers at the socket; files without
//! an answer are left-overs of a crash and are swept away by whoever meets them, under the lock that who enters a mount holds
//! until it answers.
//!
//! A request is one line of JSON, the answer likewise. The answer to [`Request::Source`] carries the descriptor of the
//! source folder, opened before anything was mounted over it: that is how a scan reaches the media beneath a mount.
//! The state folder is readable by its owner only, and so is the socket.

mod client;
mod daemon;
mod listener;
mod registry;
mod server;
mod task_lock;

pub use client::{ask, source_of};
pub use daemon::{Call, Caller, DAEMON_SOCKET, DaemonRequest, Frame, ask_daemon, call_daemon, read_daemon_request};
pub use listener::Listener;
pub use registry::{LockedRun, MountInfo, Registration, RegistryError, mounts, mounts_besides, register};
pub use server::{Handler, Server, send_answer};
pub use task_lock::{Holder, TaskLock, lock_holder};

use serde::{Deserialize, Serialize};

/// Longest request or answer, in bytes.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// How long one side waits for the other.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// What the command line asks of a mounting process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Is somebody there?
    Ping,
    /// The descriptor of the source folder.
    Source,
    /// Counters and state.
    Status,
    /// The catalog has changed: look now.
    Nudge,
    /// Unmount and end.
    Unmount,
}

/// The answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Done.
    Done,
    /// Counters and state.
    Status(serde_json::Value),
    /// Not done, and why.
    Failed(String),
}
