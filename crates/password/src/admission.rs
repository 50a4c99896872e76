//! Who may wait for a hash: the pure arithmetic of the queue.
//!
//! A call is admitted if, as far as the last hashes tell, its turn comes within the deadline. Otherwise it is refused at once:
//! under a flood the callers that are admitted are served in time, and the rest learn it without having waited.

use countersign_kernel::Lifetime;

use crate::error::Busy;
use crate::params::Params;

/// How many may wait however short the estimate, so that memory stays bounded.
const MAX_IN_FLIGHT: usize = 4096;

/// How much a hash that took longer than estimated moves the estimate: a half. What is learnt late admits people whose turn does not
/// come in time, and who are refused only after they have waited.
const SLOWER: i64 = 2;

/// How many times the deadline somebody waits whose turn was promised within it. An estimate that is a little too good would
/// otherwise make everybody in a full queue wait in vain; one that is wrong by more than this has become another machine's.
const PATIENCE: i64 = 2;

/// How much one that was quicker moves it: a sixteenth, so that a few quick ones among slow ones promise nothing.
const QUICKER: i64 = 16;

/// Estimates waiting times and admits.
#[derive(Debug, Clone)]
pub struct Admission {
    workers: usize,
    deadline: Lifetime,
    estimate: Lifetime,
}

impl Admission {
    /// For `workers` threads and callers that wait at most `deadline` for their turn. The first estimate is guessed from
    /// `params`.
    #[must_use]
    pub fn new(workers: usize, deadline: Lifetime, params: Params) -> Self {
        // About 0.7 µs a KiB and pass on a common machine; the first measurement corrects it.
        let guess = i64::from(params.memory_kib).saturating_mul(i64::from(params.iterations)).saturating_mul(7) / 10;
        Self { workers: workers.max(1), deadline, estimate: Lifetime::from_micros(guess.max(50)) }
    }

    /// How long one hash takes.
    #[must_use]
    pub const fn estimate(&self) -> Lifetime {
        self.estimate
    }

    /// How long a caller waits until its turn, with `in_flight` calls before it, running ones included.
    #[must_use]
    pub fn wait(&self, in_flight: usize) -> Lifetime {
        // With a worker free there is no wait; with k more than workers, about k+1 finish before it, `workers` at a time.
        let ahead = (in_flight + 1).saturating_sub(self.workers);
        let rounds = i64::try_from(ahead.div_ceil(self.workers)).unwrap_or(i64::MAX);
        Lifetime::from_micros(self.estimate.as_micros().saturating_mul(rounds))
    }

    /// Admits a call behind `in_flight` others.
    ///
    /// # Errors
    /// [`Busy`] if its turn would come after the deadline.
    pub fn admit(&self, in_flight: usize) -> Result<(), Busy> {
        let wait = self.wait(in_flight);
        if in_flight >= MAX_IN_FLIGHT || wait > self.deadline {
            return Err(self.busy(wait));
        }
        Ok(())
    }

    /// Whether a call that was admitted has waited for so long that it is not worth a hash any more: twice the deadline.
    #[must_use]
    pub fn gives_up_after(&self, waited: Lifetime) -> bool {
        waited.as_micros() > self.deadline.as_micros().saturating_mul(PATIENCE)
    }

    /// What a caller is told whose turn is `wait` away: whole seconds, at least one.
    #[must_use]
    pub fn busy(&self, wait: Lifetime) -> Busy {
        Busy { retry_after: Lifetime::from_seconds(wait.as_seconds_ceil().max(1)) }
    }

    /// Learns from a hash that took `span`. A clock that stands still (in tests) teaches nothing.
    pub fn measured(&mut self, span: Lifetime) {
        if span > Lifetime::ZERO {
            let old = self.estimate.as_micros();
            let gap = span.as_micros().saturating_sub(old);
            let step = gap / if gap > 0 { SLOWER } else { QUICKER };
            self.estimate = Lifetime::from_micros(old.saturating_add(step).max(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(workers: usize, deadline_ms: i64, hash_ms: i64) -> Admission {
        let mut admission = Admission::new(workers, Lifetime::from_millis(deadline_ms), Params::CHEAPEST);
        for _ in 0..100 {
            admission.measured(Lifetime::from_millis(hash_ms));
        }
        admission
    }

    #[test]
    fn the_first_estimate_follows_memory_and_passes() {
        let guess = |params| Admission::new(1, Lifetime::ZERO, params).estimate().as_micros();

        assert_eq!(guess(Params::FLOOR), 27_238, "19,456 KiB, twice, at 0.7 µs");
        assert_eq!(guess(Params::CHEAPEST), 50, "never below what a thread costs");
    }

    #[test]
    fn a_free_worker_means_no_wait() {
        let admission = admission(2, 0, 100);
        assert_eq!(admission.admit(0), Ok(()));
        assert_eq!(admission.admit(1), Ok(()));
        assert_eq!(admission.admit(2).unwrap_err().retry_after, Lifetime::from_seconds(1));
    }

    #[test]
    fn the_queue_is_as_long_as_the_deadline_allows() {
        let admission = admission(2, 1_000, 100);
        let admitted = (0..).take_while(|n| admission.admit(*n).is_ok()).count();
        // Two run, and twenty more are served within ten rounds of a tenth of a second.
        assert!((20..=24).contains(&admitted), "{admitted}");
    }

    #[test]
    fn slower_hashes_shorten_the_queue() {
        let mut admission = admission(1, 1_000, 10);
        assert_eq!(admission.admit(50), Ok(()));
        for _ in 0..100 {
            admission.measured(Lifetime::from_millis(500));
        }
        let busy = admission.admit(50).unwrap_err();
        assert!(busy.retry_after >= Lifetime::from_seconds(20), "{busy:?}");
    }

    #[test]
    fn a_slowdown_is_learnt_from_a_few_hashes_and_a_few_quick_ones_are_not_believed() {
        let mut admission = admission(1, 1_000, 10);
        for _ in 0..4 {
            admission.measured(Lifetime::from_millis(100));
        }
        assert!(admission.estimate() > Lifetime::from_millis(90), "{:?}", admission.estimate());

        for _ in 0..4 {
            admission.measured(Lifetime::from_millis(10));
        }
        assert!(admission.estimate() > Lifetime::from_millis(70), "{:?}", admission.estimate());
        for _ in 0..100 {
            admission.measured(Lifetime::from_millis(10));
        }
        assert!(admission.estimate() < Lifetime::from_millis(11), "{:?}", admission.estimate());
    }

    #[test]
    fn whoever_was_admitted_is_given_up_on_after_twice_the_deadline() {
        let admission = admission(2, 1_000, 100);
        assert!(!admission.gives_up_after(Lifetime::from_millis(2_000)));
        assert!(admission.gives_up_after(Lifetime::from_micros(2_000_001)));
    }

    #[test]
    fn memory_is_bounded_whatever_the_estimate() {
        let admission = admission(1, i64::MAX / 1_000, 1);
        assert!(admission.admit(MAX_IN_FLIGHT - 1).is_ok());
        assert!(admission.admit(MAX_IN_FLIGHT).is_err());
    }

    #[test]
    fn a_clock_that_stands_still_teaches_nothing() {
        let mut admission = admission(1, 0, 100);
        let before = admission.estimate();
        admission.measured(Lifetime::ZERO);
        assert_eq!(admission.estimate(), before);
    }
}
