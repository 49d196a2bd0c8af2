//! The catalog through its public methods: opening, scanning, choosing, publishing, the change feed, several
//! processes, and kills.

mod backing_up;
mod choosing;
mod documented;
mod feed;
mod fields;
mod history;
mod jobs;
mod libraries;
mod locks;
mod opening;
mod processes;
mod publishing;
mod scanning;
mod support;
