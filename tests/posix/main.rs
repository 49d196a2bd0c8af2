//! The view behaves as the source does: the same steps in a plain folder and in the view, side by side. What the
//! conformance suites look at (`tests/conformance.rs`) is not repeated here; this is what they miss.

#[path = "../support/mod.rs"]
mod support;

mod acl;
mod behind;
mod flags;
mod handles;
mod listing;
mod locks;
mod mounting;
mod names;
mod privileges;
mod removed;
mod sharing;
mod space;
mod submounts;
mod xattrs;
