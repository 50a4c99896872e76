//! What this floor counts of itself.

use countersign_kernel::{Counter, Lifetime};

use crate::judge::RefreshCase;
use crate::rotate::{RotateVerdict, Rotated};
use crate::sessions::Sessions;

/// What sessions have been up to since the process started, and what is in memory now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readings {
    /// Refreshes by the row of the table that decided, and those that were not judged: `limited`, `busy`.
    pub refreshes: Vec<(&'static str, u64)>,
    /// Checks of an access token that was verified before.
    pub remembered: u64,
    /// Checks of one that was not.
    pub unknown: u64,
    /// How many verified tokens are remembered, and how many may be.
    pub tokens: (u64, u64),
    /// Live revocations: of tokens, sessions, persons and keys.
    pub live: [(&'static str, usize); 4],
    /// The number of the last revocation that was taken up.
    pub seq: u64,
    /// For how long the revocation log has not answered.
    pub silent_for: Lifetime,
}

/// The counters.
#[derive(Debug)]
pub(crate) struct Tally {
    cases: Vec<Counter>,
    limited: Counter,
    busy: Counter,
    pub(crate) remembered: Counter,
    pub(crate) unknown: Counter,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            cases: RefreshCase::ALL.iter().map(|_| Counter::new()).collect(),
            limited: Counter::new(),
            busy: Counter::new(),
            remembered: Counter::new(),
            unknown: Counter::new(),
        }
    }

    pub(crate) fn refreshed(&self, rotated: &Rotated) {
        match (rotated.case, &rotated.verdict) {
            (Some(case), _) => self.case(case),
            (None, RotateVerdict::Limited(_)) => self.limited.one(),
            (None, _) => self.busy.one(),
        }
    }

    fn case(&self, case: RefreshCase) {
        if let Some(counter) = self.cases.get(case as usize) {
            counter.one();
        }
    }
}

impl Sessions {
    /// Counts a refresh that never came to be judged: its cookies prove nothing, which is row 1 of the table.
    pub fn count_unusable(&self) {
        self.0.tally.case(RefreshCase::Invalid);
    }

    /// What has been counted, for metrics.
    #[must_use]
    pub fn readings(&self) -> Readings {
        let inner = &self.0;
        let cases = RefreshCase::ALL.iter().zip(&inner.tally.cases);
        let unjudged = [("limited", inner.tally.limited.count()), ("busy", inner.tally.busy.count())];
        Readings {
            refreshes: cases.map(|(case, counter)| (case.as_str(), counter.count())).chain(unjudged).collect(),
            remembered: inner.tally.remembered.count(),
            unknown: inner.tally.unknown.count(),
            tokens: (inner.remembered.len() as u64, inner.remembered.capacity()),
            live: inner.live.len_by_kind(),
            seq: inner.live.head().seq,
            silent_for: self.silent_for(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_the_table_has_its_own_counter() {
        for (place, case) in RefreshCase::ALL.iter().enumerate() {
            assert_eq!(*case as usize, place, "{}", case.as_str());
        }
    }
}
