//! The FUSE shell around the overlay.
//!
//! | part | what |
//! | --- | --- |
//! | [`Session`] (`session`, `options`, `words`, `prepare`, `attach`, `unmount`) | a mount from its beginning to its end |
//! | `threads` | making threads, and whether there is room for those of a mount |
//! | `alive` | whether a mount answers |
//! | `answers` | what it answers at its control socket |
//! | `beneath` | reaching folders beneath the views that cover them |
//! | `fs`, `requests`, `reply` | unpacks requests, runs them, packs replies; the only part that knows the FUSE library's types |
//! | `gate` | how many requests wait for the source, for how long, and what becomes of them when it does not answer |
//! | `view` | what each request does |
//! | `nodes`, `place`, `handle` | the nodes that the kernel remembers, and how the source's inodes are reached |
//! | `files` | open files and kernel passthrough |
//! | `last_seen` | the folders to go by while the source does not answer |
//! | `index`, `feed` | what the mappings make of each folder, and following their changes |
//! | `watch`, `fan`, `submounts` | noticing what changes in the source behind the mount |
//! | `notify` | telling the kernel what is stale, from one thread |
//! | `caller`, `program` | acting as the calling user; which program asks, and what the settings say to it |
//! | `writers`, `changes`, `recover` | changes that need the catalog, made by one thread; what a killed mount left undone |
//! | `written`, `intake` | what programs write in the place of mapped pictures, and taking it in |
//! | `moments`, `ticker` | what holds for a while only: the grace period, lost pictures |
//! | `poke` | giving those who watch the view a real event |
//! | [`Abilities`] (`abilities`) | what a folder offers a view of it, for `doctor` |
//! | `errno` | the one place where errors become numbers |
//!
//! # Locks
//!
//! Every lock here is a leaf: none is taken while another is held, no system call on the source, no reading of the
//! catalog and no notification happens under one. The exceptions are written where they are (`files`: registering a
//! backing file; `written`: whether somebody has a file open; `gate`: who waits is compared with what is silent). So no
//! order between locks is needed, and none can be violated.

mod abilities;
mod alive;
mod answers;
mod attach;
mod attr;
mod beneath;
mod caller;
mod changes;
mod errno;
mod fan;
mod feed;
mod files;
mod fs;
mod gate;
mod handle;
mod index;
mod intake;
#[cfg(test)]
mod kill_tests;
mod last_seen;
mod moments;
mod nodes;
mod notify;
mod operations;
mod options;
mod place;
mod poke;
mod prepare;
mod program;
#[cfg(test)]
mod race_tests;
mod recover;
mod reply;
mod requests;
mod session;
mod stats;
mod submounts;
#[cfg(test)]
mod testing;
mod threads;
mod ticker;
mod unmount;
mod view;
mod watch;
mod words;
mod writers;
mod written;

pub use abilities::Abilities;
pub use beneath::open_beneath;
pub use operations::OperationSnapshot;
pub use options::{MountError, MountOptions};
pub use program::Rules;
pub use session::{Session, Stopper};
pub use stats::StatsSnapshot;
pub use unmount::{clear_dead, detach, is_dead, is_mounted, mountpoints, true_place, unmount_if_idle};
