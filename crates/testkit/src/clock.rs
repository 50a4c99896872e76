//! Time that moves only when told to.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use countersign_kernel::{Clock, Lifetime, Timestamp};

/// A clock that a test owns. Clones are the same clock. It begins at 2026-01-01T00:00:00Z.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    micros: AtomicI64,
    /// Spares every other reading the lock.
    holds_hashes: AtomicBool,
    held: Mutex<bool>,
    let_go: Condvar,
}

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        Self(Arc::new(Hands {
            micros: AtomicI64::new(start.as_micros()),
            holds_hashes: AtomicBool::new(false),
            held: Mutex::new(false),
            let_go: Condvar::new(),
        }))
    }

    /// Moves the clock on.
    pub fn advance(&self, span: Lifetime) {
        self.0.micros.fetch_add(span.as_micros(), Ordering::SeqCst);
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, moment: Timestamp) {
        self.0.micros.store(moment.as_micros(), Ordering::SeqCst);
    }

    /// Lets no password hash begin until the answer is dropped: a hashing thread looks at the clock when it takes one up, and
    /// waits there.
    pub fn hold_hashes(&self) -> HeldHashes {
        *self.0.held.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.holds_hashes.store(true, Ordering::SeqCst);
        HeldHashes(self.clone())
    }

    fn wait_for_hashes(&self) {
        if thread::current().name().is_some_and(|name| name.starts_with("hash-")) {
            let held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
            drop(self.0.let_go.wait_while(held, |held| *held).unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Hashing that stands still. Dropped, it goes on.
#[derive(Debug)]
#[must_use = "dropped at once it holds nothing"]
pub struct HeldHashes(ManualClock);

impl Drop for HeldHashes {
    fn drop(&mut self) {
        let ManualClock(hands) = &self.0;
        hands.holds_hashes.store(false, Ordering::SeqCst);
        *hands.held.lock().unwrap_or_else(PoisonError::into_inner) = false;
        hands.let_go.notify_all();
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::at(Timestamp::from_seconds(1_767_225_600))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        if self.0.holds_hashes.load(Ordering::SeqCst) {
            self.wait_for_hashes();
        }
        Timestamp::from_micros(self.0.micros.load(Ordering::SeqCst))
    }
}

/// A span of milliseconds.
#[must_use]
pub const fn millis(count: i64) -> Lifetime {
    Lifetime::from_millis(count)
}

/// A span of seconds.
#[must_use]
pub const fn seconds(count: i64) -> Lifetime {
    Lifetime::from_seconds(count)
}

/// A span of minutes.
#[must_use]
pub const fn minutes(count: i64) -> Lifetime {
    Lifetime::from_minutes(count)
}

/// A span of hours.
#[must_use]
pub const fn hours(count: i64) -> Lifetime {
    Lifetime::from_hours(count)
}

/// A span of days.
#[must_use]
pub const fn days(count: i64) -> Lifetime {
    Lifetime::from_days(count)
}
