//! How fast a provider is asked: requests a second, connections at once, and a pause for all when it asks for one.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// The pace of one provider, shared by all that is asked of it at the same time.
pub(super) struct Pace {
    requests: DefaultDirectRateLimiter,
    connections: Semaphore,
    /// Nobody asks before that time. Held for a look only.
    paused_until: Mutex<Option<Instant>>,
}

impl Pace {
    /// `requests_per_second` are spread evenly, with a tenth of a second's worth at once.
    pub(super) fn new(requests_per_second: f64, connections: u16) -> Self {
        let rate = requests_per_second.clamp(0.001, 10_000.0);
        let at_once = NonZeroU32::new((rate / 10.0) as u32).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(Duration::from_secs_f64(1.0 / rate)).unwrap_or(Quota::per_second(at_once));
        Self {
            requests: RateLimiter::direct(quota.allow_burst(at_once)),
            connections: Semaphore::new(usize::from(connections.max(1))),
            paused_until: Mutex::new(None),
        }
    }

    /// Waits until an API may be asked again.
    pub(super) async fn api_turn(&self) -> Option<SemaphorePermit<'_>> {
        let permit = self.connection().await;
        self.requests.until_ready().await;
        permit
    }

    /// Waits until there may be another connection; pictures are not counted as requests.
    pub(super) async fn connection(&self) -> Option<SemaphorePermit<'_>> {
        // Never closed, so a permit always comes.
        let permit = self.connections.acquire().await.ok();
        loop {
            let until = *self.paused_until.lock();
            match until {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                _ => return permit,
            }
        }
    }

    /// Has everybody wait.
    pub(super) fn pause(&self, length: Duration) {
        let until = Instant::now() + length;
        let mut paused = self.paused_until.lock();
        *paused = Some(paused.map_or(until, |known| known.max(until)));
    }
}
