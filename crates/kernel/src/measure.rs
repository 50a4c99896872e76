//! Numbers that a part of the system keeps of itself, for whoever wants to read them.
//!
//! Promises: to count is one atomic addition and never waits, never allocates and never fails; a reading is a copy that costs the
//! counted part nothing. Nothing here knows how readings are published (docs/design/telemetry.md).

use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::Lifetime;

/// A number that only grows, from zero at the start of the process.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Zero.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts one more.
    pub fn one(&self) {
        self.add(1);
    }

    /// Counts so many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often a measured number fell between which bounds.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One more than bounds: the last is for what exceeds them all.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a [`Histogram`] held at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// The upper bounds, each included, ascending: microseconds where spans were measured.
    pub bounds: &'static [u64],
    /// How many fell up to each bound and above the one before; one more for what exceeded them all.
    pub counts: Vec<u64>,
    /// The sum of all that was measured.
    pub sum: u64,
}

impl Histogram {
    /// An empty one for spans of time, from 50 µs to 10 s.
    #[must_use]
    pub fn of_spans() -> Self {
        Self::new(SPANS)
    }

    /// An empty one for the sizes of groups, from 1 to 64.
    #[must_use]
    pub fn of_sizes() -> Self {
        Self::new(SIZES)
    }

    fn new(bounds: &'static [u64]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, buckets, sum: AtomicU64::new(0) }
    }

    /// Takes up a span of time.
    pub fn record(&self, span: Lifetime) {
        self.record_number(span.as_micros().unsigned_abs());
    }

    /// Takes up a number.
    pub fn record_number(&self, number: u64) {
        let place = self.bounds.partition_point(|bound| *bound < number);
        if let Some(bucket) = self.buckets.get(place) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    /// What it holds. While others record, the sum may be ahead of the counts by what is under way.
    #[must_use]
    pub fn read(&self) -> Distribution {
        Distribution {
            bounds: self.bounds,
            counts: self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect(),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

impl Distribution {
    /// How many were measured.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// Microseconds. The least is that of a check from memory, the greatest that of a client that gives up.
const SPANS: &[u64] = &[
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000,
];
const SIZES: &[u64] = &[1, 2, 4, 8, 16, 32, 64];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_the_bucket_below_it() {
        let spans = Histogram::of_spans();
        for micros in [0, 50, 51, 100, 10_000_000, 10_000_001] {
            spans.record(Lifetime::from_micros(micros));
        }

        let read = spans.read();

        assert_eq!(read.counts.len(), read.bounds.len() + 1);
        assert_eq!(read.counts.first_chunk(), Some(&[2, 2, 0]));
        assert_eq!(read.counts.last_chunk(), Some(&[1, 1]));
        assert_eq!((read.count(), read.sum), (6, 20_000_202));
    }

    #[test]
    fn bounds_ascend() {
        assert!(SPANS.is_sorted() && SIZES.is_sorted());
    }

    #[test]
    fn a_counter_counts() {
        let counter = Counter::new();
        counter.one();
        counter.add(41);
        assert_eq!(counter.count(), 42);
    }
}
