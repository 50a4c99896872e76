//! Chance that repeats itself.

use std::sync::atomic::{AtomicU64, Ordering};

use countersign_kernel::Entropy;

/// Bytes that look random and follow from a seed (SplitMix64). For tests alone: whoever knows the seed knows every key.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededEntropy {
    /// The sequence of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, target: &mut [u8]) {
        for chunk in target.chunks_mut(8) {
            let count = self.drawn.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            let mut word = self.seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let bytes = (word ^ (word >> 31)).to_le_bytes();
            for (slot, byte) in chunk.iter_mut().zip(bytes) {
                *slot = byte;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence_and_no_word_twice() {
        let (one, other) = (SeededEntropy::new(7), SeededEntropy::new(7));
        let (mut a, mut b) = ([0; 64], [0; 64]);
        one.fill(&mut a);
        other.fill(&mut b);
        assert_eq!(a, b);
        one.fill(&mut b);
        assert_ne!(a, b);
    }
}
