//! What goes from the bin by itself: what is too old, and the oldest where it grows too large.

use rustix::fs::{AtFlags, Dir};

use crate::model::UnixSeconds;

use super::{Entry, Recycle, RecycleError};

const DAY: i64 = 86_400;

/// What the bin keeps. What is less than a day old always stays: it is what a mistake of today is taken back by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For how many days; 0: for ever.
    pub days: u32,
    /// How much at most, in bytes; 0: any amount. The oldest go first.
    pub bytes_max: u64,
}

/// What went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tidied {
    /// How many entries.
    pub entries: u64,
    /// How many bytes they had.
    pub bytes: u64,
}

impl Tidied {
    /// What it would come to if these went.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Self {
        let bytes = entries.iter().fold(0, |sum: u64, entry| sum.saturating_add(entry.byte_count));
        Self { entries: entries.len() as u64, bytes }
    }
}

impl Limits {
    /// Which of `entries`, oldest first, the bin does not keep.
    #[must_use]
    pub fn exceeded_by(self, entries: &[Entry], now: UnixSeconds) -> Vec<Entry> {
        let mut bytes = Tidied::of(entries).bytes;
        let mut go = Vec::new();
        for entry in entries {
            let age = now.get().saturating_sub(entry.removed_at.get());
            let is_old = self.days > 0 && age > i64::from(self.days).saturating_mul(DAY);
            let is_too_much = self.bytes_max > 0 && bytes > self.bytes_max;
            if age >= DAY && (is_old || is_too_much) {
                bytes -= entry.byte_count;
                go.push(entry.clone());
            }
        }
        go
    }
}

impl Recycle {
    /// Removes for good what the limits do not keep, and what killed processes left half done.
    ///
    /// # Errors
    /// When the bin cannot be read or an entry cannot be removed.
    pub fn tidy(&self, limits: Limits, now: UnixSeconds) -> Result<Tidied, RecycleError> {
        let tidied = self.purge(&limits.exceeded_by(&self.entries()?, now))?;
        self.sweep(now);
        Ok(tidied)
    }

    /// Removes files that belong to no entry, and have not for a day: a record without data, half a copy.
    fn sweep(&self, now: UnixSeconds) {
        let Ok(dir) = Dir::read_from(&self.folder) else { return };
        for found in dir.flatten() {
            let Ok(file) = found.file_name().to_str() else { continue };
            let is_left = match file.rsplit_once('.') {
                Some((id, "json")) => !self.has(&format!("{id}.data")),
                Some((_, "part")) => true,
                _ => false,
            };
            let stat = rustix::fs::statat(&self.folder, file, AtFlags::SYMLINK_NOFOLLOW);
            let is_old = stat.is_ok_and(|stat| now.get().saturating_sub(stat.st_mtime) > DAY);
            if is_left && is_old {
                // What cannot be removed is tried again next time.
                let _ = self.unlink(file);
            }
        }
    }
}
