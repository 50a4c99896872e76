//! A question that an authenticator has been asked and has not answered yet.

use async_trait::async_trait;
use countersign_kernel::{Timestamp, UserId};

use crate::error::Error;

/// What the answer is to be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyPurpose {
    /// Registering a passkey in a session.
    Register,
    /// Signing in with nothing else.
    SignIn,
    /// Completing a pending sign-in.
    SecondFactor,
    /// Proving oneself again in a session.
    StepUp,
}

impl PasskeyPurpose {
    /// The stable text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign_in",
            Self::SecondFactor => "second_factor",
            Self::StepUp => "step_up",
        }
    }
}

/// A question as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyChallenge {
    /// SHA-256 of the challenge: the row's key.
    pub challenge_hash: [u8; 32],
    /// What the answer is to be good for.
    pub purpose: PasskeyPurpose,
    /// Who was asked, where that is known.
    pub user: Option<UserId>,
    /// Hash of that to which the answer is bound: a browser, a pending sign-in, a session.
    pub bound_to: [u8; 32],
    /// What the check of the answer needs, as the rules keep it.
    pub state: String,
    /// From when on no answer counts.
    pub expires_at: Timestamp,
}

/// Keeps questions.
#[async_trait]
pub trait PasskeyChallenges {
    /// Adds a question. [`Error::Conflict`] where the account has just been deleted.
    async fn insert_passkey_challenge(&mut self, challenge: &PasskeyChallenge) -> Result<(), Error>;

    /// Takes the question with this hash, purpose and bond in one conditional write: of racing answers exactly one gets it; an
    /// expired one nobody gets. Where the purpose or the bond is another it stays.
    async fn consume_passkey_challenge(
        &mut self,
        challenge_hash: &[u8; 32],
        purpose: PasskeyPurpose,
        bound_to: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<PasskeyChallenge>, Error>;

    /// Deletes at most `limit` expired questions; how many it were.
    async fn sweep_passkey_challenges(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error>;
}
