//! The address that browsers use.

use std::fmt;

use url::{Host, Url};

/// The address that browsers use: the origin of cookies, CSRF checks and links, and the issuer of tokens.
///
/// Promises: it is an origin alone (scheme, host, port), in the form in which browsers send it; it is https, or http on a
/// loopback host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// The text is no public URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicUrlError {
    /// Not a URL, or one without a host.
    #[error("expected a URL like https://auth.example.com")]
    Malformed,
    /// More than an origin.
    #[error("expected an origin alone, without path, query, fragment or user, like https://auth.example.com")]
    NotAnOrigin,
    /// Plain http on a host that is not loopback.
    #[error("plain http sends passwords and cookies readably; use https (http is for localhost only)")]
    PlainHttp,
}

impl PublicUrl {
    /// Reads a public URL.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence for the operator.
    pub fn parse(text: &str) -> Result<Self, PublicUrlError> {
        let url = Url::parse(text).map_err(|_| PublicUrlError::Malformed)?;
        let host = url.host().ok_or(PublicUrlError::Malformed)?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(PublicUrlError::NotAnOrigin);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(PublicUrlError::NotAnOrigin);
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            "http" => return Err(PublicUrlError::PlainHttp),
            _ => return Err(PublicUrlError::Malformed),
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// The origin, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_on_loopback_alone() {
        for (text, expected) in [
            ("https://auth.example.com", Ok("https://auth.example.com")),
            ("https://AUTH.example.com:443/", Ok("https://auth.example.com")),
            ("https://auth.example.com:8443", Ok("https://auth.example.com:8443")),
            ("http://localhost:8420", Ok("http://localhost:8420")),
            ("http://127.0.0.1:1", Ok("http://127.0.0.1:1")),
            ("http://[::1]:1", Ok("http://[::1]:1")),
            ("http://auth.example.com", Err(PublicUrlError::PlainHttp)),
            ("http://localhost.example.com", Err(PublicUrlError::PlainHttp)),
            ("http://10.0.0.1", Err(PublicUrlError::PlainHttp)),
            ("https://auth.example.com/sso", Err(PublicUrlError::NotAnOrigin)),
            ("https://auth.example.com?x", Err(PublicUrlError::NotAnOrigin)),
            ("https://user@auth.example.com", Err(PublicUrlError::NotAnOrigin)),
            ("ftp://auth.example.com", Err(PublicUrlError::Malformed)),
            ("auth.example.com", Err(PublicUrlError::Malformed)),
            ("", Err(PublicUrlError::Malformed)),
        ] {
            let found = PublicUrl::parse(text);
            assert_eq!(found.as_ref().map(PublicUrl::as_str), expected.as_ref().copied(), "{text}");
        }
    }
}
