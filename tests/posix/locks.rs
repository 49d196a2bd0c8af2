//! Locks between processes, of all three kinds.

use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{Folders, alike, write};

/// A way to lock (part of) a file without waiting.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Flock,
    Posix,
    OpenFile,
}

const KINDS: [Kind; 3] = [Kind::Flock, Kind::Posix, Kind::OpenFile];

/// What part of the file.
type Range = (i64, i64);

fn lock(file: RawFd, kind: Kind, is_exclusive: bool, (start, length): Range) -> std::io::Result<()> {
    let command = match kind {
        Kind::Flock => {
            let operation = if is_exclusive { libc::LOCK_EX } else { libc::LOCK_SH };
            // SAFETY: takes two numbers.
            return outcome(unsafe { libc::flock(file, operation | libc::LOCK_NB) });
        }
        Kind::Posix => libc::F_SETLK,
        Kind::OpenFile => libc::F_OFD_SETLK,
    };
    // SAFETY: a plain structure of numbers.
    let mut range: libc::flock = unsafe { std::mem::zeroed() };
    range.l_type = if is_exclusive { libc::F_WRLCK } else { libc::F_RDLCK } as libc::c_short;
    (range.l_start, range.l_len) = (start, length);
    // SAFETY: the structure outlives the call.
    outcome(unsafe { libc::fcntl(file, command, &raw const range) })
}

fn outcome(returned: libc::c_int) -> std::io::Result<()> {
    if returned == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

/// A process that takes a lock and keeps it until its input ends; the error when it does not get it.
fn process_with_lock(path: &Path, kind: Kind, is_exclusive: bool, range: Range) -> Result<Child, Option<i32>> {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let descriptor = file.as_raw_fd();
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    // SAFETY: `flock` and `fcntl` are async-signal-safe. The descriptor is kept open for the program (POSIX locks go
    // with any descriptor of the file that the process closes).
    unsafe {
        command.pre_exec(move || {
            outcome(libc::fcntl(descriptor, libc::F_SETFD, 0))?;
            lock(descriptor, kind, is_exclusive, range)
        });
    }
    let child = command.spawn().map_err(|error| error.raw_os_error());
    drop(file);
    child
}

fn end(mut child: Child) {
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[test]
fn locks_hold_off_other_processes() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_over(&[]);
    for kind in KINDS {
        alike(&mount, kind, |root| {
            let path = root.join(format!("{kind:?}"));
            write(&path, b"0123456789");
            let mut outcomes = Vec::new();
            for (held, wanted, range) in [
                (true, true, (0, 5)),
                (true, false, (4, 1)),
                (false, false, (0, 0)),
                (false, true, (0, 10)),
                (true, true, (5, 5)),
            ] {
                let holder = process_with_lock(&path, kind, held, (0, 5)).unwrap();
                let other = process_with_lock(&path, kind, wanted, range);
                outcomes.push(other.map(end).err());
                end(holder);
                // With its process the lock is gone.
                outcomes.push(process_with_lock(&path, kind, true, (0, 0)).map(end).err());
            }
            outcomes
        });
    }
}

#[test]
fn kinds_of_locks_among_each_other() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "pairs of kinds", |root| {
        let path = root.join("pairs");
        write(&path, b"x");
        let pairs = KINDS.into_iter().flat_map(|a| KINDS.into_iter().map(move |b| (a, b)));
        let outcomes = pairs.map(|(held, wanted)| {
            let holder = process_with_lock(&path, held, true, (0, 0)).unwrap();
            let other = process_with_lock(&path, wanted, true, (0, 0)).map(end).err();
            end(holder);
            (format!("{held:?} {wanted:?}"), other)
        });
        outcomes.collect::<Vec<_>>()
    });
}
