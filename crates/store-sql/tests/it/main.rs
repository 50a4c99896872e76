//! The contract of every port on both engines, and what is particular to each.
//!
//! PostgreSQL: `COUNTERSIGN_TEST_POSTGRES` names a server and a user who may make schemas; each test makes one and drops it.
//! Without it those tests say so and pass, unless `COUNTERSIGN_REQUIRE_POSTGRES` is set.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "helpers of tests fail as tests do")]

mod contract;
mod moving;
mod postgres;
mod server;
mod sqlite;
