//! The promises of every storage port, as tests that any engine must pass.
//!
//! A promise is an async function whose name says it and which panics where it is broken. An engine's test crate makes one
//! test of each with [`for_each_promise!`], giving it a [`Subject`]: an empty store, and the clock that it reads. What can be
//! taken once is raced for by many tasks at the same moment, and there must be exactly one winner.
//!
//! Not tested here: what survives a crash. That needs a process to kill, and is tested on the binary.
#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a broken promise is a panic: these are tests")]
#![expect(clippy::missing_errors_doc, reason = "a promise passes on what the store says, and the test fails")]

pub mod audit;
pub mod audit_checkpoint;
pub mod ending;
pub mod factor_proof;
pub mod hot;
pub mod idlest;
pub mod import_secret;
mod list;
pub mod machine;
pub mod mailed_link;
pub mod noticed;
pub mod one_time_token;
pub mod outbox;
pub mod passkey;
pub mod passkey_challenge;
pub mod password;
pub mod pending_sign_in;
pub mod recovery_code;
pub mod remembered_device;
pub mod revocation;
pub mod role;
pub mod root;
pub mod session;
pub mod signing_key;
pub mod status_index;
mod subject;
pub mod totp;
pub mod tx;
pub mod user;

pub use subject::{Kept, SteppedClock, Subject};
