//! What systemd is told, where it is there: by the socket that it names in the environment.

use std::time::Duration;

use sd_notify::NotifyState;

/// Tells systemd; nobody, where the daemon was started otherwise.
pub fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd cannot be told how the daemon is");
    }
}

/// What `systemctl status` shows.
pub fn status(text: &str) {
    tell(&[NotifyState::Status(text)]);
}

/// The views answer, and everything else has started.
pub fn ready(text: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(text)]);
}

/// The configuration is being read again; [`ready`] is to follow.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "the clock cannot be read"),
    }
}

/// The daemon ends, within that time.
pub fn stopping(within: Duration) {
    let within = u32::try_from(within.as_micros()).unwrap_or(u32::MAX);
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping"), NotifyState::ExtendTimeoutUsec(within)]);
}

/// Everything works.
pub fn watchdog() {
    tell(&[NotifyState::Watchdog]);
}

/// Within what time systemd wants to hear that everything works; `None`: it does not.
pub fn watchdog_within() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}
