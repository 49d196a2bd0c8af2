//! Whether the daemon works: what systemd's watchdog hears.
//!
//! A thread of its own looks: at each view (asked through the kernel, as a player would), at the catalog, at the threads of
//! jobs and schedule. Only when all of it is well is systemd told; when something does not answer at all, this thread hangs
//! with it and tells nothing. A source that fails or hangs is no reason to be restarted: what asks for it is answered
//! with an error after `view.source_timeout`, and the artwork is served.

use std::sync::Arc;
use std::time::Duration;

use crate::catalog::Catalog;

use super::mounts::{Condition, answers};
use super::state::Shared;
use super::systemd;

/// How long the thread of the schedule may be silent: it waits for the catalog as long as that is busy.
const SILENCE: Duration = Duration::from_secs(60);

/// Begins to look, as often as systemd wants to hear; not at all where it does not.
pub fn start(
    shared: &Arc<Shared>,
    silence: impl Fn() -> Duration + Send + 'static,
    are_workers_alive: impl Fn() -> bool + Send + 'static,
) {
    let Some(within) = systemd::watchdog_within() else { return };
    let shared = Arc::clone(shared);
    let look = move || {
        while !shared.stop.is_cancelled() {
            match look(&shared, &silence, &are_workers_alive) {
                Ok(()) => systemd::watchdog(),
                Err(why) => {
                    tracing::error!(why, "the daemon does not work as it should");
                    systemd::status(&format!("failing: {why}"));
                }
            }
            std::thread::sleep(within / 3);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("watchdog".to_owned()).spawn(look) {
        tracing::error!(%error, "cannot watch over the daemon");
    }
}

fn look(shared: &Shared, silence: &dyn Fn() -> Duration, are_workers_alive: &dyn Fn() -> bool) -> Result<(), String> {
    for (mountpoint, condition) in shared.mounts.conditions() {
        if condition == Condition::Up && !answers(&mountpoint) {
            return Err(format!("nobody answers for the view at {}", mountpoint.display()));
        }
    }
    let database = shared.place().state.database();
    let catalog = Catalog::open_read_only(&database).map_err(|error| error.to_string())?;
    catalog.latest_generation().map_err(|error| error.to_string())?;
    if !are_workers_alive() {
        return Err("a thread that does jobs has died".to_owned());
    }
    if silence() > SILENCE {
        return Err("the schedule stands still".to_owned());
    }
    Ok(())
}
