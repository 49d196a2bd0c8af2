//! Where requests of a provider may go, at first and by redirects.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Origin, Url};

/// The hosts that belong to a provider.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// What the configuration names, whatever it is: also plain HTTP, also on this machine.
    configured: Vec<Origin>,
    /// Names of hosts, with all names below them; by HTTPS only.
    known: Vec<String>,
    /// Any host of the public network, as for an address that a user typed.
    is_open: bool,
}

impl Hosts {
    /// The hosts of a provider: those of its configured addresses, and the known ones.
    #[must_use]
    pub fn new<'a>(configured: impl IntoIterator<Item = &'a Url>, known: &[&str]) -> Self {
        let known = known.iter().map(|&name| name.to_owned()).collect();
        Self { configured: configured.into_iter().map(Url::origin).collect(), known, is_open: false }
    }

    /// Hosts as a setting lists them: `example.org` is that host with all below it, `http://nas:8080` that place
    /// whatever network it is on, `*` every host of the public network.
    ///
    /// # Errors
    /// With an entry that is none of these, and why.
    pub fn listed(entries: &[String]) -> Result<Self, (String, String)> {
        let mut hosts = Self::default();
        for entry in entries {
            let wrong = |reason: String| (entry.clone(), reason);
            match Host::parse(entry) {
                _ if entry == "*" => hosts.is_open = true,
                _ if entry.contains("://") => {
                    let url: Url = entry.parse().map_err(|error: url::ParseError| wrong(error.to_string()))?;
                    if !matches!(url.scheme(), "http" | "https") {
                        return Err(wrong("only http and https are spoken".to_owned()));
                    }
                    hosts.configured.push(url.origin());
                }
                Ok(Host::Domain(name)) => hosts.known.push(name),
                Ok(_) => return Err(wrong("a bare address needs its scheme: http://192.168.0.1".to_owned())),
                Err(error) => return Err(wrong(error.to_string())),
            }
        }
        Ok(hosts)
    }

    /// Wherever an address that a user typed leads; but only the address itself may be on a private network.
    #[must_use]
    pub fn typed(url: &Url) -> Self {
        Self { configured: vec![url.origin()], known: Vec::new(), is_open: true }
    }

    /// Whether an address may be followed.
    #[must_use]
    pub fn allows(&self, url: &Url) -> bool {
        self.check(url).is_ok()
    }

    /// Refuses an address that must not be followed.
    pub(super) fn check(&self, url: &Url) -> Result<(), &'static str> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err("only http and https are spoken");
        }
        if self.is_configured(url) {
            return Ok(());
        }
        if url.scheme() != "https" && !self.is_open {
            return Err("it is not encrypted");
        }
        match url.host() {
            Some(Host::Domain(name)) if self.is_open || self.is_known(name) => Ok(()),
            Some(Host::Domain(_)) => Err("the host is none of the provider's"),
            Some(Host::Ipv4(address)) if self.is_open && !is_private(address.into()) => Ok(()),
            Some(Host::Ipv6(address)) if self.is_open && !is_private(address.into()) => Ok(()),
            Some(_) => Err("the host is a bare address"),
            None => Err("it names no host"),
        }
    }

    /// Whether a name may lead to a private address: only a configured one may.
    pub(super) fn may_be_private(&self, name: &str) -> bool {
        self.configured.iter().any(|origin| match origin {
            Origin::Tuple(_, Host::Domain(known), _) => known.eq_ignore_ascii_case(name),
            _ => false,
        })
    }

    /// Whether the address is at one of the configured places.
    pub(super) fn is_configured(&self, url: &Url) -> bool {
        self.configured.contains(&url.origin())
    }

    /// The same address encrypted, where it is not configured otherwise: providers list plain ones for pictures that
    /// they serve both ways.
    #[must_use]
    pub fn upgraded(&self, mut url: Url) -> Url {
        if url.scheme() == "http" && !self.is_configured(&url) {
            // Cannot fail: both are schemes of the web.
            let _ = url.set_scheme("https");
        }
        url
    }

    fn is_known(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        self.known
            .iter()
            .any(|known| name.strip_suffix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
    }
}

/// Whether an address is none of the public network: of this machine, of the house, of a cloud's own services.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_private_v4(mapped),
            None => is_private_v6(address),
        },
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || address.is_documentation()
        || first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
        || (first == 198 && (18..20).contains(&second))
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    let embeds_v4 = first == 0x2002 || (first == 0x64 && address.segments()[1] == 0xff9b);
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || embeds_v4
        || (first & 0xfe00) == 0xfc00
        || (first & 0xffc0) == 0xfe80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_setting_lists_names_places_or_everything() {
        let allowed = |entries: &[&str], address: &str| {
            let entries: Vec<String> = entries.iter().map(|&entry| entry.to_owned()).collect();
            Hosts::listed(&entries).unwrap().allows(&url(address))
        };
        for (entries, address, wanted) in [
            (&["example.org"][..], "https://example.org/a.jpg", true),
            (&["Example.ORG"], "https://img.example.org/a.jpg", true),
            (&["example.org"], "http://example.org/a.jpg", false),
            (&["example.org"], "https://example.net/a.jpg", false),
            (&["example.org"], "https://192.168.0.2/a.jpg", false),
            (&["http://192.168.0.2:8080"], "http://192.168.0.2:8080/a.jpg", true),
            (&["http://192.168.0.2:8080"], "http://192.168.0.2/a.jpg", false),
            (&["*"], "http://example.net/a.jpg", true),
            (&["*"], "http://127.0.0.1/a.jpg", false),
            (&["*"], "file:///etc/passwd", false),
            (&[], "https://example.org/a.jpg", false),
        ] {
            assert_eq!(allowed(entries, address), wanted, "{entries:?} {address}");
        }
        for entry in ["", "192.168.0.2", "ftp://example.org", "http://", "a b"] {
            assert!(Hosts::listed(&[entry.to_owned()]).is_err(), "{entry}");
        }
    }

    #[test]
    fn requests_go_to_the_providers_hosts_only() {
        let base = url("http://127.0.0.1:8080/3");
        let hosts = Hosts::new([&base], &["archive.org"]);
        for (address, is_allowed) in [
            ("http://127.0.0.1:8080/x", true),
            ("http://127.0.0.1:8081/x", false),
            ("https://127.0.0.1:8080/x", false),
            ("https://archive.org/x", true),
            ("https://ia600.us.archive.org/x", true),
            ("https://notarchive.org/x", false),
            ("https://archive.org.example.net/x", false),
            ("http://archive.org/x", false),
            ("file:///etc/passwd", false),
            ("ftp://archive.org/x", false),
            ("https://169.254.169.254/latest", false),
            ("https://[::1]/x", false),
        ] {
            assert_eq!(hosts.check(&url(address)).is_ok(), is_allowed, "{address}");
        }
    }

    #[test]
    fn a_typed_address_may_lead_anywhere_but_into_the_house() {
        let hosts = Hosts::typed(&url("http://nas.local/poster.jpg"));
        for (address, is_allowed) in [
            ("http://nas.local/other.jpg", true),
            ("https://example.org/x", true),
            ("http://example.org/x", true),
            ("https://93.184.216.34/x", true),
            ("https://192.168.1.1/x", false),
            ("https://[::ffff:10.0.0.1]/x", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(hosts.check(&url(address)).is_ok(), is_allowed, "{address}");
        }
        assert!(hosts.may_be_private("NAS.local") && !hosts.may_be_private("example.org"));
    }

    #[test]
    fn private_addresses_are_known() {
        for (address, wanted) in [
            ("127.0.0.1", true),
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("192.168.0.1", true),
            ("169.254.169.254", true),
            ("100.64.0.1", true),
            ("0.0.0.0", true),
            ("224.0.0.1", true),
            ("8.8.8.8", false),
            ("::1", true),
            ("::ffff:192.168.0.1", true),
            ("fe80::1", true),
            ("fd00::1", true),
            ("2002:c0a8:1::", true),
            ("2606:4700::1111", false),
        ] {
            assert_eq!(is_private(address.parse().unwrap()), wanted, "{address}");
        }
    }

    #[test]
    fn plain_addresses_are_upgraded_unless_configured() {
        let hosts = Hosts::new([&url("http://127.0.0.1:8080")], &["fanart.tv"]);
        for (address, wanted) in [
            ("http://assets.fanart.tv/a.jpg", "https://assets.fanart.tv/a.jpg"),
            ("http://127.0.0.1:8080/a.jpg", "http://127.0.0.1:8080/a.jpg"),
        ] {
            assert_eq!(hosts.upgraded(url(address)).as_str(), wanted);
        }
    }
}
