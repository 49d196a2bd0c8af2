//! What brings everything back: each test bears the name of a paragraph of `docs/disasters.md` and does what that says.

#[path = "../support/server.rs"]
#[allow(dead_code, reason = "each test binary uses a part of this")]
mod server;
#[path = "../enrich/shelf.rs"]
#[allow(dead_code, reason = "each test binary uses a part of this")]
mod shelf;
#[path = "../support/mod.rs"]
mod support;

mod database;
mod pictures;
mod places;
mod world;
