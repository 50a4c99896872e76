//! Verdicts of the verbs as refusals; the good ones are handed back.

use countersign_account::{
    AskVerdict, BeginTotpVerdict, BegunTotp, ChangeEmailVerdict, ChangePasswordVerdict, ClaimVerdict, ClockDrift,
    ConfirmTotpVerdict, DeletePasskeyVerdict, DeleteVerdict, Factor, LinkVerdict, Mailbox, Opened, Passkey,
    PasskeyOptions, PasskeyOptionsVerdict, RecoveryCodesVerdict, RegisterPasskeyVerdict, RegisteredPasskey,
    RemoveTotpVerdict, RenamePasskeyVerdict, RenameVerdict, ResetVerdict, SecondFactorNeeded, SecondStepVerdict,
    SignInVerdict, SignUpVerdict, StepUpVerdict, UndoVerdict, User, VerifyVerdict,
};
use countersign_kernel::Secret;
use countersign_session::{Issued, IssuedAccess, RotateVerdict};
use http::header::SET_COOKIE;

use super::{Code, Problem, SOON};
use crate::app::Auth;
use crate::cookie::pending;

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

/// A registration that was taken.
pub(crate) enum SignedUp {
    /// Somebody is in.
    Opened(Box<Opened>),
    /// A mail comes first.
    Pending(Secret<String>),
}

pub(crate) fn sign_up_refusal(verdict: SignUpVerdict) -> Result<SignedUp, Problem> {
    Err(match verdict {
        SignUpVerdict::Opened(opened) => return Ok(SignedUp::Opened(opened)),
        SignUpVerdict::Pending(handle) => return Ok(SignedUp::Pending(handle)),
        SignUpVerdict::EmailTaken => Code::EmailTaken.into(),
        SignUpVerdict::Invalid(errors) => errors.into(),
        SignUpVerdict::Limited(refused) => refused.into(),
        SignUpVerdict::Busy(busy) => busy.into(),
    })
}

pub(crate) fn sign_in_refusal(verdict: SignInVerdict, auth: &Auth) -> Result<Box<Opened>, Problem> {
    Err(match verdict {
        SignInVerdict::SignedIn(opened) => return Ok(opened),
        SignInVerdict::SecondFactorNeeded(needed) => second_factor_needed(*needed, auth),
        SignInVerdict::Unverified(_) => Code::EmailNotVerified.into(),
        SignInVerdict::Failed => Code::AuthFailed.into(),
        SignInVerdict::Challenged(challenge) => Problem::challenged(challenge),
        SignInVerdict::Limited(refused) => refused.into(),
        SignInVerdict::Busy(busy) => busy.into(),
        // A verdict that this floor does not know yet lets nobody in.
        _ => Code::Internal.into(),
    })
}

/// What a sign-in answers that waits for its second factor, whatever the first one was: the token in the body, and the cookie that
/// binds it to the browser.
pub(crate) fn second_factor_needed(needed: SecondFactorNeeded, auth: &Auth) -> Problem {
    let methods = needed.factors.into_iter().map(Factor::as_str).collect();
    let problem = Problem::second_factor(needed.token, methods);
    match needed.browser.and_then(|browser| pending(auth.is_https(), browser.expose())) {
        Some(cookie) => problem.header(SET_COOKIE, cookie),
        None => problem,
    }
}

pub(crate) fn second_step_refusal(verdict: SecondStepVerdict, auth: &Auth) -> Result<Box<Opened>, Problem> {
    Err(match verdict {
        SecondStepVerdict::SignedIn(opened) => return Ok(opened),
        SecondStepVerdict::SecondFactorNeeded(needed) => second_factor_needed(*needed, auth),
        SecondStepVerdict::Failed(drift) => wrong_code(drift),
        SecondStepVerdict::WrongPasskey => wrong_passkey(),
        SecondStepVerdict::Over => sign_in_over(),
        SecondStepVerdict::Limited(refused) => refused.into(),
    })
}

pub(crate) fn begin_totp_refusal(verdict: BeginTotpVerdict, auth: &Auth) -> Result<Box<BegunTotp>, Problem> {
    Err(match verdict {
        BeginTotpVerdict::Begun(begun) => return Ok(begun),
        BeginTotpVerdict::AlreadyOn => {
            Problem::new(Code::Forbidden).detail("An authenticator app is set up already. Remove it first.")
        }
        BeginTotpVerdict::StepUpRequired => step_up_required(auth),
        BeginTotpVerdict::FactorRequired(factors) => factor_required(&factors, auth),
        BeginTotpVerdict::Gone => Code::TokenRevoked.into(),
    })
}

pub(crate) fn confirm_totp_refusal(verdict: ConfirmTotpVerdict) -> Result<Vec<Secret<String>>, Problem> {
    Err(match verdict {
        ConfirmTotpVerdict::Confirmed(codes) => return Ok(codes),
        ConfirmTotpVerdict::Failed(drift) => wrong_code(drift),
        ConfirmTotpVerdict::NotBegun => {
            Problem::new(Code::Forbidden).detail("There is no app to be confirmed, or no more. Begin anew.")
        }
        ConfirmTotpVerdict::Limited(refused) => refused.into(),
        ConfirmTotpVerdict::Gone => Code::TokenRevoked.into(),
    })
}

pub(crate) fn remove_totp_refusal(verdict: RemoveTotpVerdict, auth: &Auth) -> Result<(), Problem> {
    Err(match verdict {
        RemoveTotpVerdict::Removed => return Ok(()),
        RemoveTotpVerdict::NotOn => Code::NotFound.into(),
        RemoveTotpVerdict::FactorRequired(factors) => factor_required(&factors, auth),
        RemoveTotpVerdict::Gone => Code::TokenRevoked.into(),
    })
}

pub(crate) fn recovery_codes_refusal(
    verdict: RecoveryCodesVerdict,
    auth: &Auth,
) -> Result<Vec<Secret<String>>, Problem> {
    Err(match verdict {
        RecoveryCodesVerdict::Made(codes) => return Ok(codes),
        RecoveryCodesVerdict::NoSecondFactor => {
            Problem::new(Code::Forbidden).detail("There is no second factor to recover. Set one up first.")
        }
        RecoveryCodesVerdict::FactorRequired(factors) => factor_required(&factors, auth),
        RecoveryCodesVerdict::Gone => Code::TokenRevoked.into(),
    })
}

pub(crate) fn step_up_refusal(verdict: StepUpVerdict) -> Result<IssuedAccess, Problem> {
    Err(match verdict {
        StepUpVerdict::SteppedUp(access) => return Ok(access),
        StepUpVerdict::Failed => wrong_password(),
        StepUpVerdict::WrongCode(drift) => wrong_code(drift),
        StepUpVerdict::WrongPasskey => wrong_passkey(),
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
        ClaimVerdict::Unverified => Err(Code::EmailNotVerified.into()),
        ClaimVerdict::Limited(refused) => Err(refused.into()),
    }
}

pub(crate) fn ask_refusal(verdict: AskVerdict) -> Result<Secret<String>, Problem> {
    Err(match verdict {
        AskVerdict::Asked(handle) => return Ok(handle),
        AskVerdict::Invalid(errors) => errors.into(),
        AskVerdict::Limited(refused) => refused.into(),
        AskVerdict::NoMail => no_mail(),
    })
}

pub(crate) fn verify_refusal(verdict: VerifyVerdict) -> Result<(Box<User>, Mailbox), Problem> {
    Err(match verdict {
        VerifyVerdict::Verified { user, mailbox } => return Ok((user, mailbox)),
        VerifyVerdict::Invalid => Code::LinkInvalid.into(),
        VerifyVerdict::Limited(refused) => refused.into(),
    })
}

pub(crate) fn reset_refusal(verdict: ResetVerdict) -> Result<u64, Problem> {
    Err(match verdict {
        ResetVerdict::Reset(ended) => return Ok(ended),
        ResetVerdict::Invalid => Code::LinkInvalid.into(),
        ResetVerdict::Unacceptable(errors) => errors.into(),
        ResetVerdict::Limited(refused) => refused.into(),
        ResetVerdict::Busy(busy) => busy.into(),
    })
}

pub(crate) fn change_email_refusal(verdict: ChangeEmailVerdict, auth: &Auth) -> Result<Secret<String>, Problem> {
    Err(match verdict {
        ChangeEmailVerdict::Asked(handle) => return Ok(handle),
        ChangeEmailVerdict::Invalid(errors) => errors.into(),
        ChangeEmailVerdict::StepUpRequired => step_up_required(auth),
        ChangeEmailVerdict::Limited(refused) => refused.into(),
        ChangeEmailVerdict::Gone => Code::TokenRevoked.into(),
        ChangeEmailVerdict::NoMail => no_mail(),
    })
}

pub(crate) fn link_refusal(verdict: LinkVerdict, auth: &Auth) -> Result<Box<Opened>, Problem> {
    Err(match verdict {
        LinkVerdict::SignedIn(opened) => return Ok(opened),
        LinkVerdict::SecondFactorNeeded(needed) => second_factor_needed(*needed, auth),
        LinkVerdict::Invalid => Code::LinkInvalid.into(),
        LinkVerdict::Limited(refused) => refused.into(),
    })
}

pub(crate) fn undo_refusal(verdict: UndoVerdict) -> Result<Box<User>, Problem> {
    match verdict {
        UndoVerdict::Restored(user) => Ok(user),
        UndoVerdict::Invalid => Err(Code::LinkInvalid.into()),
        UndoVerdict::Limited(refused) => Err(refused.into()),
    }
}

fn no_mail() -> Problem {
    Problem::new(Code::NotFound).detail("This server sends no mail.")
}

pub(crate) fn passkey_sign_in_refusal(verdict: SignInVerdict, auth: &Auth) -> Result<Box<Opened>, Problem> {
    match verdict {
        SignInVerdict::Failed => Err(wrong_passkey()),
        other => sign_in_refusal(other, auth),
    }
}

pub(crate) fn passkey_options_refusal(verdict: PasskeyOptionsVerdict, auth: &Auth) -> Result<PasskeyOptions, Problem> {
    Err(match verdict {
        PasskeyOptionsVerdict::Options(options) => return Ok(options),
        PasskeyOptionsVerdict::Invalid(errors) => errors.into(),
        PasskeyOptionsVerdict::StepUpRequired => step_up_required(auth),
        PasskeyOptionsVerdict::Limited(refused) => refused.into(),
        PasskeyOptionsVerdict::NoPasskey => Problem::new(Code::NotFound).detail("This account has no passkey."),
        PasskeyOptionsVerdict::FactorRequired(factors) => factor_required(&factors, auth),
        PasskeyOptionsVerdict::Gone => Code::TokenRevoked.into(),
        PasskeyOptionsVerdict::Over => sign_in_over(),
        PasskeyOptionsVerdict::Unavailable => {
            Problem::new(Code::NotFound).detail("Browsers have no passkeys for the address of this server.")
        }
    })
}

pub(crate) fn register_passkey_refusal(verdict: RegisterPasskeyVerdict) -> Result<Box<RegisteredPasskey>, Problem> {
    Err(match verdict {
        RegisterPasskeyVerdict::Registered(passkey) => return Ok(passkey),
        RegisterPasskeyVerdict::Invalid(errors) => errors.into(),
        RegisterPasskeyVerdict::Gone => Code::TokenRevoked.into(),
    })
}

pub(crate) fn rename_passkey_refusal(verdict: RenamePasskeyVerdict) -> Result<Box<Passkey>, Problem> {
    Err(match verdict {
        RenamePasskeyVerdict::Renamed(passkey) => return Ok(passkey),
        RenamePasskeyVerdict::Invalid(error) => vec![error].into(),
        RenamePasskeyVerdict::NotFound => Code::NotFound.into(),
    })
}

pub(crate) fn delete_passkey_refusal(verdict: DeletePasskeyVerdict, auth: &Auth) -> Result<(), Problem> {
    Err(match verdict {
        DeletePasskeyVerdict::Deleted => return Ok(()),
        DeletePasskeyVerdict::FactorRequired(factors) => factor_required(&factors, auth),
        DeletePasskeyVerdict::Gone => Code::TokenRevoked.into(),
        DeletePasskeyVerdict::LastMethod => Code::LastMethod.into(),
        DeletePasskeyVerdict::NotFound => Code::NotFound.into(),
    })
}

/// What there is no second step of.
fn sign_in_over() -> Problem {
    Problem::new(Code::TokenInvalid).detail("This sign-in cannot go on. Please sign in again.")
}

/// A passkey's answer that does not count. Why is for the audit trail.
fn wrong_passkey() -> Problem {
    Problem::new(Code::AuthFailed).detail("This passkey could not be used. Please try again.")
}

/// The password asked for inside a session is not the right one: the address is not in doubt.
fn wrong_password() -> Problem {
    Problem::new(Code::AuthFailed).detail("The password is not right.")
}

/// A code that proves nothing. That a clock is off is said to somebody who has proven something else before, and helps nobody to
/// guess.
fn wrong_code(drift: Option<ClockDrift>) -> Problem {
    let problem = Problem::new(Code::AuthFailed);
    let Some(ClockDrift { seconds }) = drift else { return problem.detail("The code is not right.") };
    let (minutes, way) = ((seconds.unsigned_abs() + 30) / 60, if seconds < 0 { "behind" } else { "ahead" });
    problem.detail(format!(
        "That code belongs to another time: the clock of your device seems to be about {minutes} minutes {way}. Correct it, then \
         try the next code."
    ))
}

/// A second factor must be proven in this session, lately.
pub(crate) fn factor_required(factors: &[Factor], auth: &Auth) -> Problem {
    let methods: Vec<&'static str> = factors.iter().map(|factor| factor.as_str()).collect();
    Problem::step_up(auth.sessions().policy().step_up_max_age, &methods)
        .detail("Please confirm with your second factor to go on.")
}

fn step_up_required(auth: &Auth) -> Problem {
    Problem::step_up(auth.sessions().policy().step_up_max_age, &["password"])
}
