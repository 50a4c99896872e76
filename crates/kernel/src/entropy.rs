//! Unpredictable bytes.

/// A source of unpredictable bytes.
///
/// Promises of an implementation: every byte is independent and uniform. Randomness comes from the operating system, not
/// from the cryptography library, whose own generator costs a fresh process tens of milliseconds to seed.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `target`.
    fn fill(&self, target: &mut [u8]);
}

impl dyn Entropy {
    /// `N` unpredictable bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A uniform number below `bound`; 0 where `bound` is 0.
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // 128 bits reduced modulo a 64-bit bound: the bias is below 2^-64.
        let wide = u128::from_le_bytes(self.bytes::<16>());
        u64::try_from(wide % u128::from(bound)).unwrap_or(0)
    }
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::expect_used, reason = "a machine without a generator must not go on with predictable bytes")]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the operating system's generator")]
    fn fill(&self, target: &mut [u8]) {
        getrandom::fill(target).expect("the operating system's random generator answers");
    }
}
