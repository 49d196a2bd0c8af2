//! How many requests of each kind there were, and how long they took. A request costs two looks at a clock and four additions
//! that order nothing, on lines of its kind only.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::stats::Stats;

macro_rules! operations {
    ($($variant:ident = $word:literal),+ $(,)?) => {
        /// What the kernel asks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Operation {
            $(#[doc = concat!("`", $word, "`")] $variant),+
        }

        impl Operation {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

operations! {
    Lookup = "lookup", Getattr = "getattr", Setattr = "setattr", Readlink = "readlink", Mknod = "mknod", Mkdir = "mkdir",
    Unlink = "unlink", Rmdir = "rmdir", Symlink = "symlink", Rename = "rename", Link = "link", Open = "open",
    Create = "create", Read = "read", Write = "write", Release = "release", Fsync = "fsync", Readdirplus = "readdirplus",
    Fsyncdir = "fsyncdir", Statfs = "statfs", Setxattr = "setxattr", Getxattr = "getxattr", Listxattr = "listxattr",
    Removexattr = "removexattr", Ioctl = "ioctl", Fallocate = "fallocate", Lseek = "lseek",
    CopyFileRange = "copy_file_range",
}

/// The longest time of each bucket, in microseconds; what takes longer is counted behind the last.
const BOUNDS: [u64; 7] = [50, 200, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// The requests of one kind.
#[derive(Debug, Default)]
struct Line {
    begun: AtomicU64,
    failed: AtomicU64,
    nanoseconds: AtomicU64,
    buckets: [AtomicU64; BOUNDS.len() + 1],
}

impl Line {
    fn note(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanos, Ordering::Relaxed);
        if let Some(bucket) = self.buckets.get(BOUNDS.partition_point(|bound| *bound < micros)) {
            Stats::count(bucket);
        }
    }

    fn snapshot(&self) -> OperationSnapshot {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut done = 0;
        let mut buckets = Vec::with_capacity(BOUNDS.len());
        for (bound, bucket) in BOUNDS.iter().zip(&self.buckets) {
            done += load(bucket);
            buckets.push((*bound, done));
        }
        done += self.buckets.last().map(load).unwrap_or_default();
        let (begun, failed) = (load(&self.begun), load(&self.failed));
        OperationSnapshot { begun, failed, done, nanoseconds: load(&self.nanoseconds), buckets }
    }
}

/// The requests of all kinds, by kind.
#[derive(Debug)]
pub struct Operations([Line; Operation::ALL.len()]);

impl Default for Operations {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Line::default()))
    }
}

/// The requests of one kind, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationSnapshot {
    /// That came.
    pub begun: u64,
    /// That failed for a reason that lies with the source, the disk or us, not with who asked (`EIO`).
    pub failed: u64,
    /// That ended.
    pub done: u64,
    /// How long these took together.
    pub nanoseconds: u64,
    /// How many of these took at most so many microseconds, for each bound; what took longer is in `done` alone.
    pub buckets: Vec<(u64, u64)>,
}

impl Operations {
    fn line(&self, operation: Operation) -> Option<&Line> {
        self.0.get(operation as usize)
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|line| line.begun.load(Ordering::Relaxed)).sum()
    }

    /// How many of them failed (see [`OperationSnapshot::failed`]).
    pub fn failed(&self) -> u64 {
        self.0.iter().map(|line| line.failed.load(Ordering::Relaxed)).sum()
    }

    /// What there was of each kind of which there was any.
    pub fn snapshot(&self) -> BTreeMap<String, OperationSnapshot> {
        let lines = Operation::ALL.iter().zip(&self.0).map(|(operation, line)| (operation, line.snapshot()));
        lines
            .filter(|(_, line)| line.begun > 0)
            .map(|(operation, line)| (operation.as_str().to_owned(), line))
            .collect()
    }
}

/// A request under way: it is counted when this is made, and how long it took is noted when this is dropped.
#[derive(Debug)]
pub struct UnderWay {
    /// What is asked for.
    pub operation: Operation,
    stats: Arc<Stats>,
    began: Instant,
}

impl UnderWay {
    /// One begins.
    pub fn begin(stats: &Arc<Stats>, operation: Operation) -> Self {
        if let Some(line) = stats.operations.line(operation) {
            Stats::count(&line.begun);
        }
        Self { operation, stats: Arc::clone(stats), began: Instant::now() }
    }

    /// It is answered `EIO`, and not because of who asked. Told where somebody looks for it (at debug level): an `EIO` that is
    /// not told there comes from the kernel itself.
    pub fn fail(&self, why: &dyn Display) {
        tracing::debug!(request = self.operation.as_str(), %why, "answered EIO");
        if let Some(line) = self.stats.operations.line(self.operation) {
            Stats::count(&line.failed);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(line) = self.stats.operations.line(self.operation) {
            line.note(self.began.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_falls_into_its_bucket() {
        let line = Line::default();
        for micros in [0, 50, 51, 1_000, 60_000_000] {
            line.note(Duration::from_micros(micros));
        }
        let told = line.snapshot();
        let upto = [(50, 2), (200, 3), (1_000, 4), (10_000, 4), (100_000, 4), (1_000_000, 4), (10_000_000, 4)];
        assert_eq!((told.buckets.as_slice(), told.done), (upto.as_slice(), 5));
        assert_eq!(told.nanoseconds, 60_001_101_000);
    }

    #[test]
    fn a_request_is_counted_when_it_comes_and_timed_when_it_ends() {
        let stats = Arc::new(Stats::default());
        let under_way = UnderWay::begin(&stats, Operation::CopyFileRange);
        under_way.fail(&"the disk is broken");
        assert_eq!((stats.operations.total(), stats.operations.failed()), (1, 1));
        assert_eq!(stats.operations.snapshot()["copy_file_range"].done, 0);
        drop(under_way);
        let told = stats.operations.snapshot();
        assert_eq!(told.keys().collect::<Vec<_>>(), ["copy_file_range"]);
        assert_eq!((told["copy_file_range"].done, told["copy_file_range"].failed), (1, 1));
    }
}
