//! Names to addresses, without leading requests into the house: a public name may well resolve to 192.168.0.1.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::hosts::{Hosts, is_private};

/// Looks names up as the system does, and drops private addresses of names that are not configured.
pub(super) struct GuardedResolver(pub(super) Hosts);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let may_be_private = self.0.may_be_private(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|address| may_be_private || !is_private(address.ip())).collect();
            if allowed.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
