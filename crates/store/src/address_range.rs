//! A range of network addresses.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// All addresses from one to another, both included: one host or one network. An IPv4 address counts as the IPv6 address
/// that embeds it (`::ffff:192.0.2.1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    first: u128,
    last: u128,
}

/// The text is neither an address nor a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an address or a network, like 192.0.2.7 or 2001:db8::/32")]
pub struct ParseAddressRangeError;

impl AddressRange {
    /// The one address.
    #[must_use]
    pub fn host(address: IpAddr) -> Self {
        let key = key(address);
        Self { first: key, last: key }
    }

    /// The first address, as 16 bytes that sort as addresses do.
    #[must_use]
    pub const fn first(&self) -> [u8; 16] {
        self.first.to_be_bytes()
    }

    /// The last address, in the same form.
    #[must_use]
    pub const fn last(&self) -> [u8; 16] {
        self.last.to_be_bytes()
    }
}

impl FromStr for AddressRange {
    type Err = ParseAddressRangeError;

    fn from_str(text: &str) -> Result<Self, ParseAddressRangeError> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ParseAddressRangeError)?;
        let Some(length) = length else { return Ok(Self::host(address)) };
        let bits: u32 = if address.is_ipv4() { 32 } else { 128 };
        let is_plain = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
        let length: u32 = length.parse().ok().filter(|l| is_plain && *l <= bits).ok_or(ParseAddressRangeError)?;
        // The host part; a shift by all 128 bits is not defined.
        let host = u128::MAX.checked_shr(128 - (bits - length)).unwrap_or(0);
        let first = key(address) & !host;
        Ok(Self { first, last: first | host })
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |bits: u128| Ipv6Addr::from_bits(bits).to_canonical();
        if self.first == self.last {
            return shown(self.first).fmt(f);
        }
        write!(f, "{}-{}", shown(self.first), shown(self.last))
    }
}

fn key(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Result<String, ParseAddressRangeError> {
        text.parse::<AddressRange>().map(|range| range.to_string())
    }

    #[test]
    fn a_host_or_a_network_is_a_range() {
        for (text, shown) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/24", "192.0.2.0-192.0.2.255"),
            ("192.0.2.7/32", "192.0.2.7"),
            ("0.0.0.0/0", "0.0.0.0-255.255.255.255"),
            ("2001:db8::/32", "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("::/0", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            assert_eq!(range(text).as_deref(), Ok(shown), "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in
            ["", "/", "192.0.2.7/", "192.0.2.7/33", "192.0.2.7/+8", "192.0.2/24", "::/129", "host", "1.2.3.4/8/8"]
        {
            assert_eq!(range(text), Err(ParseAddressRangeError), "{text}");
        }
    }
}
