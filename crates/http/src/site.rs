//! Origins and sites: what the public URL means for cookies, CSRF and CORS.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use url::{Host, Url};

use crate::settings::SettingsError;

/// The origin that browsers use.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    origin: Arc<str>,
    url: Url,
    is_https: bool,
}

impl Site {
    /// Reads a public URL: an origin alone, https, or http on a loopback host.
    pub(crate) fn parse(text: &str) -> Result<Self, SettingsError> {
        let wrong = || SettingsError::PublicUrl(text.to_owned());
        let url = parse_origin(text).ok_or_else(wrong)?;
        let is_https = url.scheme() == "https";
        if !is_https && !url.host().is_some_and(|host| is_loopback(&host)) {
            return Err(wrong());
        }
        Ok(Self { origin: url.origin().ascii_serialization().into(), url, is_https })
    }

    /// The origin in the form in which browsers send it, without a slash at its end.
    pub(crate) const fn origin(&self) -> &Arc<str> {
        &self.origin
    }

    /// Whether browsers reach us by https.
    pub(crate) const fn is_https(&self) -> bool {
        self.is_https
    }
}

/// Reads the other origins that may call with credentials.
///
/// Each must be written exactly as browsers send it, and be same-site with the public URL (same scheme, same registrable
/// domain): to any other, browsers would not send our `SameSite=Strict` cookies, so that allowing it could only be a mistake.
///
/// # Errors
/// [`SettingsError::PublicUrl`] or [`SettingsError::CorsOrigin`], naming the text at fault.
pub fn check_cors_origins(public_url: &str, origins: &[String]) -> Result<(), SettingsError> {
    let site = Site::parse(public_url)?;
    for text in origins {
        let other = parse_origin(text)
            // A star would be taken for a host's name, and never match anything.
            .filter(|url| url.origin().ascii_serialization() == *text && !text.contains('*'))
            .ok_or_else(|| SettingsError::CorsOrigin(text.clone(), "it is not an origin as browsers send it"))?;
        if !same_site(&site.url, &other) {
            return Err(SettingsError::CorsOrigin(text.clone(), "it is not same-site with the public URL"));
        }
    }
    Ok(())
}

fn parse_origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let nobody = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.host().is_some() && bare && nobody).then_some(url)
}

/// HTML, "same site", with the scheme compared too. A host that is an address or itself a public suffix is its own site.
fn same_site(one: &Url, other: &Url) -> bool {
    if one.scheme() != other.scheme() {
        return false;
    }
    match (one.host(), other.host()) {
        (Some(Host::Domain(a)), Some(Host::Domain(b))) => {
            a == b || matches!((psl::domain_str(a), psl::domain_str(b)), (Some(x), Some(y)) if x == y)
        }
        (a, b) => a.is_some() && a == b,
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => Ipv4Addr::is_loopback(address),
        Host::Ipv6(address) => Ipv6Addr::is_loopback(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(public: &str, other: &str) -> bool {
        check_cors_origins(public, &[other.to_owned()]).is_ok()
    }

    #[test]
    fn only_same_site_origins_may_be_configured() {
        for (public, other, fits, why) in [
            ("https://auth.example.com", "https://app.example.com", true, "one registrable domain"),
            ("https://auth.example.com", "https://example.com", true, "the domain itself"),
            ("https://auth.example.com", "https://app.example.com:8443", true, "ports do not matter"),
            ("https://auth.example.com", "http://app.example.com", false, "another scheme"),
            ("https://auth.example.com", "https://example.org", false, "another domain"),
            ("https://auth.example.com", "https://notexample.com", false, "a suffix of the text is no site"),
            ("https://a.github.io", "https://b.github.io", false, "a public suffix joins nobody"),
            ("https://a.co.uk", "https://b.co.uk", false, "nor does one of two labels"),
            ("http://localhost:8420", "http://localhost:5173", true, "development"),
            ("http://localhost:8420", "http://127.0.0.1:5173", false, "a name is not its address"),
            ("http://127.0.0.1:8420", "http://127.0.0.1:5173", true, "one address"),
            ("http://127.0.0.1:8420", "http://127.0.0.2:5173", false, "two addresses"),
        ] {
            assert_eq!(allows(public, other), fits, "{other} beside {public}: {why}");
        }
    }

    #[test]
    fn an_origin_is_written_exactly_as_browsers_send_it() {
        for wrong in [
            "*",
            "null",
            "",
            "app.example.com",
            "https://app.example.com/",
            "https://APP.example.com",
            "https://app.example.com:443",
            "https://app.example.com/x",
            "https://u@app.example.com",
            "https://*.example.com",
        ] {
            assert!(!allows("https://auth.example.com", wrong), "{wrong}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback() {
        for (text, fits) in [
            ("https://auth.example.com", true),
            ("http://localhost:8420", true),
            ("http://[::1]:8420", true),
            ("http://auth.example.com", false),
            ("http://localhost.example.com", false),
            ("https://auth.example.com/sso", false),
        ] {
            assert_eq!(Site::parse(text).is_ok(), fits, "{text}");
        }
    }
}
