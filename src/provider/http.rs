//! One way of speaking HTTP for all providers: politely, bounded, and without trusting anybody.
//!
//! A [`Fetcher`] belongs to one provider. Everything it does is bounded: requests a second and connections (`pace`),
//! tries and the time for all of them together (`fetcher`), bytes of a reply and redirects (`wire`), where these may lead
//! (`hosts`), and how long it takes is noted (`traffic`). Replies are kept with their ETag and asked for again only when they are old, and then only whether they
//! changed; "there is none" is an answer that is kept as well (`replies`),
//! for a while (`tidy`). A provider that refuses our key, or is down, is
//! left alone for the rest of the run.
//!
//! Secrets travel beside the address, never in it, so no address that is printed or stored has one (`request`).

mod error;
mod fetcher;
mod hosts;
mod pace;
mod replies;
mod request;
mod resolver;
mod tidy;
mod traffic;
mod wire;

pub use error::ProviderError;
pub use fetcher::{Fetcher, FetcherSettings, Reply};
pub use hosts::Hosts;
pub use replies::Replies;
pub use request::Request;
pub use traffic::{Asking, Traffic, TrafficLine};
