//! The ring of keys on a real store (SQLite), with the test's own time and chance.
//!
//! Not tested here: PostgreSQL, whose conditional writes are proven by the contract tests of the store.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking")]

mod data_key;
mod import;
mod published;
mod rig;
mod ring;
mod roots;
mod rotation;
mod withdrawal;
