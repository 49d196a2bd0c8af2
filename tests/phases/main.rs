//! The phases from a chosen file to real files: select, publish, export, on real trees.

mod choosing;
#[path = "../support/every_layout.rs"]
mod every_layout;
mod export;
mod export_refused;
mod golden;
mod publish;
mod recorded;
mod select;
mod streams;
mod support;
