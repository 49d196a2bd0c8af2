//! What brings everything back: each test bears the name of a paragraph of `docs/disasters.md` and does what that says.

#[path = "../support/mod.rs"]
mod support;

mod database;
mod places;
mod world;
