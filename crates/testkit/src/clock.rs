//! Time that moves only when told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use countersign_kernel::{Clock, Lifetime, Timestamp};

/// A clock that a test owns. Clones are the same clock. It begins at 2026-01-01T00:00:00Z.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.as_micros())))
    }

    /// Moves the clock on.
    pub fn advance(&self, span: Lifetime) {
        self.0.fetch_add(span.as_micros(), Ordering::SeqCst);
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.as_micros(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::at(Timestamp::from_seconds(1_767_225_600))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
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
