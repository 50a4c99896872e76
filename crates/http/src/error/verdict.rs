//! Verdicts of the verbs as refusals; the good ones are handed back.

use countersign_account::{
    ChangePasswordVerdict, ClaimVerdict, DeleteVerdict, Opened, RenameVerdict, SignInVerdict, SignUpVerdict,
    StepUpVerdict, User,
};
use countersign_session::{Issued, IssuedAccess, RotateVerdict};

use super::{Code, Problem, SOON};
use crate::app::Auth;

/// A refresh that was answered.
pub(crate) enum Answered {
    /// With a refresh token.
    Full(Box<Issued>),
    /// Without one.
    Thin(Box<Issued>),
}

pub(crate) fn refresh_refusal(verdict: RotateVerdict) -> Result<Answered, Problem> {
    Err(match verdict {
        RotateVerdict::Full(issued) => return Ok(Answered::Full(issued)),
        RotateVerdict::Thin(issued) => return Ok(Answered::Thin(issued)),
        RotateVerdict::Limited(refused) => refused.into(),
        RotateVerdict::Busy => Problem::busy(SOON),
        RotateVerdict::Invalid => Code::TokenInvalid.into(),
        RotateVerdict::Revoked => Code::TokenRevoked.into(),
        // To a client of the refresh endpoint this is the end of the session, not a reason to refresh.
        RotateVerdict::Expired => {
            Problem::new(Code::TokenExpired).detail("The session has expired. Please sign in again.")
        }
        RotateVerdict::Reused => Code::TokenReused.into(),
    })
}

pub(crate) fn sign_up_refusal(verdict: SignUpVerdict) -> Result<Box<Opened>, Problem> {
    Err(match verdict {
        SignUpVerdict::Opened(opened) => return Ok(opened),
        SignUpVerdict::EmailTaken => Code::EmailTaken.into(),
        SignUpVerdict::Invalid(errors) => errors.into(),
        SignUpVerdict::Limited(refused) => refused.into(),
        SignUpVerdict::Busy(busy) => busy.into(),
    })
}

pub(crate) fn sign_in_refusal(verdict: SignInVerdict) -> Result<Box<Opened>, Problem> {
    Err(match verdict {
        SignInVerdict::SignedIn(opened) => return Ok(opened),
        SignInVerdict::Failed => Code::AuthFailed.into(),
        SignInVerdict::Challenged(challenge) => Problem::challenged(challenge),
        SignInVerdict::Limited(refused) => refused.into(),
        SignInVerdict::Busy(busy) => busy.into(),
        // A verdict that this floor does not know yet lets nobody in.
        _ => Code::Internal.into(),
    })
}

pub(crate) fn step_up_refusal(verdict: StepUpVerdict) -> Result<IssuedAccess, Problem> {
    Err(match verdict {
        StepUpVerdict::SteppedUp(access) => return Ok(access),
        StepUpVerdict::Failed => wrong_password(),
        StepUpVerdict::Limited(refused) => refused.into(),
        StepUpVerdict::Busy(busy) => busy.into(),
        StepUpVerdict::Gone => Code::TokenRevoked.into(),
    })
}

pub(crate) fn password_refusal(verdict: ChangePasswordVerdict, auth: &Auth) -> Result<u64, Problem> {
    Err(match verdict {
        ChangePasswordVerdict::Changed(ended) => return Ok(ended),
        ChangePasswordVerdict::Failed => wrong_password(),
        ChangePasswordVerdict::Invalid(errors) => errors.into(),
        ChangePasswordVerdict::StepUpRequired => step_up_required(auth),
        ChangePasswordVerdict::Limited(refused) => refused.into(),
        ChangePasswordVerdict::Busy(busy) => busy.into(),
        ChangePasswordVerdict::Gone => Code::TokenRevoked.into(),
    })
}

pub(crate) fn delete_refusal(verdict: DeleteVerdict, auth: &Auth) -> Result<(), Problem> {
    Err(match verdict {
        DeleteVerdict::Deleted => return Ok(()),
        DeleteVerdict::Failed => wrong_password(),
        DeleteVerdict::StepUpRequired => step_up_required(auth),
        DeleteVerdict::LastAdmin => {
            Problem::new(Code::Forbidden).detail("This is the last administrator. Make somebody else one first.")
        }
        DeleteVerdict::Limited(refused) => refused.into(),
        DeleteVerdict::Busy(busy) => busy.into(),
        DeleteVerdict::Gone => Code::TokenRevoked.into(),
    })
}

pub(crate) fn rename_refusal(verdict: RenameVerdict) -> Result<Box<User>, Problem> {
    Err(match verdict {
        RenameVerdict::Renamed(user) => return Ok(user),
        RenameVerdict::Invalid(errors) => errors.into(),
        RenameVerdict::Gone => Code::TokenRevoked.into(),
    })
}

pub(crate) fn claim_refusal(verdict: ClaimVerdict) -> Result<Box<User>, Problem> {
    match verdict {
        ClaimVerdict::Claimed(user) => Ok(user),
        ClaimVerdict::Invalid => Err(Code::LinkInvalid.into()),
        ClaimVerdict::Limited(refused) => Err(refused.into()),
    }
}

/// The password asked for inside a session is not the right one: the address is not in doubt.
fn wrong_password() -> Problem {
    Problem::new(Code::AuthFailed).detail("The password is not right.")
}

fn step_up_required(auth: &Auth) -> Problem {
    Problem::step_up(auth.sessions().policy().step_up_max_age, &["password"])
}
