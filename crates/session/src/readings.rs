//! What this floor says of itself.

use countersign_kernel::Lifetime;

use crate::feed::FeedReadings;
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
    /// The revocation feed.
    pub feed: FeedReadings,
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
        let unjudged = [("limited", inner.tally.limited.count()), ("busy", inner.tally.busy.count())];
        Readings {
            refreshes: inner.tally.cases().chain(unjudged).collect(),
            remembered: inner.tally.remembered.count(),
            unknown: inner.tally.unknown.count(),
            tokens: (inner.remembered.len() as u64, inner.remembered.capacity()),
            live: inner.live.len_by_kind(),
            seq: inner.live.head().seq,
            silent_for: self.silent_for(),
            feed: inner.feed.readings(),
        }
    }

    /// Counts a refresh by its case, or by why there is none.
    pub(crate) fn note_refresh(&self, rotated: &Rotated) {
        let tally = &self.0.tally;
        match (rotated.case, &rotated.verdict) {
            (Some(case), _) => tally.case(case),
            (None, RotateVerdict::Limited(_)) => tally.limited.one(),
            (None, _) => tally.busy.one(),
        }
    }
}
