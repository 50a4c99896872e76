//! Verdicts of what operators and services do as refusals; the good ones are handed back.

use countersign_account::{Managed, RoleVerdict, StartResetVerdict, User};
use countersign_session::{RevokeVerdict, SubscribeVerdict, Subscription};

use super::{Code, FieldError, Problem, SOON};

/// The account as it is now. What not even an administrator may do is refused by `forbid`, from a stable word and a sentence.
pub(crate) fn managed_refusal(
    verdict: Managed,
    forbid: impl FnOnce(&str, &'static str) -> Problem,
) -> Result<Box<User>, Problem> {
    Err(match verdict {
        Managed::Done(user) | Managed::Unchanged(user) => return Ok(user),
        Managed::NotFound => Code::NotFound.into(),
        Managed::LastAdmin => forbid("last_admin", "This is the last administrator. Make somebody else one first."),
        Managed::Unverified => forbid("unverified_address", "Nobody is given a role whose address is not verified."),
        Managed::UnknownRole(_) => {
            Problem::invalid(vec![FieldError::new("roles", "UNKNOWN_ROLE", "There is no such role.")])
        }
    })
}

/// How many people have the role. What not even an administrator may do is refused by `forbid`.
pub(crate) fn role_refusal(
    verdict: RoleVerdict,
    forbid: impl FnOnce(&str, &'static str) -> Problem,
) -> Result<u64, Problem> {
    Err(match verdict {
        RoleVerdict::Done(people) => return Ok(people),
        RoleVerdict::NotFound => Code::NotFound.into(),
        RoleVerdict::Protected => forbid("protected_role", "The role admin cannot be deleted."),
        RoleVerdict::Invalid(error) => vec![error].into(),
    })
}

/// How many sessions have ended.
pub(crate) fn revoke_refusal(verdict: RevokeVerdict) -> Result<u64, Problem> {
    match verdict {
        RevokeVerdict::Revoked(ended) => Ok(ended),
        RevokeVerdict::Unchanged => Ok(0),
        RevokeVerdict::NotFound => Err(Code::NotFound.into()),
        RevokeVerdict::Beaten => Err(Problem::busy(SOON)),
    }
}

/// That a mail is on its way. What cannot be done here is refused by `forbid`.
pub(crate) fn start_reset_refusal(
    verdict: StartResetVerdict,
    forbid: impl FnOnce(&str, &'static str) -> Problem,
) -> Result<(), Problem> {
    match verdict {
        StartResetVerdict::Started => Ok(()),
        StartResetVerdict::NotFound => Err(Code::NotFound.into()),
        StartResetVerdict::NoMail => Err(forbid("no_mail", "This server sends no mail.")),
    }
}

/// The feed, open.
pub(crate) fn subscribe_refusal(verdict: SubscribeVerdict) -> Result<Box<Subscription>, Problem> {
    match verdict {
        SubscribeVerdict::Open(subscription) => Ok(subscription),
        SubscribeVerdict::Refused => Err(Code::TokenInvalid.into()),
        SubscribeVerdict::Full => Err(Problem::busy(SOON)),
    }
}
