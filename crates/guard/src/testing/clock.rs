//! Time that moves only when told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use countersign_kernel::{Clock, Lifetime, Timestamp};

/// A clock that a test owns. Clones are the same clock. It begins at 2026-01-01T00:00:00Z.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(Timestamp::from_seconds(1_767_225_600).as_micros())))
    }
}

impl TestClock {
    /// Moves the clock on.
    pub fn advance(&self, span: Lifetime) {
        self.0.fetch_add(span.as_micros(), Ordering::SeqCst);
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.as_micros(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
