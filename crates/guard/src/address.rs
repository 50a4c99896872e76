//! Where something is fetched: https, or http on this machine.

use std::net::IpAddr;

use http::Uri;
use http::uri::Scheme;

use crate::error::Error;

/// An address that nobody else can answer at: https, or http to a loopback host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Whether TLS is spoken.
    pub(crate) is_https: bool,
    /// The host as the `Host` field says it: with brackets, and with the port where it is not the usual one.
    pub(crate) authority: String,
    /// The host as it is looked up: without brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    /// Path and query.
    pub(crate) path: String,
}

impl Address {
    /// Reads `text`; `what` names the setting in the error.
    pub(crate) fn parse(text: &str, what: &'static str) -> Result<Self, Error> {
        let wrong = |why| Error::Address { what, why };
        let uri: Uri = text.parse().map_err(|_| wrong("it cannot be read"))?;
        let authority = uri.authority().ok_or(wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("it holds a password"));
        }
        let is_https = uri.scheme() == Some(&Scheme::HTTPS);
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if !is_https && uri.scheme() != Some(&Scheme::HTTP) {
            return Err(wrong("it must begin with https://"));
        }
        if !is_https && !is_loopback(&host) {
            return Err(wrong("plain http is for this machine alone"));
        }
        let port = authority.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { is_https, authority: authority.as_str().to_owned(), host, port, path })
    }

    /// Reads an issuer: an address to which paths are put behind.
    pub(crate) fn issuer(text: &str) -> Result<(), Error> {
        let wrong = |why| Err(Error::Address { what: "the issuer", why });
        Self::parse(text, "the issuer")?;
        if text.contains(['?', '#']) {
            return wrong("it is the server's public URL, without query or fragment");
        }
        if text.ends_with('/') {
            return wrong("it is the server's public URL as tokens say it, without a slash at the end");
        }
        Ok(())
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_goes_anywhere_and_http_stays_here() {
        for (text, read) in [
            ("https://auth.example.com/keys?x=1", Some(("auth.example.com", 443, "/keys?x=1"))),
            ("https://auth.example.com:8443", Some(("auth.example.com", 8443, "/"))),
            ("http://localhost:8420/keys", Some(("localhost", 8420, "/keys"))),
            ("http://127.0.0.1:1/", Some(("127.0.0.1", 1, "/"))),
            ("http://[::1]:8420/", Some(("::1", 8420, "/"))),
            ("http://auth.example.com", None),
            ("http://localhost.example.com", None),
            ("http://127.0.0.1.example.com", None),
            ("http://10.0.0.1/", None),
            ("ftp://localhost/", None),
            ("https://user:word@auth.example.com", None),
            ("auth.example.com", None),
            ("/keys", None),
            ("", None),
        ] {
            let parsed = Address::parse(text, "it").ok();
            let parsed = parsed.as_ref().map(|a| (a.host.as_str(), a.port, a.path.as_str()));
            assert_eq!(parsed, read, "{text}");
        }
    }

    #[test]
    fn an_issuer_is_what_paths_are_put_behind() {
        for (text, good) in [
            ("https://auth.example.com", true),
            ("https://example.com/auth", true),
            ("https://auth.example.com/", false),
            ("https://auth.example.com?a=b", false),
            ("https://auth.example.com#a", false),
            ("http://auth.example.com", false),
        ] {
            assert_eq!(Address::issuer(text).is_ok(), good, "{text}");
        }
    }
}
