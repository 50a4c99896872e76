//! How often each act ended how.

use countersign_kernel::Counter;

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

    /// Counts a sign-in that ended so.
    pub(crate) fn sign_in_ended(&self, outcome: &str) {
        self.sign_ins.count(outcome);
    }

    /// Counts a registration that ended so.
    pub(crate) fn sign_up_ended(&self, outcome: &str) {
        self.sign_ups.count(outcome);
    }

    pub(crate) fn sign_ins(&self) -> Vec<(&'static str, u64)> {
        self.sign_ins.read()
    }

    pub(crate) fn sign_ups(&self) -> Vec<(&'static str, u64)> {
        self.sign_ups.read()
    }
}

const SIGN_INS: &[&str] = &[
    "signed_in",
    "second_factor_asked",
    "wrong_password",
    "unknown_account",
    "disabled",
    "wrong_code",
    "code_reused",
    "clock_drift",
    "wrong_recovery_code",
    "no_such_factor",
    "over",
    "unverified",
    "passkey_refused",
    "challenged",
    "limited",
    "overloaded",
    "error",
];
const SIGN_UPS: &[&str] = &["signed_up", "pending", "email_taken", "invalid", "limited", "overloaded", "error"];
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
