//! What hashing has done and does.

use countersign_kernel::{Distribution, Lifetime};

/// What the hasher has done and does: for metrics, and for tests that count work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Hashes computed.
    pub done: u64,
    /// Calls refused because of the deadline.
    pub refused: u64,
    /// Calls given up by their callers before their turn.
    pub abandoned: u64,
    /// Calls that wait.
    pub waiting: usize,
    /// Calls that are being computed.
    pub running: usize,
    /// How long one hash takes.
    pub estimate: Lifetime,
}

/// How long calls took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timings {
    /// Until their turn came, refused ones included, in microseconds.
    pub waited: Distribution,
    /// While they were computed, in microseconds.
    pub took: Distribution,
}
