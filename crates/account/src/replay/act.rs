//! What a record of the trail says that was tried, and how it ended.

use countersign_audit::{Actor, Event, Outcome, Record};

/// What a record says that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// A sign-in with a password.
    SignIn,
    /// A registration.
    SignUp,
    /// A check of the password inside a session.
    Recheck,
    /// A try at the link that makes the first administrator.
    ClaimAdmin,
}

/// How it ended at the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It proved somebody, and so costs nothing.
    Good,
    /// It is counted.
    Counted,
    /// A limit was full. Under others it might have been tried, and might have failed.
    Refused,
}

/// What the record says was tried and how it ended; none where no limit counts it.
pub(super) fn judge(record: &Record) -> Option<(Act, Ending)> {
    let reason = record.reason.as_deref().unwrap_or_default();
    let by_password = || record.detail.get("amr").is_none_or(|amr| amr.split(' ').any(|method| method == "pwd"));
    let is_continued = record.detail.contains_key("first");
    let by_person = matches!(record.actor, Actor::User(_));
    match (record.event, record.outcome) {
        (Event::SignInFailed, _) if matches!(reason, "unknown_account" | "wrong_password" | "disabled") => {
            Some((Act::SignIn, Ending::Counted))
        }
        // With a second factor the password was an act of its own, which has its record.
        (Event::SignedIn, _) if is_continued => None,
        (Event::SignedIn | Event::SecondFactorAsked, _) if by_password() => Some((Act::SignIn, Ending::Good)),
        (Event::SignedUp, _) => Some((Act::SignUp, Ending::Counted)),
        (Event::SignUpFailed, _) if reason == "email_taken" => Some((Act::SignUp, Ending::Counted)),
        (Event::StepUpFailed | Event::PasswordChangeFailed | Event::AccountDeletionFailed, _)
            if reason == "wrong_password" =>
        {
            Some((Act::Recheck, Ending::Counted))
        }
        (Event::SteppedUp, _) if by_password() => Some((Act::Recheck, Ending::Good)),
        (Event::PasswordChanged | Event::AccountDeleted, Outcome::Success) if by_person => {
            Some((Act::Recheck, Ending::Good))
        }
        (Event::AccessDenied, _) if reason == "admin_claim" => Some((Act::ClaimAdmin, Ending::Counted)),
        (Event::AdminClaimed, _) => Some((Act::ClaimAdmin, Ending::Good)),
        (Event::LimitReached, _) => {
            let act = match record.detail.get("act").map(String::as_str)? {
                "sign_in" => Act::SignIn,
                "sign_up" => Act::SignUp,
                "step_up" | "password_change" | "account_deletion" => Act::Recheck,
                "claim_admin" => Act::ClaimAdmin,
                _ => return None,
            };
            Some((act, Ending::Refused))
        }
        _ => None,
    }
}
