//! How much is allowed, whose it is counted as, and how much is left.

use std::fmt;

use countersign_kernel::Lifetime;

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

    pub(crate) const fn bits(self) -> u128 {
        self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
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
