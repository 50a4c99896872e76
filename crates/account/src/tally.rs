//! What this floor counts of itself.

use countersign_kernel::Counter;
use countersign_password::{Timings, Work};

use crate::accounts::{Accounts, Told};
use crate::error::Error;
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

/// Counters of one act by how it ended.
#[derive(Debug)]
pub(crate) struct Outcomes(Vec<(&'static str, Counter)>);

/// The counters.
#[derive(Debug)]
pub(crate) struct Tally {
    sign_ins: Outcomes,
    sign_ups: Outcomes,
}

impl Outcomes {
    fn of(names: &[&'static str]) -> Self {
        Self(names.iter().chain(&[OTHER]).map(|name| (*name, Counter::new())).collect())
    }

    /// Counts one; an outcome that is not on the list is `other`, so that the list stays closed.
    fn count(&self, name: &str) {
        let known = self.0.iter().find(|(known, _)| *known == name).or(self.0.last());
        if let Some((_, counter)) = known {
            counter.one();
        }
    }

    fn read(&self) -> Vec<(&'static str, u64)> {
        self.0.iter().map(|(name, counter)| (*name, counter.count())).collect()
    }
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self { sign_ins: Outcomes::of(SIGN_INS), sign_ups: Outcomes::of(SIGN_UPS) }
    }

    /// Counts a sign-in by its verdict, save one that failed: that was counted with its reason.
    pub(crate) fn sign_in(&self, told: &Result<Told<SignInVerdict>, Error>) {
        self.sign_ins.count(match told {
            Ok((SignInVerdict::Failed, _)) => return,
            Ok((SignInVerdict::SignedIn(_), _)) => "signed_in",
            Ok((SignInVerdict::Challenged(_), _)) => "challenged",
            Ok((SignInVerdict::Limited(_), _)) => "limited",
            Ok((SignInVerdict::Busy(_), _)) => "overloaded",
            Err(_) => "error",
        });
    }

    /// Counts a sign-in that failed.
    pub(crate) fn sign_in_failed(&self, reason: &str) {
        self.sign_ins.count(reason);
    }

    /// Counts a registration.
    pub(crate) fn sign_up(&self, told: &Result<Told<SignUpVerdict>, Error>) {
        self.sign_ups.count(match told {
            Ok((SignUpVerdict::Opened(_), _)) => "signed_up",
            Ok((SignUpVerdict::EmailTaken, _)) => "email_taken",
            Ok((SignUpVerdict::Invalid(_), _)) => "invalid",
            Ok((SignUpVerdict::Limited(_), _)) => "limited",
            Ok((SignUpVerdict::Busy(_), _)) => "overloaded",
            Err(_) => "error",
        });
    }
}

impl Accounts {
    /// What has been counted, for metrics.
    #[must_use]
    pub fn readings(&self) -> Readings {
        Readings {
            sign_ins: self.tally().sign_ins.read(),
            sign_ups: self.tally().sign_ups.read(),
            hashing: self.hasher().work(),
            timings: self.hasher().timings(),
        }
    }
}

const SIGN_INS: &[&str] =
    &["signed_in", "wrong_password", "unknown_account", "disabled", "challenged", "limited", "overloaded", "error"];
const SIGN_UPS: &[&str] = &["signed_up", "email_taken", "invalid", "limited", "overloaded", "error"];
const OTHER: &str = "other";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_that_is_not_listed_makes_no_entry_of_its_own() {
        let outcomes = Outcomes::of(&["good"]);
        for name in ["good", "ada@example.com", "bob@example.com"] {
            outcomes.count(name);
        }
        assert_eq!(outcomes.read(), [("good", 1), ("other", 2)]);
    }
}
