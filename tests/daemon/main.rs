//! The daemon as a process: start, stop, reload, crash, commands that it does, and what systemd hears of it.

#[path = "../support/server.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod server;
#[path = "../support/mod.rs"]
mod support;

mod commands;
mod daemon;
mod lifecycle;
mod queue;
mod units;
mod whole;
