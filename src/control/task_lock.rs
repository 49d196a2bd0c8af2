//! What only one process does at a time: one scan, one enrichment, … on one state folder, and one daemon.
//!
//! A lock is a file in `run/` that is locked as long as the work lasts, and says who is at it. It ends with its process,
//! however that ends.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// Held while something is done that nobody else may do at the same time.
#[derive(Debug)]
pub struct TaskLock {
    _file: File,
}

/// Somebody else is at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The process, where it can be told.
    pub pid: Option<u32>,
}

impl TaskLock {
    /// Takes the lock of that name if nobody has it; else tells who does.
    ///
    /// # Errors
    /// When the file cannot be made or locked.
    pub fn try_take(run: &Path, name: &str) -> io::Result<Result<Self, Holder>> {
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(path(run, name))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(Err(holder(&mut file))),
            Err(errno) => return Err(errno.into()),
        }
        // What it says is of use to people only: a full disk must not keep the work from being done.
        let _ = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| writeln!(file, "{}", std::process::id()));
        Ok(Ok(Self { _file: file }))
    }
}

/// Who has the lock of that name, if anybody.
///
/// # Errors
/// When the file cannot be read.
pub fn lock_holder(run: &Path, name: &str) -> io::Result<Option<Holder>> {
    let mut file = match File::open(path(run, name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(None),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(Some(holder(&mut file))),
        Err(errno) => Err(errno.into()),
    }
}

fn holder(file: &mut File) -> Holder {
    let mut text = String::new();
    let read = file.take(32).read_to_string(&mut text);
    Holder { pid: read.ok().and_then(|_| text.trim().parse().ok()) }
}

fn path(run: &Path, name: &str) -> PathBuf {
    run.join(format!("{name}.lock"))
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("another process"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_others_are_told_who() {
        let run = tempfile::tempdir().unwrap();
        assert_eq!(lock_holder(run.path(), "scan").unwrap(), None);
        let lock = TaskLock::try_take(run.path(), "scan").unwrap().unwrap();
        let holder = TaskLock::try_take(run.path(), "scan").unwrap().unwrap_err();
        assert_eq!(holder.pid, Some(std::process::id()));
        assert_eq!(lock_holder(run.path(), "scan").unwrap(), Some(holder));
        assert!(TaskLock::try_take(run.path(), "enrich").unwrap().is_ok(), "another kind is free");
        drop(lock);
        assert_eq!(lock_holder(run.path(), "scan").unwrap(), None);
        assert!(TaskLock::try_take(run.path(), "scan").unwrap().is_ok());
    }

    #[test]
    fn a_file_without_a_number_says_nothing_of_the_process() {
        let run = tempfile::tempdir().unwrap();
        let _lock = TaskLock::try_take(run.path(), "gc").unwrap().unwrap();
        File::options().write(true).open(path(run.path(), "gc")).unwrap().write_all(b"nonsense").unwrap();
        let holder = TaskLock::try_take(run.path(), "gc").unwrap().unwrap_err();
        assert_eq!((holder.pid, holder.to_string().as_str()), (None, "another process"));
    }
}
