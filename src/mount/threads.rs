//! The threads of a mount, and the memory that they take before they do anything.
//!
//! What a mount costs in address space is its threads: each that serves the kernel has a buffer for the largest request
//! that the FUSE library knows (16 MiB, of which the pages that are never used take no memory) and a stack. That counts
//! where the address space is limited (`ulimit -v`, `LimitAS=`), and whoever finds out when the tree is mounted already
//! leaves a dead mount behind. So it is tried before: [`fit`].

use std::io;
use std::thread::{Builder, JoinHandle};

use parking_lot::RwLock;
use rustix::process::{Resource, getrlimit};

use super::gate::threads_for;

/// The stack of a thread of ours. None of them nests deeply: SQLite is what needs most, some 100 KiB.
const STACK_BYTES: usize = 1 << 20;
/// The stack of a thread that serves the kernel, or decodes pictures.
const LARGE_STACK_BYTES: usize = 2 << 20;
/// What the FUSE library sets aside for each thread that serves the kernel.
const BUFFER_BYTES: usize = (16 << 20) + 8192;
/// How many threads a mount has besides those that serve the kernel.
const OTHERS: usize = 14;
/// What the rest of a mount needs at first, with room to grow: page caches of the catalog's connections, what is known of
/// folders, the nodes, and the allocator's own shares.
const REST_BYTES: usize = 128 << 20;
#[cfg(target_env = "gnu")]
/// How many shares of memory (64 MiB of address space each) the allocator may make, and how many where address
/// space is limited. It would make eight for each processor.
const ARENAS_MAX: i32 = 4;
#[cfg(target_env = "gnu")]
const ARENAS_MAX_LIMITED: i32 = 1;
#[cfg(target_env = "gnu")]
/// What is larger than this comes from the kernel, and goes back to it.
const MAPPED_FROM: i32 = 4 << 20;

/// Begins a thread of a mount.
///
/// # Errors
/// When there is no memory for it, or there are too many already.
pub fn spawn<T: Send + 'static>(name: &str, body: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
    Builder::new().name(name.to_owned()).stack_size(STACK_BYTES).spawn(body)
}

/// The same for one that decodes pictures.
///
/// # Errors
/// When there is no memory for it, or there are too many already.
pub fn spawn_large<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    Builder::new().name(name.to_owned()).stack_size(LARGE_STACK_BYTES).spawn(body)
}

/// Not enough memory, or threads, for a mount.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no room for the {threads} threads that it takes at least (about {} MiB of address space{limit}): \
     {source}; raise the limit (`ulimit -v` or `-u`, `LimitAS=` or `TasksMax=`), or end other programs", bytes >> 20
)]
pub struct NoRoom {
    threads: usize,
    bytes: usize,
    limit: String,
    source: io::Error,
}

/// How many of so many seats at the gate there is room for, threads and all.
///
/// # Errors
/// When there is no room for one.
pub fn fit(seats: u16) -> Result<u16, NoRoom> {
    limit_arenas();
    let mut fitting = seats.max(1);
    loop {
        let threads = threads_for(fitting);
        match rehearse(threads) {
            Ok(()) => break,
            Err(source) if fitting == 1 => {
                let limit = address_space_limit().map(|bytes| format!(", of {} MiB that are allowed", bytes >> 20));
                return Err(NoRoom { threads, bytes: needed(threads), limit: limit.unwrap_or_default(), source });
            }
            Err(_) => fitting /= 2,
        }
    }
    if fitting < seats {
        tracing::warn!(
            wanted = seats,
            given = fitting,
            "memory is short: fewer requests may wait for the source at once"
        );
    }
    Ok(fitting)
}

/// Makes as many threads as a mount will have, with all that they take, and ends them again.
fn rehearse(serving: usize) -> io::Result<()> {
    let others = needed(serving) - (serving + OTHERS) * LARGE_STACK_BYTES;
    let mut room = Vec::<u8>::new();
    room.try_reserve_exact(others).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    let door = RwLock::new(());
    let closed = door.write();
    std::thread::scope(|scope| {
        // They end when the door opens, which it does on the way out, however that is.
        let _closed = closed;
        for _ in 0..serving + OTHERS {
            Builder::new().stack_size(LARGE_STACK_BYTES).spawn_scoped(scope, || drop(door.read()))?;
        }
        Ok(())
    })
}

/// The address space that a mount takes with that many threads that serve the kernel.
fn needed(serving: usize) -> usize {
    serving * BUFFER_BYTES + (serving + OTHERS) * LARGE_STACK_BYTES + REST_BYTES
}

/// How much address space this process may have, in bytes; `None` where nothing limits it.
fn address_space_limit() -> Option<u64> {
    getrlimit(Resource::As).current
}

/// Keeps the allocator from taking address space that nobody uses.
fn limit_arenas() {
    #[cfg(target_env = "gnu")]
    {
        let arenas = if address_space_limit().is_some() { ARENAS_MAX_LIMITED } else { ARENAS_MAX };
        // SAFETY: sets two numbers of the allocator, under its own lock.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, arenas);
            libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_an_ordinary_mount_and_not_for_any_number_of_threads() {
        assert_eq!(fit(8).unwrap(), 8);
        assert!(rehearse(1 << 30).is_err());
    }
}
