//! What the daemon answers over HTTP, over real connections to this machine.

mod abuse;
mod webhooks;
mod world;
