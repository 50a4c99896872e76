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
    /// Tell subscribers of the feed that they are up to date, and end what is open by a key that was taken away.
    pub(crate) strike: Duty,
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
            strike: every(Lifetime::from_seconds(1)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duty_is_due_once_an_interval_from_when_it_was_done() {
        let at = |seconds: i64| Timestamp::from_seconds(1_800_000_000 + seconds);
        let mut expire = Rounds::new(at(0)).expire;

        assert_eq!([0, 4, 5, 9].map(|second| expire.is_due(at(second))), [false, false, true, true]);
        expire.done(at(9));
        assert_eq!([9, 13, 14].map(|second| expire.is_due(at(second))), [false, false, true]);
    }
}
