//! Whose an address is, in tiers: one IPv6 customer commands a /64 for certain and often a whole /48.

use std::net::{IpAddr, Ipv6Addr};

use countersign_kernel::NetworkKey;

use crate::limiter::Limiter;
use crate::quota::{Key, Quota};

/// How many times the limit of a /64 the /48 around it may use.
const WIDE_FACTOR: u32 = 4;

/// One network that an address is counted as, and how many times the quota it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// The network as text: `192.0.2.7`, `2001:db8:1:2::/64`, `2001:db8:1::/48`.
    pub network: String,
    /// How many times the quota's limit it may use.
    pub factor: u32,
}

/// The networks that an address is counted as, narrowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressTiers(Vec<Tier>);

impl AddressTiers {
    /// IPv4 counts alone; IPv6 as its /64 and, at four times the limit, as its /48. An unknown address is one network.
    #[must_use]
    pub fn of(address: Option<IpAddr>) -> Self {
        let mut tiers = vec![Tier { network: NetworkKey::of(address).to_string(), factor: 1 }];
        if let Some(IpAddr::V6(v6)) = address.map(|a| a.to_canonical()) {
            let wide = Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80));
            tiers.push(Tier { network: format!("{wide}/48"), factor: WIDE_FACTOR });
        }
        Self(tiers)
    }

    /// The tiers, narrowest first.
    #[must_use]
    pub fn tiers(&self) -> &[Tier] {
        &self.0
    }

    /// The charges of one act under `quota`, one a tier.
    pub fn charges(&self, limiter: &dyn Limiter, quota: Quota) -> Vec<(Quota, Key)> {
        self.0.iter().map(|tier| (quota.times(tier.factor), limiter.key(&[tier.network.as_bytes()]))).collect()
    }

    /// The charge of one act under `quota` for the narrowest tier together with something else, for example an account.
    pub fn charge_with(&self, limiter: &dyn Limiter, quota: Quota, other: &[u8]) -> Option<(Quota, Key)> {
        self.0.first().map(|tier| (quota, limiter.key(&[tier.network.as_bytes(), other])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiers(text: &str) -> Vec<(String, u32)> {
        AddressTiers::of(text.parse().ok()).0.into_iter().map(|t| (t.network, t.factor)).collect()
    }

    #[test]
    fn ipv6_has_a_wide_tier_and_ipv4_has_none() {
        let both = AddressTiers::of("2001:db8::1".parse().ok());
        assert_eq!(both.tiers(), both.0);
        assert_eq!(tiers("192.0.2.7"), [("192.0.2.7".to_owned(), 1)]);
        assert_eq!(tiers("::ffff:192.0.2.7"), [("192.0.2.7".to_owned(), 1)]);
        assert_eq!(
            tiers("2001:db8:1:2:3:4:5:6"),
            [("2001:db8:1:2::/64".to_owned(), 1), ("2001:db8:1::/48".to_owned(), 4)]
        );
    }
}
