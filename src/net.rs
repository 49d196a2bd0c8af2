//! What everybody who speaks HTTP here has in common: providers are asked, players are told.
//!
//! - [`shown`](fn@shown), [`why`]: addresses and errors as they may be printed
//! - [`waits`], [`may_pass`], [`retry_after`]: whether and when to try again
//! - [`client`](fn@client), [`user_agent`], [`use_cryptography`], [`knows_authorities`]: how a client of the network is made, and whom it trusts

mod client;
mod retry;
mod shown;

pub use client::{client, knows_authorities, use_cryptography};
pub use retry::{may_pass, retry_after, waits};
pub use shown::{shown, why};

/// A real User-Agent: some providers block the default ones of libraries, and ask for a contact.
#[must_use]
pub fn user_agent(contact: &str) -> String {
    let contact = if contact.is_empty() { "no contact set" } else { contact };
    let plain: String = contact.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    format!("posterfs/{} ( {plain} )", env!("CARGO_PKG_VERSION"))
}
