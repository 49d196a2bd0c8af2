//! Whether what is logged goes to the journal.

use std::io;

use super::state::variable;

/// Whether stderr is what systemd connects to the journal: it names the device and inode of that.
#[must_use]
pub fn stderr_is_journal() -> bool {
    let Ok(stat) = rustix::fs::fstat(io::stderr()) else { return false };
    variable("JOURNAL_STREAM").is_some_and(|named| named.to_str() == Some(&format!("{}:{}", stat.st_dev, stat.st_ino)))
}
