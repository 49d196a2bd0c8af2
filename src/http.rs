//! What the daemon answers over HTTP: webhooks, health, …
//!
//! [`serve`] takes connections and lets nobody hold them; [`router`] is the tree of routes without a network. Requests come
//! in through `guard` (who may, from where), are answered on the threads of tokio, and reach the catalog only through
//! [`App::with_catalog`], on threads that may wait. Whatever goes wrong is told as `problem+json`, with the remedy.
//!
//! - `app`: what all requests share; `guard`: who is let in; `problem`: errors; `body`: bodies, bounded
//! - `webhook`: what managers tell
//! - `health`: is it alive
//! - `server`: connections

mod app;
mod body;
mod guard;
mod health;
mod problem;
mod server;
pub mod webhook;

use axum::Router;

pub use app::{App, Host};
pub use problem::Problem;
pub use server::serve;

/// All routes.
pub fn router(app: &App) -> Router {
    let guarded = webhook::routes().layer(axum::middleware::from_fn_with_state(app.clone(), guard::guard));
    Router::new().merge(guarded).merge(health::routes()).fallback(problem::not_found).with_state(app.clone())
}
