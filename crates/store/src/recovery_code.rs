//! Recovery codes: each lets a person in once who has lost his second factor.

use async_trait::async_trait;
use countersign_kernel::{Timestamp, UserId};

use crate::error::Error;

/// A keyed hash of a recovery code and its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecoveryCodeHash(pub [u8; 32]);

/// Keeps recovery codes.
#[async_trait]
pub trait RecoveryCodes {
    /// Puts these in the place of all that the person has; none: takes all away. [`Error::Conflict`] where the person has just
    /// been deleted.
    async fn replace_recovery_codes(
        &mut self,
        user: UserId,
        codes: &[RecoveryCodeHash],
        now: Timestamp,
    ) -> Result<(), Error>;

    /// Takes a code in one conditional write: of racing calls exactly one gets `true`.
    async fn take_recovery_code(&mut self, user: UserId, code: RecoveryCodeHash) -> Result<bool, Error>;
}
