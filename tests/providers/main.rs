//! Every provider against a server of our own: its dialect, what all of them owe, and what may be sent to them.

#[path = "../support/server.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod server;

mod contract;
mod dialects;
mod fetching;
mod greeting;
mod hostile;
mod identifying;
mod local;
mod nfo;
mod support;
