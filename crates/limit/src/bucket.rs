//! One bucket: a log of acts that still count.
//!
//! The log is exact for limits up to [`EXACT`]. Above, acts that come within 1/64 of the window of each other share an entry
//! that carries the time of the latest: such an act is forgotten up to 1/64 of the window too late, never too early. So a
//! bucket has at most about 65 entries, and never lets more than its limit through in any window.

use countersign_kernel::{Lifetime, Timestamp};

/// Limits up to this one are counted exactly; above, acts within this part of the window share an entry.
pub const EXACT: u32 = 64;

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The first act of the entry.
    first: Timestamp,
    /// The latest: the one by which it is forgotten.
    last: Timestamp,
    count: u32,
}

/// A bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Oldest first.
    log: Vec<Entry>,
    limit: u32,
    window: Lifetime,
    /// When a refusal was last reported as the first of its window.
    told: Option<Timestamp>,
}

impl Bucket {
    pub(crate) const fn new(limit: u32, window: Lifetime) -> Self {
        Self { log: Vec::new(), limit, window, told: None }
    }

    /// Takes over the quota's present numbers and forgets what no longer counts at `now`.
    pub(crate) fn settle(&mut self, limit: u32, window: Lifetime, now: Timestamp) {
        self.limit = limit;
        self.window = window;
        let over = self.log.iter().take_while(|e| !counts(e, window, now)).count();
        self.log.drain(..over);
    }

    /// Counts one act. The moment under which it was noted: never before the newest entry, should the clock step back.
    pub(crate) fn charge(&mut self, now: Timestamp) -> Timestamp {
        let share =
            Lifetime::from_micros(if self.limit > EXACT { self.window.as_micros() / i64::from(EXACT) } else { 0 });
        if let Some(newest) = self.log.last_mut() {
            let at = now.max(newest.last);
            if newest.last == at || at.since(newest.first) < share {
                newest.last = at;
                newest.count = newest.count.saturating_add(1);
            } else {
                self.log.push(Entry { first: at, last: at, count: 1 });
            }
            return at;
        }
        // Most buckets see one act in their life: no room is kept for more.
        self.log.reserve_exact(1);
        self.log.push(Entry { first: now, last: now, count: 1 });
        now
    }

    /// Takes one act out that was noted under `at`; nothing if it is forgotten already.
    pub(crate) fn discharge(&mut self, at: Timestamp) {
        let Some(index) = self.log.iter().position(|e| e.first <= at && at <= e.last) else { return };
        let Some(entry) = self.log.get_mut(index) else { return };
        entry.count -= 1;
        if entry.count == 0 {
            self.log.remove(index);
        }
    }

    /// How many acts count at `now`.
    pub(crate) fn used(&self, now: Timestamp) -> u32 {
        self.log.iter().filter(|e| counts(e, self.window, now)).fold(0, |sum, e| sum.saturating_add(e.count))
    }

    /// How long until one more act is allowed; zero if it is now.
    pub(crate) fn wait(&self, now: Timestamp) -> Lifetime {
        let mut used = self.used(now);
        for entry in self.log.iter().filter(|e| counts(e, self.window, now)) {
            if used < self.limit {
                break;
            }
            used = used.saturating_sub(entry.count);
            if used < self.limit {
                return (entry.last + self.window).since(now);
            }
        }
        // A limit of zero: there is nothing to wait for, so the whole window is said.
        if used < self.limit { Lifetime::ZERO } else { self.window }
    }

    /// How long until the oldest act is forgotten; zero if none counts.
    pub(crate) fn reset(&self, now: Timestamp) -> Lifetime {
        let oldest = self.log.iter().find(|e| counts(e, self.window, now));
        oldest.map_or(Lifetime::ZERO, |e| (e.last + self.window).since(now))
    }

    /// Notes a refusal; whether it is the first of its window.
    pub(crate) fn refuse(&mut self, now: Timestamp) -> bool {
        let first = self.told.is_none_or(|told| now.since(told) >= self.window);
        if first {
            self.told = Some(now);
        }
        first
    }

    /// The memory of its log.
    #[cfg(test)]
    pub(crate) fn log_bytes(&self) -> usize {
        self.log.capacity() * size_of::<Entry>()
    }

    /// Whether nothing of it counts any more, so that forgetting it changes no answer.
    pub(crate) fn is_idle(&self, now: Timestamp) -> bool {
        self.log.last().is_none_or(|e| !counts(e, self.window, now))
    }

    /// How much would be lost by forgetting it: the fuller, the more; among equals the one that lasts longer.
    pub(crate) fn heat(&self, now: Timestamp) -> (u64, Timestamp) {
        let full = u64::from(self.used(now)) * 1024 / u64::from(self.limit.max(1));
        (full, self.log.last().map_or(Timestamp::EPOCH, |e| e.last + self.window))
    }
}

fn counts(entry: &Entry, window: Lifetime, now: Timestamp) -> bool {
    now.since(entry.last) < window
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many entries a bucket has after `acts` acts, each `gap` microseconds after the one before, in a window of 64 ms.
    fn entries(limit: u32, acts: i64, gap: i64) -> usize {
        let mut bucket = Bucket::new(limit, Lifetime::from_millis(64));
        for act in 0..acts {
            let now = Timestamp::from_micros(1_000_000 + act * gap);
            bucket.settle(limit, Lifetime::from_millis(64), now);
            bucket.charge(now);
        }
        bucket.log.len()
    }

    #[test]
    fn up_to_64_each_moment_is_an_entry_and_above_a_64th_of_the_window_is_one() {
        assert_eq!(entries(EXACT, 64, 1), 64);
        assert_eq!(entries(EXACT, 64, 0), 1);
        assert_eq!(entries(EXACT + 1, 65, 1), 1);
        assert_eq!(entries(10_000, 1_000, 1), 1);
        assert_eq!(entries(10_000, 1_001, 1), 2);
        assert!((60..=65).contains(&entries(10_000, 10_000, 10)));
    }
}
