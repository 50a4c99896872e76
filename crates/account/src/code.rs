//! A code that somebody types as his second factor.

use countersign_kernel::{Origin, Secret};
use countersign_store::{Tx, User};

use crate::accounts::Accounts;
use crate::error::Error;
use crate::method::Second;

/// A typed code, and what it is a code of.
#[derive(Debug, Clone)]
pub enum TypedCode {
    /// Of an authenticator app.
    Totp(Secret<String>),
    /// A recovery code.
    Recovery(Secret<String>),
}

/// How far a code's step lies from the present one: the clock of the device may be off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockDrift {
    /// By about so many seconds; less than zero where the device is behind.
    pub seconds: i64,
}

/// What a typed code is worth.
#[derive(Debug)]
pub(crate) enum CodeVerdict {
    /// It proves this.
    Right(Second),
    /// It proves nothing.
    Wrong {
        /// Why, for the audit trail.
        reason: &'static str,
        /// How far the device's clock seems to be off, where that explains it.
        drift: Option<ClockDrift>,
    },
}

impl CodeVerdict {
    pub(crate) const fn wrong(reason: &'static str) -> Self {
        Self::Wrong { reason, drift: None }
    }
}

impl Accounts {
    /// Judges a code in the caller's transaction, with the person locked. What is right is taken, and cannot be right again.
    pub(crate) async fn prove_code_in(
        &self,
        tx: &mut dyn Tx,
        user: &User,
        code: &TypedCode,
        origin: &Origin,
    ) -> Result<CodeVerdict, Error> {
        match code {
            TypedCode::Totp(code) => self.prove_totp_in(tx, user, code.expose()).await,
            TypedCode::Recovery(code) => self.prove_recovery_code_in(tx, user, code.expose(), origin).await,
        }
    }
}
