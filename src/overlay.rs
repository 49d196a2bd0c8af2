//! The view as a pure function: what exists at a path, and what may be done to it.
//!
//! The view is the source merged with the mappings, less the originals that published pictures hide. Everything here
//! is decided from values alone (what the source has, which mappings and hidden originals a folder has); no file is
//! opened and no row is read, so the table of the semantics is tested without a kernel. `mount` asks and replies.
//!
//! # What is seen under a name
//!
//! | in the mappings | in the source | seen |
//! | --- | --- | --- |
//! | a mapped picture | anything or nothing | the picture |
//! | the same, written over by a program | what it wrote | what it wrote |
//! | the same, removed by a program | anything or nothing | nothing |
//! | a hidden original | a file | nothing |
//! | a folder of mappings | a folder | the folder of the source, the mappings in it |
//! | a folder of mappings | nothing | a folder of mappings |
//! | nothing | anything | what the source has |
//!
//! # What may be done
//!
//! [`decide`] is the table: an operation, what is under the name, the library's settings and who asks, to what is done.
//! A cache file is never written: what wants to write ends on an inode of the source.

mod folder;
mod listing;
mod policy;
#[cfg(test)]
mod tests;

pub use folder::{Folder, Moment, Passing, Refusal, Seen};
pub use listing::{Listed, Listing};
pub use policy::{Action, Circumstances, Operation, Subject, decide};
