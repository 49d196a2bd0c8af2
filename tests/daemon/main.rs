//! The daemon as a process: start, stop, reload, crash, commands that it does, and what systemd hears of it.

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod daemon;
mod lifecycle;
mod queue;
mod units;
