//! Every command that changes something is killed (SIGKILL) at every one of its steps, one after the other, and run again:
//! then all rules hold, and the result is as if it had never stopped.
//!
//! The steps are those of `src/steps.rs`; a command is run with `POSTERFS_DIES_AT=#1`, `#2`, … until it lives.
//! Likewise a disk is full after so many bytes, more each time, until there is space for what a command does (`full`).

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod full;
mod rules;
