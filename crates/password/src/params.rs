//! How hard a hash is made.

/// Argon2id parameters (RFC 9106 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes. They are computed one after the other: a hash uses one core.
    pub parallelism: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self::FLOOR
    }
}

impl Params {
    /// The weakest that a server may use: 19 MiB, two passes, one lane (OWASP's first recommendation).
    pub const FLOOR: Self = Self { memory_kib: 19_456, iterations: 2, parallelism: 1 };

    /// The cheapest that Argon2 allows: for tests.
    pub const CHEAPEST: Self = Self { memory_kib: 8, iterations: 1, parallelism: 1 };

    /// Whether these cost an attacker at least what [`Params::FLOOR`] does: as much memory, and as much memory times passes.
    ///
    /// More lanes at the same memory make a hash faster for whoever has idle cores, so they earn nothing here.
    #[must_use]
    pub fn is_at_least_floor(&self) -> bool {
        let work = |p: &Self| u64::from(p.memory_kib) * u64::from(p.iterations);
        self.parallelism >= 1 && self.memory_kib >= Self::FLOOR.memory_kib && work(self) >= work(&Self::FLOOR)
    }
}

/// 256 bits of output.
pub(crate) const OUTPUT_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_about_memory_and_work() {
        let params = |memory_kib, iterations, parallelism| Params { memory_kib, iterations, parallelism };
        assert!(params(19_456, 2, 1).is_at_least_floor());
        assert!(params(47_104, 1, 1).is_at_least_floor());
        assert!(params(65_536, 3, 4).is_at_least_floor());
        assert!(!params(19_456, 1, 1).is_at_least_floor(), "half the work");
        assert!(!params(30_000, 1, 1).is_at_least_floor(), "more memory, less work");
        assert!(!params(12_288, 4, 1).is_at_least_floor(), "more work, less memory");
        assert!(!params(19_456, 2, 0).is_at_least_floor(), "no lane");
        assert!(!Params::CHEAPEST.is_at_least_floor());
    }
}
