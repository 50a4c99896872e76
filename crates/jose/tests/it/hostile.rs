//! The attacks on tokens, one table each. Wherever a table can, it signs the hostile token with the honest key: what is
//! refused must be refused for what it says, not only because the signature is wrong.
//!
//! Not here: attacks whose subject is another floor's (22: ID tokens; 31: versions and sessions; 33, 34: where a token may
//! stand in a request).

mod claims;
mod header;
mod shape;
mod signature;

use countersign_jose::{Error, verify};

use crate::support::{KEYS, rules};

/// What becomes of `token`.
fn outcome(token: &str) -> Result<(), Error> {
    verify(token, &KEYS, &rules()).map(drop)
}

/// Whether the refusal is about the header.
fn is_header(outcome: Result<(), Error>) -> bool {
    matches!(outcome, Err(Error::Header(_)))
}

/// Whether the refusal is about the claims.
fn is_claims(outcome: Result<(), Error>) -> bool {
    matches!(outcome, Err(Error::Claims(_)))
}

/// Whether the refusal is about the form of the token.
fn is_malformed(outcome: Result<(), Error>) -> bool {
    matches!(outcome, Err(Error::Malformed(_)))
}
