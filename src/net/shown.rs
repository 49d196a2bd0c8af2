//! Addresses and errors without what is secret in them.

use url::Url;

/// Parameters that hold a secret, whoever put them into an address.
const SECRET_NAMES: &[&str] =
    &["api_key", "apikey", "api-key", "client_key", "client-key", "key", "pin", "token", "access_token", "password"];

/// How the library ends its message on a certificate that nobody known has signed.
const UNKNOWN_ISSUER: &str = "UnknownIssuer";
/// What that means, and what to do.
const UNKNOWN_ISSUER_REMEDY: &str = "nobody whom this machine trusts has signed the certificate of that server: install `ca-certificates`, or \
                                     make an authority of your own known to the machine, or name its certificate in SSL_CERT_FILE";

/// An address as it may be printed: without user, password and whatever looks like a secret.
#[must_use]
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let is_secret = |name: &str| SECRET_NAMES.contains(&name.to_ascii_lowercase().as_str());
    if url.query_pairs().any(|(name, _)| is_secret(&name)) {
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| {
                let value = if is_secret(&name) { "hidden".into() } else { value };
                (name.into_owned(), value.into_owned())
            })
            .collect();
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
    url.into()
}

/// Why a request failed, down to the first cause. The library's own message quotes the address with everything in it, and
/// leaves out what happened; of a certificate it does not say in anybody's words what is wrong.
#[must_use]
pub fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    let told = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    if told.ends_with(UNKNOWN_ISSUER) { format!("{told} ({UNKNOWN_ISSUER_REMEDY})") } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_what_looks_like_a_secret() {
        for (url, wanted) in [
            ("https://ann:pw@example.org/a", "https://example.org/a"),
            ("https://example.org/a?Token=x&b=1", "https://example.org/a?Token=hidden&b=1"),
            ("https://example.org/a?b=1", "https://example.org/a?b=1"),
        ] {
            assert_eq!(shown(&url.parse().unwrap()), wanted);
        }
    }

    #[test]
    fn a_failure_is_told_with_its_cause_and_without_the_address() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = crate::net::client(reqwest::Client::builder).unwrap();
        let sent = client.get(format!("http://{free}/?token=s3cret")).send();
        let told = why(runtime.block_on(sent).unwrap_err());
        assert!(told.contains("refused") && !told.contains("s3cret"), "{told}");
    }
}
