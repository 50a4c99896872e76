//! Accounts on a real SQLite store, races on PostgreSQL too, with real sessions and the cheapest hashes. What they look like
//! over HTTP is tested there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests fail by panicking and say what they skip"
)]

mod admin;
mod audit;
mod erase;
mod import;
mod limits;
mod manage;
mod password;
mod race;
mod replay;
mod server;
mod sign_in;
mod sign_up;
mod step_up;
mod world;
