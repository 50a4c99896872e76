//! What the settings say about keys.

use countersign_jose::Algorithm;
use countersign_kernel::Lifetime;

/// How keys are made and how long they sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPolicy {
    /// What new keys are for. Where the active key was made for another algorithm, a start replaces it.
    pub algorithm: Algorithm,
    /// How long a key signs before the schedule replaces it.
    pub rotate_after: Lifetime,
    /// How long a key must have been published before the schedule lets it sign: longer than any verifier keeps a JWKS.
    pub publish_before: Lifetime,
    /// The access lifetime that is configured. Keys stay until tokens of this life have died, or of the longest life that
    /// was noted lately, whichever is longer.
    pub access: Lifetime,
}

impl Default for KeyPolicy {
    /// EdDSA, 90 days, published a day before, tokens of 15 minutes.
    fn default() -> Self {
        Self {
            algorithm: Algorithm::EdDSA,
            rotate_after: Lifetime::from_days(90),
            publish_before: Lifetime::from_days(1),
            access: Lifetime::from_minutes(15),
        }
    }
}
