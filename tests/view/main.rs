//! The view of a library: what the mounts of `tests/posix` do with mappings in them, and what commands do meanwhile.

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/every_layout.rs"]
mod every_layout;

mod beginning;
mod cache;
mod ending;
mod figures;
mod following;
mod going_back;
mod golden;
mod mounting;
mod over;
mod pictures;
mod several;
mod users;
mod watching;
mod world;
