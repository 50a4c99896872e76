//! Through the front door: a service behind the guard, and an issuer that says what the test wants.
//!
//! The attacks on tokens are those of the catalogue; the parsers below have their published vectors in `jose`. Not tested here: the
//! server's binary as a process of its own (tests of `server`).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests and their helpers fail by panicking"
)]

mod feed;
mod keys;
mod network;
mod offline;
mod request;
mod server;
mod settings;
mod stage;
mod token;
