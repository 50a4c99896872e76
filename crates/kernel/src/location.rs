//! Which country and which network an address belongs to, as far as a table that the operator brings says so.
//!
//! Without a table nothing is known, and nothing is guessed. What is known is a hint for people and for limits, never a proof
//! of anything: addresses are rented, tunnelled and moved.

use std::net::IpAddr;
use std::{fmt, io};

/// A country by its two letters (ISO 3166-1 alpha-2), in upper case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// Reads two ASCII letters, in either case; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let letters = <[u8; 2]>::try_from(text.as_bytes()).ok()?;
        letters.iter().all(u8::is_ascii_alphabetic).then(|| Self(letters.map(|letter| letter.to_ascii_uppercase())))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.0;
        write!(f, "{}{}", char::from(first), char::from(second))
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({self})")
    }
}

/// Where an address is. Unknown by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Location {
    /// The country.
    pub country: Option<Country>,
    /// The number of the autonomous system that announces the address (ASN): the network of one operator.
    pub asn: Option<u32>,
}

/// Knows where addresses are. Asked on each refresh and sign-in: must be quick and must not wait.
pub trait Locate: Send + Sync + 'static {
    /// Where this address is.
    fn locate(&self, address: IpAddr) -> Location;

    /// What the operator of the address's network is called.
    fn network_name(&self, address: IpAddr) -> Option<String>;

    /// Takes up what has changed at its source. May wait for the disk: never called where a request waits.
    ///
    /// # Errors
    /// The source cannot be read or is damaged; what was known before stays in force.
    fn refresh(&self) -> io::Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_letters() {
        assert_eq!(Country::parse("de").map(|country| country.to_string()).as_deref(), Some("DE"));
        for wrong in ["", "D", "DEU", "D1", "Ä"] {
            assert_eq!(Country::parse(wrong), None, "{wrong:?}");
        }
    }
}
