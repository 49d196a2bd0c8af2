//! A request: an address that may be shown, and secrets beside it.

use sha2::{Digest, Sha256};
use url::Url;

use crate::config::Secret;

/// What is asked of an API.
#[derive(Debug, Clone)]
pub struct Request {
    /// The address without any secret.
    pub url: Url,
    /// Secrets that travel as headers: name and value.
    pub secret_headers: Vec<(&'static str, Secret)>,
    /// Secrets that travel as parameters: name and value.
    pub secret_parameters: Vec<(&'static str, Secret)>,
    /// A JSON document to send; the request is a POST then, and its reply is never kept.
    pub body: Option<String>,
}

impl Request {
    /// A request without secrets for a path below a base address; `path` has no leading slash.
    #[must_use]
    pub fn new(base: &Url, path: &[&str]) -> Self {
        let mut url = base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            // Each segment is escaped, so an id with a slash in it stays one segment.
            segments.pop_if_empty().extend(path);
        }
        Self { url, secret_headers: Vec::new(), secret_parameters: Vec::new(), body: None }
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Adds a parameter, where there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, &value.to_string()),
            None => self,
        }
    }

    /// The name under which its reply is kept: the same request has the same name, whatever key it is made with.
    pub(super) fn stored_name(&self) -> String {
        Sha256::digest(self.url.as_str()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The address with the secrets in it, for the connection and nothing else.
    pub(super) fn revealed_url(&self) -> Url {
        let mut url = self.url.clone();
        for (name, secret) in &self.secret_parameters {
            url.query_pairs_mut().append_pair(name, secret.reveal());
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::shown;

    #[test]
    fn no_secret_is_shown_or_stored() {
        let base: Url = "https://example.org/3/".parse().unwrap();
        let mut request =
            Request::new(&base, &["movie", "6/../7"]).with("query", "a&b=c").with_some("year", Some(1999));
        request.secret_parameters.push(("api_key", Secret::from("s3cret".to_owned())));
        request.secret_headers.push(("authorization", Secret::from("Bearer s3cret".to_owned())));
        assert_eq!(request.url.as_str(), "https://example.org/3/movie/6%2F..%2F7?query=a%26b%3Dc&year=1999");
        assert!(!format!("{request:?}").contains("s3cret"));
        let revealed = request.revealed_url();
        assert!(revealed.as_str().ends_with("&api_key=s3cret"));
        assert!(shown(&revealed).ends_with("&api_key=hidden"));
        let other = Request { secret_parameters: Vec::new(), ..request.clone() };
        assert_eq!(request.stored_name(), other.stored_name());
    }
}
