//! What nodes share, against a real server: the promises of the port on both engines, under races, and with the server away.
//!
//! Without a server named by `COUNTERSIGN_TEST_VALKEY` (`cargo xtask test` brings one) the tests say that they were skipped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod contract;
mod link;
mod nodes;
mod revocation;

#[path = "../../../testkit/src/valkey.rs"]
#[allow(dead_code, reason = "others use the rest")]
mod server;
