//! Addresses without what is secret in them.

use url::Url;

/// Parameters that hold a secret, whoever put them into an address.
const SECRET_NAMES: &[&str] =
    &["api_key", "apikey", "api-key", "client_key", "client-key", "key", "pin", "token", "access_token", "password"];

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
}
