//! How much is allowed, whose it is counted as, and how much is left.

use std::fmt;

use aws_lc_rs::hmac;
use countersign_kernel::{Lifetime, Secret};

/// A named limit: at most `limit` acts in any span of length `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    /// The stable name, as configuration, `RateLimit` headers and audit records spell it.
    pub name: &'static str,
    /// How many acts.
    pub limit: u32,
    /// In how long a span.
    pub window: Lifetime,
}

impl Quota {
    /// The same limit by the same name, `factor` times as wide: for a tier above the one that `self` counts.
    #[must_use]
    pub const fn times(self, factor: u32) -> Self {
        Self { limit: self.limit.saturating_mul(factor), ..self }
    }

    /// Where the bucket of this key is found: the key, apart for every name.
    #[must_use]
    pub fn slot(self, key: Key) -> u128 {
        // FNV-1a over a name of our own making: it only has to differ from name to name.
        let name = self.name.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        });
        key.0 ^ name
    }

    /// The reading of a bucket in which nothing is counted.
    #[must_use]
    pub const fn unused(self) -> Reading {
        Reading {
            name: self.name,
            limit: self.limit,
            remaining: self.limit,
            reset: Lifetime::ZERO,
            window: self.window,
        }
    }
}

/// Whose acts are counted: 128 bits of a keyed hash, made by [`crate::Limiter::key`].
///
/// Buckets are found by this alone, so that no address or account is kept in clear, and nobody outside can choose keys that
/// fall into one place of the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(u128);

impl Key {
    /// A key from the bytes of a keyed hash. The bytes must not be predictable to those who are limited.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Makes keys under a secret.
pub struct KeyMaker(hmac::Key);

impl KeyMaker {
    /// Keys of different secrets have nothing in common.
    #[must_use]
    pub fn new(secret: &Secret<[u8; 32]>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose()))
    }

    /// The key of what these parts name together. Parts are kept apart: `["ab", "c"]` is not `["a", "bc"]`.
    #[must_use]
    pub fn key(&self, parts: &[&[u8]]) -> Key {
        let mut mac = hmac::Context::with_key(&self.0);
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        Key::from_bytes(mac.sign().as_ref().first_chunk::<16>().copied().unwrap_or_default())
    }
}

impl fmt::Debug for KeyMaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyMaker(..)")
    }
}

/// How full a bucket is: what the `RateLimit` and `RateLimit-Policy` headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The quota's name.
    pub name: &'static str,
    /// The quota's limit.
    pub limit: u32,
    /// How many acts are still free.
    pub remaining: u32,
    /// How long until more is free; zero while nothing is counted.
    pub reset: Lifetime,
    /// The quota's window.
    pub window: Lifetime,
}

impl Reading {
    /// One reading a name: of a tier and the tier above it, the one with the smaller share left.
    pub fn keep_tightest(readings: &mut Vec<Self>, new: Self) {
        let share = |r: &Self| u64::from(r.remaining) * u64::from(u32::MAX) / u64::from(r.limit.max(1));
        match readings.iter_mut().find(|r| r.name == new.name) {
            Some(old) if share(&new) < share(old) => *old = new,
            Some(_) => {}
            None => readings.push(new),
        }
    }
}
