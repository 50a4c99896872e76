//! What this floor says of itself.

use countersign_password::{Timings, Work};

use crate::accounts::{Accounts, Told};
use crate::error::Error;
use crate::second_factor::SecondStepVerdict;
use crate::sign_in::SignInVerdict;
use crate::sign_up::SignUpVerdict;

/// What has been asked for since the process started, and how it ended.
#[derive(Debug, Clone)]
pub struct Readings {
    /// Sign-ins by outcome, every outcome. A failure is named as the audit trail names it; no answer ever does.
    pub sign_ins: Vec<(&'static str, u64)>,
    /// Registrations by outcome, every outcome.
    pub sign_ups: Vec<(&'static str, u64)>,
    /// What hashing has done and does.
    pub hashing: Work,
    /// How long hashes waited and took.
    pub timings: Timings,
}

impl Accounts {
    /// What has been counted, for metrics.
    #[must_use]
    pub fn readings(&self) -> Readings {
        Readings {
            sign_ins: self.tally().sign_ins(),
            sign_ups: self.tally().sign_ups(),
            hashing: self.hasher().work(),
            timings: self.hasher().timings(),
        }
    }

    /// Counts a sign-in by its verdict, save one that failed: that was counted with its reason.
    pub(crate) fn count_sign_in(&self, told: &Result<Told<SignInVerdict>, Error>) {
        self.tally().sign_in_ended(match told {
            Ok((SignInVerdict::Failed, _)) => return,
            Ok((SignInVerdict::SignedIn(_), _)) => "signed_in",
            Ok((SignInVerdict::SecondFactorNeeded(_), _)) => "second_factor_asked",
            Ok((SignInVerdict::Challenged(_), _)) => "challenged",
            Ok((SignInVerdict::Unverified(_), _)) => "unverified",
            Ok((SignInVerdict::Limited(_), _)) => "limited",
            Ok((SignInVerdict::Busy(_), _)) => "overloaded",
            Err(_) => "error",
        });
    }

    /// Counts the second step of a sign-in by its verdict, save one that failed: that was counted with its reason.
    pub(crate) fn count_second_step(&self, told: &Result<Told<SecondStepVerdict>, Error>) {
        self.tally().sign_in_ended(match told {
            Ok((SecondStepVerdict::Failed(_) | SecondStepVerdict::WrongPasskey, _)) => return,
            Ok((SecondStepVerdict::SignedIn(_), _)) => "signed_in",
            Ok((SecondStepVerdict::SecondFactorNeeded(_), _)) => "second_factor_asked",
            Ok((SecondStepVerdict::Over, _)) => "over",
            Ok((SecondStepVerdict::Limited(_), _)) => "limited",
            Err(_) => "error",
        });
    }

    /// Counts a sign-in that failed.
    pub(crate) fn count_sign_in_failed(&self, reason: &str) {
        self.tally().sign_in_ended(reason);
    }

    /// Counts a registration.
    pub(crate) fn count_sign_up(&self, told: &Result<Told<SignUpVerdict>, Error>) {
        self.tally().sign_up_ended(match told {
            Ok((SignUpVerdict::Opened(_), _)) => "signed_up",
            Ok((SignUpVerdict::Pending(_), _)) => "pending",
            Ok((SignUpVerdict::EmailTaken, _)) => "email_taken",
            Ok((SignUpVerdict::Invalid(_), _)) => "invalid",
            Ok((SignUpVerdict::Limited(_), _)) => "limited",
            Ok((SignUpVerdict::Busy(_), _)) => "overloaded",
            Err(_) => "error",
        });
    }
}
