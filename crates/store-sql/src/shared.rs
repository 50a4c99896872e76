//! What transactions and the store share.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use countersign_store::{Committed, Error, Journal, Notices, Observer};

use crate::clock::DatabaseClock;
use crate::measure::Measures;

/// What transactions need of the store after it has let them go.
pub(crate) struct Shared {
    pub(crate) clock: DatabaseClock,
    pub(crate) measures: Measures,
    observers: RwLock<Vec<Arc<dyn Observer>>>,
    journal: RwLock<Option<Arc<dyn Journal>>>,
    notices: RwLock<Option<Arc<dyn Notices>>>,
    ordinal: AtomicI64,
    writes_fail: AtomicBool,
}

impl Shared {
    /// Nobody is told yet.
    pub(crate) fn new(clock: DatabaseClock) -> Self {
        Self {
            clock,
            measures: Measures::new(),
            observers: RwLock::default(),
            journal: RwLock::default(),
            notices: RwLock::default(),
            ordinal: AtomicI64::new(0),
            writes_fail: AtomicBool::new(false),
        }
    }

    /// Whether the last write that could tell found the database unable to take it.
    pub(crate) fn writes_fail(&self) -> bool {
        self.writes_fail.load(Ordering::Relaxed)
    }

    /// Learns from what became of a write. A refused statement and a lost race say nothing of the database's health.
    pub(crate) fn note_write<T>(&self, written: &Result<T, Error>) {
        match written {
            Ok(_) => self.writes_fail.store(false, Ordering::Relaxed),
            Err(Error::Unavailable(_)) => self.writes_fail.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
    }

    /// Adds an observer, told of every later commit.
    pub(crate) fn observe(&self, observer: Arc<dyn Observer>) {
        self.observers.write().unwrap_or_else(PoisonError::into_inner).push(observer);
    }

    /// Keeps a journal from now on.
    pub(crate) fn keep_journal(&self, journal: Arc<dyn Journal>) {
        self.journal.write().unwrap_or_else(PoisonError::into_inner).replace(journal);
    }

    /// Asks from now on which records cause notices.
    pub(crate) fn write_notices(&self, notices: Arc<dyn Notices>) {
        self.notices.write().unwrap_or_else(PoisonError::into_inner).replace(notices);
    }

    /// Who says which records cause notices.
    pub(crate) fn notices(&self) -> Option<Arc<dyn Notices>> {
        self.notices.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The journal, if this commit is for it.
    pub(crate) fn journal_of(&self, committing: &Committed) -> Option<Arc<dyn Journal>> {
        let journal = self.journal.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        journal.concerns(committing).then_some(journal)
    }

    /// Tells every observer. One that panics takes neither the news from the others nor the answer from the caller: what it
    /// is told of has happened.
    pub(crate) fn tell(&self, committed: &Committed) {
        let observers = self.observers.read().unwrap_or_else(PoisonError::into_inner).clone();
        for observer in observers {
            let told = catch_unwind(AssertUnwindSafe(|| observer.committed(committed)));
            if told.is_err() {
                tracing::error!("an observer of commits panicked");
            }
        }
    }

    /// The first of `count` places in the order of audit records: the present microsecond, or right after the last place given.
    pub(crate) fn places(&self, count: i64) -> i64 {
        let now = self.clock.now().as_micros();
        let next = |last: i64| Some(last.max(now).saturating_add(count));
        let (Ok(last) | Err(last)) = self.ordinal.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        last.max(now)
    }
}
