//! One clock a database (DESIGN section 1, "Writing").
//!
//! On SQLite that is the process's own clock. On PostgreSQL it is the server's: measured at start and each minute, and read
//! anew by each transaction, so that nodes whose clocks differ by minutes agree.

use std::sync::atomic::{AtomicI64, Ordering};

use countersign_kernel::{Env, Timestamp};

/// Whose clock is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockSource {
    /// The database's: on PostgreSQL the server's `clock_timestamp()`, on SQLite that of this process.
    #[default]
    Database,
    /// Always that of this process. For tests that own the time.
    Env,
}

/// The database's clock as this process knows it.
#[derive(Debug)]
pub(crate) struct DatabaseClock {
    env: Env,
    source: ClockSource,
    /// Microseconds that the database is ahead of this process.
    ahead: AtomicI64,
}

impl DatabaseClock {
    pub(crate) const fn new(env: Env, source: ClockSource) -> Self {
        Self { env, source, ahead: AtomicI64::new(0) }
    }

    /// Whether a server's clock is to be asked at all.
    pub(crate) fn asks_server(&self) -> bool {
        self.source == ClockSource::Database
    }

    /// This process's own clock.
    pub(crate) fn local(&self) -> Timestamp {
        self.env.now()
    }

    /// The database's clock.
    pub(crate) fn now(&self) -> Timestamp {
        let ahead = self.ahead.load(Ordering::Relaxed);
        Timestamp::from_micros(self.env.now().as_micros().saturating_add(ahead))
    }

    /// Takes the best of some samples (asked at, server said, answered at): the one whose answer came quickest, taken to have
    /// been made half-way. Without samples nothing changes.
    pub(crate) fn set_from(&self, samples: &[(Timestamp, Timestamp, Timestamp)]) {
        let quickest = samples.iter().min_by_key(|(asked, _, answered)| answered.since(*asked));
        if let Some((asked, server, answered)) = quickest {
            let half_way = asked.as_micros().saturating_add(answered.since(*asked).as_micros() / 2);
            self.ahead.store(server.as_micros().saturating_sub(half_way), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use countersign_kernel::{Clock, SystemEntropy};

    use super::*;

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(1_000)
        }
    }

    #[test]
    fn the_quickest_sample_decides_and_is_taken_half_way() {
        let clock = DatabaseClock::new(Env::new(Arc::new(Stopped), Arc::new(SystemEntropy)), ClockSource::Database);
        let at = Timestamp::from_micros;

        clock.set_from(&[
            (at(0), at(900), at(1_000)),
            (at(1_000), at(6_050), at(1_100)),
            (at(2_000), at(1), at(9_000)),
        ]);

        assert_eq!(clock.now().since(clock.local()).as_micros(), 5_000);
    }
}
