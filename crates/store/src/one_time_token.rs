//! A secret that works once: the link that makes the first administrator. Links that are mailed are a noun of their own.

use async_trait::async_trait;
use countersign_kernel::{Timestamp, UserId};

use crate::error::Error;

/// What a one-time token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// Grants the role `admin` to whoever is signed in.
    ClaimAdmin,
}

impl Purpose {
    /// The stable text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClaimAdmin => "claim_admin",
        }
    }
}

/// A one-time token as it is kept: only the SHA-256 of its 256-bit secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeToken {
    /// SHA-256 of the secret: the row's key.
    pub secret_hash: [u8; 32],
    /// What it is good for.
    pub purpose: Purpose,
    /// Whose it is, where it is somebody's.
    pub user: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is void.
    pub expires_at: Timestamp,
}

/// Keeps one-time tokens.
#[async_trait]
pub trait OneTimeTokens {
    /// Adds a token and voids all others of its purpose and person. [`Error::Conflict`] where the person has just been deleted.
    async fn insert_one_time_token(&mut self, token: &OneTimeToken) -> Result<(), Error>;

    /// Takes the token in one conditional write: of racing calls exactly one gets it; an expired one nobody gets.
    async fn consume_one_time_token(
        &mut self,
        secret_hash: &[u8; 32],
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<OneTimeToken>, Error>;

    /// Deletes at most `limit` expired tokens; how many it were.
    async fn sweep_one_time_tokens(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error>;
}
