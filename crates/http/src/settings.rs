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
    /// The settings of whoever built this, as administrators are shown them. None by default.
    pub shown: Vec<ShownSetting>,
}

/// A setting as administrators are shown it: `GET /api/admin/v1/settings`. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownSetting {
    /// Its name, for example `tokens.access_seconds`.
    pub key: String,
    /// Its value; none where there is none, and for a secret always.
    value: Option<String>,
    /// Where the value came from: `default`, a file and its line, a variable.
    pub origin: String,
    /// Whether its value must never be shown.
    pub is_secret: bool,
    /// Whether there is a value.
    pub is_set: bool,
    /// Whether a running server takes up a new value when it is told to reload.
    pub reloads: bool,
}

impl ShownSetting {
    /// A setting whose value may be shown.
    #[must_use]
    pub fn plain(key: impl Into<String>, value: Option<String>, origin: impl Into<String>, reloads: bool) -> Self {
        let is_set = value.is_some();
        Self { key: key.into(), value, origin: origin.into(), is_secret: false, is_set, reloads }
    }

    /// A secret: of its value nothing is taken but whether there is one.
    #[must_use]
    pub fn secret(key: impl Into<String>, is_set: bool, origin: impl Into<String>, reloads: bool) -> Self {
        Self { key: key.into(), value: None, origin: origin.into(), is_secret: true, is_set, reloads }
    }

    /// The value; none where there is none, and for a secret always.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }
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
            shown: Vec::new(),
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
