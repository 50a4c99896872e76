//! Where a request came from.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::id::{DeviceId, RequestId};
use crate::location::Location;

/// Where a request came from, as far as it can be believed. Verbs take it to write audit records and to count limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The request.
    pub request: RequestId,
    /// The peer's address, or the one that a trusted proxy reported; none for commands on the server itself.
    pub address: Option<IpAddr>,
    /// The `User-Agent` field, at most 512 bytes, control characters removed.
    pub user_agent: Option<String>,
    /// The device that the `deviceId` cookie proves, before it is known to belong to any account.
    pub device: Option<DeviceId>,
    /// Where the address is, as far as the operator's table says.
    pub location: Location,
}

impl Origin {
    /// The origin of an act by the operator, from the command line of the server's own machine.
    #[must_use]
    pub const fn local(request: RequestId) -> Self {
        Self { request, address: None, user_agent: None, device: None, location: Location { country: None, asn: None } }
    }

    /// What limits count this origin by.
    #[must_use]
    pub fn network(&self) -> NetworkKey {
        NetworkKey::of(self.address)
    }
}

/// An address as limits count it: IPv4 whole, IPv6 by its /64, because one customer commands all of that.
///
/// An IPv4 address written inside IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NetworkKey(IpAddr);

impl NetworkKey {
    /// The key of an address; an unknown address has one key for all.
    #[must_use]
    pub fn of(address: Option<IpAddr>) -> Self {
        match address.map(|a| a.to_canonical()) {
            None => Self(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
            Some(IpAddr::V4(v4)) => Self(IpAddr::V4(v4)),
            Some(IpAddr::V6(v6)) => Self(IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)))),
        }
    }
}

impl fmt::Display for NetworkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => v4.fmt(f),
            IpAddr::V6(v6) => write!(f, "{v6}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        NetworkKey::of(text.parse().ok()).to_string()
    }

    #[test]
    fn addresses_of_one_customer_share_a_key() {
        assert_eq!(key("192.0.2.7"), "192.0.2.7");
        assert_eq!(key("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    }
}
