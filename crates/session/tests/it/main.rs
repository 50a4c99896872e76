//! Sessions on a real database, with time and chance owned by the test.
//!
//! Not tested here: HTTP, which only translates, and PostgreSQL, whose promises are those of `countersign-store-contract`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests and their helpers fail by panicking"
)]

mod access;
mod admit;
mod at_rest;
mod bookkeeping;
mod corpus;
mod crowd;
mod feed;
mod house;
mod late;
mod log;
mod moved;
mod nodes;
mod race;
mod recall;
mod refresh;
mod revocation;
mod rollback;
mod stale;
mod status_list;
mod sweep;
mod theft;
