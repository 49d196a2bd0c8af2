//! What the daemon answers over HTTP, over real connections to this machine.

mod abuse;
mod api;
mod schema;
mod webhooks;
mod world;
