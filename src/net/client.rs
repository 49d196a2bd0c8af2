//! Clients that speak TLS with whatever this machine trusts.

use reqwest::{Client, ClientBuilder};

/// A client made of these settings. Who signs certificates is told by this machine (`/etc/ssl/certs`, `SSL_CERT_FILE`). One that
/// knows nobody, such as a container of nothing but this program, still reaches everybody who speaks plain HTTP.
///
/// # Errors
/// Why settings cannot be used.
pub fn client(settings: impl Fn() -> ClientBuilder) -> Result<Client, String> {
    use_cryptography();
    let made = settings().build().or_else(|_| settings().tls_certs_only([]).build());
    made.map_err(super::why)
}

/// Whether this machine knows anybody who signs certificates. Without, no `https:` address can be reached.
#[must_use]
pub fn knows_authorities() -> bool {
    use_cryptography();
    Client::builder().build().is_ok()
}

/// Says once for the process whose cryptography TLS uses; saying it again changes nothing.
pub fn use_cryptography() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
