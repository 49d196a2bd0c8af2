//! What the daemon answers over HTTP, over real connections to this machine.

mod abuse;
mod api;
mod choosing;
mod client;
mod document;
mod many;
mod metrics;
mod page;
mod schema;
mod webhooks;
mod world;
