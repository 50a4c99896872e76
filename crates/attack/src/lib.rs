//! What an attacker brings along, against a running server over HTTP: [`tokens`] forges access tokens as the well-known tools do,
//! [`guesses`] guesses passwords in every way that could slip past a limit, [`oracle`] asks which addresses have an account.
//!
//! Promises: nothing of the server is known but what it shows to everybody; each attack has its counterpart in good faith in the
//! same run, so that a server which refuses everything is a finding too; the report ends with a verdict. It is for servers of
//! one's own: it fills their limits and their trail.
#![expect(clippy::disallowed_methods, reason = "a development tool draws its own chance")]

mod client;
mod forger;
pub mod guesses;
pub mod oracle;
mod report;
pub mod tokens;

pub use client::Target;
pub use report::Report;
