//! Enrichment as a whole: a server of our own offers pictures, and what is chosen, downloaded and left alone is looked at.

#[path = "../support/server.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod server;

mod casts;
mod choosing;
mod commands;
mod declared;
mod identifying;
mod killed;
mod lost;
mod pictures;
mod rules;
mod shelf;
mod types;
mod world;
