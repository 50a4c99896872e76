//! The limiter through its port: against a naive model, as a table, under races, and full of strangers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod contract;
mod corpus;
mod eviction;
mod limiter;
mod model;
