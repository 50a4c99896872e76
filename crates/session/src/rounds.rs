//! When each of the slower duties of a round is due.

use countersign_kernel::{Lifetime, Timestamp};

/// The duties that not every round has.
pub(crate) struct Rounds {
    /// Drop revocations that have had their time.
    pub(crate) expire: Duty,
    /// Forget verified tokens that have expired.
    pub(crate) forget: Duty,
    /// Note how long access tokens live.
    pub(crate) note: Duty,
    /// Delete rows that are over.
    pub(crate) sweep: Duty,
}

impl Rounds {
    /// Every duty for the first time, one interval after `now`.
    pub(crate) fn new(now: Timestamp) -> Self {
        let every = |every: Lifetime| Duty { every, due: now + every };
        Self {
            expire: every(Lifetime::from_seconds(5)),
            forget: every(Lifetime::from_minutes(1)),
            note: every(Lifetime::from_hours(1)),
            sweep: every(Lifetime::from_minutes(1)),
        }
    }
}

/// Something to be done now and then. A duty that failed stays due.
pub(crate) struct Duty {
    every: Lifetime,
    due: Timestamp,
}

impl Duty {
    /// Whether it is time.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        now >= self.due
    }

    /// Puts it off until the next time.
    pub(crate) fn done(&mut self, now: Timestamp) {
        self.due = now + self.every;
    }
}
