//! The view behaves as the source does: the same steps in a plain folder and in the view, side by side. What the
//! conformance suites look at (`tests/conformance.rs`) is not repeated here; this is what they miss.

#[path = "../support/mod.rs"]
mod support;

mod privileges;
