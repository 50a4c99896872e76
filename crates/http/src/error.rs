//! The one place where verdicts and failures become HTTP. Outside this room nobody knows a status code for a verdict.

mod administration;
mod code;
mod problem;
mod verdict;

pub(crate) use administration::{
    managed_refusal, revoke_refusal, role_refusal, start_reset_refusal, subscribe_refusal,
};
pub use code::Code;
pub use problem::{FieldError, Rejection};
pub(crate) use problem::{Problem, ProblemSchema};
pub(crate) use verdict::{
    Answered, SignedUp, ask_refusal, begin_totp_refusal, change_email_refusal, claim_refusal, confirm_totp_refusal,
    delete_passkey_refusal, delete_refusal, link_refusal, passkey_options_refusal, passkey_sign_in_refusal,
    password_refusal, recovery_codes_refusal, refresh_refusal, register_passkey_refusal, remove_totp_refusal,
    rename_passkey_refusal, rename_refusal, reset_refusal, second_step_refusal, sign_in_refusal, sign_up_refusal,
    step_up_refusal, undo_refusal, verify_refusal,
};

use countersign_account::Busy;
use countersign_kernel::Lifetime;
use countersign_limit::Refused;
use countersign_session::TokenError;

/// How soon to come back after something that will pass.
const SOON: Lifetime = Lifetime::from_seconds(2);

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Code::TokenInvalid.into(),
            TokenError::Expired => Code::TokenExpired.into(),
            TokenError::Revoked => Code::TokenRevoked.into(),
            // No 401: that would sign somebody out on our account.
            TokenError::Stale => Self::busy(SOON),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::limited(refused.retry_after, refused.readings)
    }
}

impl From<Busy> for Problem {
    fn from(busy: Busy) -> Self {
        Self::busy(busy.retry_after)
    }
}

impl From<Vec<countersign_account::FieldError>> for Problem {
    fn from(errors: Vec<countersign_account::FieldError>) -> Self {
        Self::invalid(errors.into_iter().map(|error| FieldError::new(error.field, error.code, error.message)).collect())
    }
}

impl From<countersign_session::Error> for Problem {
    fn from(error: countersign_session::Error) -> Self {
        let transient = error.is_transient();
        Self::fault(&error, transient)
    }
}

impl From<countersign_account::Error> for Problem {
    fn from(error: countersign_account::Error) -> Self {
        let transient = error.is_transient();
        Self::fault(&error, transient)
    }
}

impl From<countersign_keys::Error> for Problem {
    fn from(error: countersign_keys::Error) -> Self {
        let transient = error.is_transient();
        Self::fault(&error, transient)
    }
}

impl From<countersign_trail::Error> for Problem {
    fn from(error: countersign_trail::Error) -> Self {
        let transient = error.is_transient();
        Self::fault(&error, transient)
    }
}

impl Problem {
    /// 503: nothing was changed, and trying again helps.
    pub(crate) fn busy(retry_after: Lifetime) -> Self {
        Self::new(Code::Overloaded).after(retry_after)
    }

    /// Our fault: said without any detail, and logged by the edge with the error's whole chain.
    fn fault(error: &(dyn std::error::Error + 'static), is_transient: bool) -> Self {
        let problem = if is_transient { Self::busy(SOON) } else { Self::new(Code::Internal) };
        let mut chain = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            chain += ": ";
            chain += &cause.to_string();
            source = cause.source();
        }
        problem.caused_by(chain)
    }
}
