//! The phases from a chosen file to real files: select, publish, export, on real trees.

mod export;
mod export_refused;
mod publish;
mod select;
mod streams;
mod support;
