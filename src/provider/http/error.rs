//! What can go wrong with a provider.

use std::io;
use std::path::PathBuf;

/// Why a provider did not answer. Addresses in it are shown without secrets.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderError {
    /// A setting cannot be used.
    #[error("the setting {key} = `{value}` is wrong: {reason}")]
    Setting {
        /// The key in the configuration.
        key: String,
        /// Its value.
        value: String,
        /// Why.
        reason: String,
    },
    /// Nobody may be asked.
    #[error("{provider} is not asked: posterfs is offline (network.offline, --offline)")]
    Offline {
        /// Who would have been asked.
        provider: &'static str,
    },
    /// It does not take our key.
    #[error("{provider} refuses the request ({status}{}); check {remedy}", said(message))]
    Refused {
        /// Who.
        provider: &'static str,
        /// The status.
        status: u16,
        /// What it says.
        message: String,
        /// The settings to look at.
        remedy: &'static str,
    },
    /// It has failed so often, or asks to wait so long, that it is left alone for this run.
    #[error("{provider} is left alone for the rest of this run: {reason}")]
    Down {
        /// Who.
        provider: &'static str,
        /// What happened last.
        reason: String,
    },
    /// It answered with a status that is no answer.
    #[error("{provider} answered {url} with status {status}{}", said(message))]
    Status {
        /// Who.
        provider: &'static str,
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// What it says.
        message: String,
    },
    /// The connection failed, or broke off in the middle of a reply.
    #[error("cannot get {url} from {provider}: {reason}")]
    Transport {
        /// Who.
        provider: &'static str,
        /// What was asked.
        url: String,
        /// Why.
        reason: String,
    },
    /// The time for a request ran out.
    #[error("{provider} took longer than {seconds} seconds for {url}")]
    Slow {
        /// Who.
        provider: &'static str,
        /// What was asked.
        url: String,
        /// How long it was given.
        seconds: u64,
    },
    /// A reply is larger than is taken.
    #[error("the reply of {provider} to {url} is larger than {limit} bytes")]
    TooLarge {
        /// Who.
        provider: &'static str,
        /// What was asked.
        url: String,
        /// The most that is taken.
        limit: u64,
    },
    /// An address leads where requests must not go.
    #[error("{provider} offers the address {url}, which is not followed: {reason}")]
    Address {
        /// Who.
        provider: &'static str,
        /// The address.
        url: String,
        /// Why.
        reason: &'static str,
    },
    /// A reply is not what was asked for.
    #[error("the reply of {provider} to {url} is not understood: {reason}")]
    NotUnderstood {
        /// Who.
        provider: &'static str,
        /// What was asked.
        url: String,
        /// Why.
        reason: String,
    },
    /// A picture that was offered is not there any more.
    #[error("{provider} does not have {url} any more")]
    Gone {
        /// Who.
        provider: &'static str,
        /// The picture.
        url: String,
    },
    /// A file or folder of artwork cannot be read.
    #[error("cannot read {}: {source}", crate::model::show_bytes(path.as_os_str().as_encoded_bytes()))]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::sync::Arc<io::Error>,
    },
}

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

impl ProviderError {
    /// Whether the provider will not answer anything else in this run either.
    #[must_use]
    pub fn ends_the_run(&self) -> bool {
        matches!(self, Self::Offline { .. } | Self::Refused { .. } | Self::Down { .. })
    }

    /// Whether it is the picture that is wrong, not the connection: asking again would not help.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Gone { .. } | Self::TooLarge { .. } | Self::Address { .. } | Self::File { .. })
            || matches!(self, Self::Status { status, .. } if (400..500).contains(status) && *status != 429)
    }
}
