//! Reading files of the cache as fast as disk and cores allow, or as slowly as the user wants.

use std::fs::File;
use std::io::{self, Read};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::fs::{Advice, fadvise};
use sha2::{Digest, Sha256};

use crate::model::ContentHash;

/// How much is read and hashed at a time, in bytes.
const CHUNK_BYTES: usize = 1 << 20;

/// How many bytes are read in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(pub u64);

/// What is typed is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no rate: give a number and a unit, as 50MB/s, 10MiB or 500k")]
pub struct RateError(String);

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let wrong = || RateError(text.to_owned());
        let plain = text.trim().strip_suffix("/s").unwrap_or(text.trim());
        let split = plain.find(|c: char| !c.is_ascii_digit()).unwrap_or(plain.len());
        let number: u64 = plain[..split].parse().map_err(|_| wrong())?;
        let unit: u64 = match plain[split..].trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" => 1_000,
            "m" | "mb" => 1_000_000,
            "g" | "gb" => 1_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            _ => return Err(wrong()),
        };
        number.checked_mul(unit).filter(|rate| *rate > 0).map(Rate).ok_or_else(wrong)
    }
}

/// How many bytes all threads together may read in a second.
pub(super) struct Pace {
    bytes_per_second: Option<u64>,
    /// When what was read so far is paid for.
    free_at: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(rate: Option<Rate>) -> Self {
        Self { bytes_per_second: rate.map(|Rate(bytes)| bytes), free_at: Mutex::new(Instant::now()) }
    }

    /// Waits until so many bytes more may be read.
    fn take(&self, bytes: usize) {
        let Some(rate) = self.bytes_per_second else { return };
        let cost = Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
        let wait = {
            let mut free_at = self.free_at.lock();
            let begin = (*free_at).max(Instant::now());
            *free_at = begin + cost;
            begin.saturating_duration_since(Instant::now())
        };
        thread::sleep(wait);
    }
}

/// One thread's means of reading.
pub(super) struct Reader<'a> {
    pace: &'a Pace,
    chunk: Vec<u8>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(pace: &'a Pace) -> Self {
        Self { pace, chunk: vec![0; CHUNK_BYTES] }
    }

    /// Has the kernel begin to read a file that comes next.
    pub(super) fn announce(&self, file: &File) {
        // Advice is advice: a file system that knows none reads all the same.
        let _ = fadvise(file, 0, None, Advice::Sequential);
        if self.pace.bytes_per_second.is_none() {
            let _ = fadvise(file, 0, None, Advice::WillNeed);
        }
    }

    /// The hash of all bytes of a file. What was read leaves the memory again, as it will not be read soon.
    pub(super) fn hash(&mut self, mut file: &File) -> io::Result<ContentHash> {
        let mut hasher = Sha256::new();
        loop {
            match file.read(&mut self.chunk) {
                Ok(0) => break,
                Ok(length) => {
                    hasher.update(&self.chunk[..length]);
                    self.pace.take(length);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let _ = fadvise(file, 0, None, Advice::DontNeed);
        Ok(ContentHash::new(hasher.finalize().into()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_rate_is_a_number_and_a_unit() {
        for (text, bytes) in
            [("50MB/s", 50_000_000), ("10MiB", 10 << 20), ("500k", 500_000), ("1 GB/s", 1_000_000_000), ("7", 7)]
        {
            assert_eq!(text.parse(), Ok(Rate(bytes)), "{text}");
        }
        for text in ["", "MB/s", "0", "-1MB", "5 parsecs", "99999999999999GB", "1.5MB", "é"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn the_pace_is_kept_by_all_threads_together() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[7; 300_000]).unwrap();
        let pace = Pace::new(Some(Rate(2_000_000)));
        let begun = Instant::now();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut reader = Reader::new(&pace);
                    for _ in 0..2 {
                        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
                        let again = File::open(path).unwrap();
                        let hash = reader.hash(&again).unwrap();
                        assert_eq!(&hash.as_bytes()[..], &Sha256::digest([7; 300_000])[..]);
                    }
                });
            }
        });
        // The last read is not waited for.
        assert!(begun.elapsed() >= Duration::from_millis(440), "{:?}", begun.elapsed());
    }
}
