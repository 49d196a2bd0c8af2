//! What players are told, against servers of our own that speak their dialects: method, path, login and body of every
//! request, and what happens when they fail.

#[path = "../support/server.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod server;

mod failing;
mod jellyfin;
mod kodi;
mod plex;
mod support;
