//! The phases from a chosen file to real files: select, publish, export, on real trees.

mod choosing;
mod documents;
#[path = "../support/every_layout.rs"]
mod every_layout;
mod export;
mod export_refused;
mod golden;
mod many_documents;
mod notify;
mod publish;
mod recorded;
mod select;
#[path = "../support/server.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod server;
mod streams;
mod support;
