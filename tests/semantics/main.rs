//! What programs may do in a view, and what comes of it: one test for each row of the table in docs/semantics.md, named
//! after the row, and more for the details. `cp` and `mv` stand for managers, this process for a person.

#[path = "../support/mod.rs"]
mod support;
mod world;

mod again;
mod attributes;
mod deleting;
mod documents;
mod lost;
mod programs;
mod reading;
mod renaming;
mod writing;
