//! Chance that follows from a seed.
//!
//! Each actor has dice of its own, split off by a number: what one does never changes what another draws, so a seed gives the
//! same plan of faults and acts however the machine interleaves the answers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::time::At;

/// A sequence of draws (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The dice of the actor with this number.
    pub(crate) fn split(&self, number: u64) -> Self {
        let mut dice = Self(self.0 ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        dice.word();
        Self(dice.word())
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// 0 up to and without `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.word() % bound.max(1)
    }

    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// True so many times in a thousand.
    pub(crate) fn permille(&mut self, share: u64) -> bool {
        self.below(1_000) < share
    }

    /// From `from` up to and without `to`.
    pub(crate) fn between(&mut self, from: At, to: At) -> At {
        from + i64::try_from(self.below(u64::try_from(to - from).unwrap_or(1))).unwrap_or(0)
    }

    /// Spans with this mean, as between events that know nothing of each other: many short ones, few long ones.
    pub(crate) fn around(&mut self, mean: At) -> At {
        // A sum of halvings is close enough to an exponential, and needs no floats.
        let halvings = i64::from(self.word().trailing_zeros());
        (mean * halvings + self.between(0, mean.max(1)) + 1) * 2 / 3
    }

    /// 22 base64url characters of 128 bits.
    pub(crate) fn attempt_id(&mut self) -> String {
        let mut bytes = [0; 16];
        for half in bytes.chunks_mut(8) {
            half.copy_from_slice(&self.word().to_le_bytes());
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence_and_each_actor_its_own() {
        let (mut one, mut other) = (Dice::new(7).split(1), Dice::new(7).split(1));
        assert_eq!(one.attempt_id(), other.attempt_id());
        assert_ne!(Dice::new(7).split(1).word(), Dice::new(7).split(2).word());
    }

    #[test]
    fn spans_have_about_the_mean_that_was_asked_for() {
        let mut dice = Dice::new(3);
        let sum: At = (0..10_000).map(|_| dice.around(1_000)).sum();
        assert!((900..1_100).contains(&(sum / 10_000)), "{}", sum / 10_000);
    }
}
