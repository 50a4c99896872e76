//! What a person has set up besides a password, as one reading.

use async_trait::async_trait;
use countersign_kernel::UserId;

use crate::error::Error;

/// What a person can prove a second factor with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Enrolment {
    /// Whether an authenticator app is set up and confirmed.
    pub totp: bool,
    /// How many passkeys there are.
    pub passkeys: u64,
    /// How many recovery codes are left.
    pub recovery_codes: u64,
}

/// Reads what people have set up.
#[async_trait]
pub trait Enrolments {
    /// What this person has set up; nothing for one who is not there.
    async fn find_enrolment(&mut self, user: UserId) -> Result<Enrolment, Error>;
}
