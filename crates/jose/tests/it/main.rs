//! Through the front door of the crate: what is signed, what is believed, and everything that must not be.
//!
//! Not tested here: what needs a server to be seen (the Bearer scheme, cookies, CSRF), revocation, and who may have which
//! token; those are tests of the floors above.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests and their helpers fail by panicking"
)]

mod corpus;
mod differential;
mod hostile;
mod json;
mod keys;
mod keyset;
mod rfc;
mod support;
mod token;
mod vectors;
