//! The commands as users and scripts run them: what they print, how they end, what they refuse, and what they leave
//! behind. `tests/films.rs` goes the main way; here is everything beside it.

#[path = "../support/mod.rs"]
mod support;

mod caring;
mod choosing;
mod documents;
mod exporting;
mod help;
mod locking;
mod looking;
mod naming;
mod notifying;
mod places;
mod printing;
mod publishing;
mod recycling;
mod refusing;
mod series;
#[path = "../support/server.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod server;
mod trusting;
mod unwritable;
mod webhooks;
