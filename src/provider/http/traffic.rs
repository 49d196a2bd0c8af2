//! How often providers were asked, and how long they took to answer: for whoever watches.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

/// The longest time of each bucket, in milliseconds; what takes longer is counted behind the last.
const BOUNDS: [u64; 8] = [50, 100, 250, 500, 1_000, 2_500, 10_000, 60_000];

/// What is asked of a provider: a word of its API, or a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asking {
    /// Its API.
    Api,
    /// A picture.
    Picture,
}

impl Asking {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Picture => "picture",
        }
    }
}

/// The requests of one kind to one provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrafficLine {
    /// How many came to nothing; each try counts.
    pub failed: u64,
    /// How many there were.
    pub count: u64,
    /// How long they took together.
    pub took: Duration,
    buckets: [u64; BOUNDS.len()],
}

impl TrafficLine {
    /// How many took at most so long, for each bound.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        let mut upto = 0;
        BOUNDS.iter().zip(self.buckets).map(move |(bound, count)| {
            upto += count;
            (Duration::from_millis(*bound), upto)
        })
    }
}

/// All requests to providers of those who share this. Cloning it makes another name for the same.
#[derive(Debug, Clone, Default)]
pub struct Traffic(Arc<Mutex<Lines>>);

/// Requests by provider and kind.
type Lines = BTreeMap<(&'static str, Asking), TrafficLine>;

impl Traffic {
    pub(super) fn note(&self, provider: &'static str, asking: Asking, took: Duration, has_failed: bool) {
        let mut lines = self.0.lock();
        let line = lines.entry((provider, asking)).or_default();
        line.count += 1;
        line.failed += u64::from(has_failed);
        line.took += took;
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if let Some(bucket) = line.buckets.get_mut(BOUNDS.partition_point(|bound| *bound < millis)) {
            *bucket += 1;
        }
    }

    /// What there was so far.
    #[must_use]
    pub fn lines(&self) -> BTreeMap<(&'static str, Asking), TrafficLine> {
        self.0.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_falls_into_its_bucket() {
        let traffic = Traffic::default();
        for (millis, has_failed) in [(0, false), (50, false), (51, false), (2_000, true), (90_000, true)] {
            traffic.note("tmdb", Asking::Api, Duration::from_millis(millis), has_failed);
        }
        traffic.note("tmdb", Asking::Picture, Duration::from_secs(1), false);
        let lines = traffic.lines();
        let line = &lines[&("tmdb", Asking::Api)];
        let upto: Vec<u64> = line.buckets().map(|(_, upto)| upto).collect();
        assert_eq!(upto, [2, 3, 3, 3, 3, 4, 4, 4]);
        assert_eq!((line.count, line.failed, line.took), (5, 2, Duration::from_millis(92_101)));
        assert_eq!(lines.len(), 2);
    }
}
