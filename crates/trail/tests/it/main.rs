//! The trail on a real store (SQLite), with the test's own time and chance.
//!
//! Not tested here: PostgreSQL (the contract tests of the store do) and each kind of tampering (the tests of the chain do).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking")]

mod check;
mod checkpoint;
mod export;
mod prune;
mod rig;
mod seal;
mod tail;
