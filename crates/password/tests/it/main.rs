//! The hasher through its front door, with the cheapest parameters unless the test is about cost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod corpus;
mod hasher;
mod legacy;
mod pepper;
mod queue;
