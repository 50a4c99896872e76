//! Accounts on a real SQLite store, with real sessions and the cheapest hashes. What they look like over HTTP is tested there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod admin;
mod audit;
mod erase;
mod limits;
mod manage;
mod password;
mod sign_in;
mod sign_up;
mod step_up;
mod world;
