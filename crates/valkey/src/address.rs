//! The address of a Valkey or Redis server: judged before anybody connects, and shown without its password.

use std::fmt;
use std::net::IpAddr;

use countersign_kernel::Secret;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};
use url::Url;

/// An address cannot be connected to. Repeats nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(&'static str);

impl AddressError {
    /// It was understood, and nothing can be made of it.
    pub(crate) const fn unusable() -> Self {
        Self(FORM)
    }
}

/// `redis://user:password@host:port/number`, understood; with TLS `rediss://`. `valkey://` and `valkeys://` mean the same.
/// Displayed without user and password.
#[derive(Clone)]
pub struct ValkeyAddress {
    shown: String,
    info: ConnectionInfo,
}

impl ValkeyAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn parse(text: &Secret<String>) -> Result<Self, AddressError> {
        let url = Url::parse(text.expose()).map_err(|_| AddressError(FORM))?;
        if !SCHEMES.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
            return Err(AddressError(FORM));
        }
        // The library would take `#insecure` for leave not to check certificates, and pass over what it does not know.
        if url.query().is_some() || url.fragment().is_some() {
            return Err(AddressError("it has options; there are none, and in a password ? is %3F and # is %23"));
        }
        let shown = format!("{}://{}{}", url.scheme(), host_and_port(&url), url.path().trim_end_matches('/'));
        let info = url.into_connection_info().map_err(|_| AddressError(FORM))?;
        Ok(Self { shown, info })
    }

    /// Whether nobody on the way can read or answer in the server's place: it is this machine, or its certificate is checked.
    #[must_use]
    pub fn is_private(&self) -> bool {
        match self.info.addr() {
            ConnectionAddr::Tcp(host, _) => {
                host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
            _ => true,
        }
    }

    pub(crate) fn client(&self) -> redis::RedisResult<redis::Client> {
        redis::Client::open(self.info.clone())
    }
}

impl fmt::Display for ValkeyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for ValkeyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ValkeyAddress({})", self.shown)
    }
}

fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

const SCHEMES: [&str; 4] = ["redis", "rediss", "valkey", "valkeys"];

const FORM: &str = "it must read redis://user:password@host:port/number, or rediss:// for TLS; in user and password, encode ? as \
                    %3F, # as %23, / as %2F and @ as %40";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ValkeyAddress, AddressError> {
        ValkeyAddress::parse(&Secret::new(text.to_owned()))
    }

    #[test]
    fn an_address_is_shown_without_user_and_password() {
        let table = [
            ("redis://localhost", "redis://localhost", true),
            ("redis://ada:canary@127.0.0.1:7000/3", "redis://127.0.0.1:7000/3", true),
            ("valkey://:canary@[::1]:6379/", "valkey://[::1]:6379", true),
            ("redis://:canary@cache.internal", "redis://cache.internal", false),
            ("rediss://:c%3Fan%23ary@cache.internal:6380", "rediss://cache.internal:6380", true),
            ("valkeys://cache.internal", "valkeys://cache.internal", true),
        ];
        for (text, shown, is_private) in table {
            let address = parse(text).unwrap();
            assert_eq!((address.to_string().as_str(), address.is_private()), (shown, is_private), "{text}");
            assert!(!format!("{address:?}").contains("canary"));
            assert!(address.client().is_ok());
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        for text in [
            "",
            "canary",
            "http://canary",
            "redis:canary",
            "redis://",
            "unix:///canary",
            "redis://canary/first",
            "rediss://canary#insecure",
            "redis://canary?protocol=resp3",
            "redis://:can?ary@host",
            "redis://canary:99999",
            "redis://0.0.0.0/canary",
        ] {
            let refused = parse(text).unwrap_err().to_string();
            assert!(!refused.contains("canary"), "{text}: {refused}");
        }
    }
}
