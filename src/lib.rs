//! posterfs: artwork for Kodi, Jellyfin, Emby and Plex, mounted over the media tree.
//!
//! `docs/architecture.md` draws the layers; `tests/layers.rs` holds the arrows between them.

pub mod cache;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod control;
pub mod daemon;
pub mod demo;
pub mod doctor;
pub mod http;
pub mod lasting;
pub mod library;
pub mod model;
pub mod mount;
pub mod naming;
pub mod net;
pub mod overlay;
pub mod phase;
pub mod player;
pub mod provider;
pub mod recycle;
pub mod score;
pub mod steps;
pub mod streams;
pub mod work;
