//! What the embedder decides about the HTTP floor.

use crate::client_address::TrustedProxies;

/// The settings of the HTTP floor. Values only: whoever reads files or the environment stands above.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpSettings {
    /// The origin that browsers use, for example `https://auth.example.com`; http only on a loopback host.
    pub public_url: String,
    /// The proxies whose forwarding headers are believed. None by default.
    pub trusted_proxies: TrustedProxies,
    /// The other origins that may call with credentials, exactly as browsers send them. None by default.
    pub cors_allowed_origins: Vec<String>,
    /// Whether `Strict-Transport-Security` speaks for the subdomains too. Only where all of them speak https.
    pub hsts_include_subdomains: bool,
}

impl HttpSettings {
    /// The defaults for this public URL.
    #[must_use]
    pub fn new(public_url: impl Into<String>) -> Self {
        Self {
            public_url: public_url.into(),
            trusted_proxies: TrustedProxies::default(),
            cors_allowed_origins: Vec::new(),
            hsts_include_subdomains: false,
        }
    }
}

/// A setting that cannot be served by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The public URL is no origin, or plain http on a host that is not loopback.
    #[error("the public URL must be an origin, https or on a loopback host, not {0:?}")]
    PublicUrl(String),
    /// An allowed origin cannot be allowed.
    #[error("{0:?} cannot be an allowed origin: {1}")]
    CorsOrigin(String, &'static str),
}
