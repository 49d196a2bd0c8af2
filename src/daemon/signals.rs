//! Signals.

use std::sync::mpsc::Sender;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::ServeError;
use super::serve::Event;
use super::state::Shared;

use std::sync::Arc;

/// Hands signals on. The second one that wants the daemon to end is obeyed at once: views are taken out of the tree, whoever
/// uses them, and nothing is waited for. Everything may be killed at any instant, so nothing is lost by that.
pub fn start(events: Sender<Event>, shared: Arc<Shared>) -> Result<(), ServeError> {
    let failed = |source| ServeError::Start { what: "the signal handlers", source };
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(failed)?;
    let hand_on = move || {
        let mut is_ending = false;
        for signal in signals.forever() {
            match signal {
                SIGHUP => drop(events.send(Event::Reload(None))),
                _ if is_ending => end_now(&shared),
                _ => {
                    is_ending = true;
                    drop(events.send(Event::Stop));
                }
            }
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(hand_on).map(drop).map_err(failed)
}

fn end_now(shared: &Shared) {
    tracing::warn!("ending at once, as was asked for twice");
    shared.mounts.detach_all();
    std::process::exit(1);
}
