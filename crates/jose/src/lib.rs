//! Strict JWS compact serialisation, JWK and JWT claims over aws-lc-rs.
//!
//! Promises:
//!
//! 1. One key, one algorithm: a token's `alg` is compared byte for byte with the key's and never chooses anything
//!    (RFC 8725 section 3.1). There is no `none`, no embedded key, no fetched key, no compression, no JWE.
//! 2. Whatever has two readings is refused: duplicate members at any depth, base64url with padding or spare bits, JSON
//!    serialisations, any `crit`, text that is not UTF-8, tokens over 8 KiB (RFC 7515 sections 4 and 10.12).
//! 3. Keys are parsed once. Verification decodes the header once, on the stack, and allocates only for the claims.
//! 4. [`Error::Expired`] is said only of a token whose signature and every other claim are good.
//!
//! No IO, no clock, no randomness of its own, save what aws-lc draws inside ECDSA and RSA operations: time comes in as
//! seconds ([`Rules::now`]), key material as bytes from the caller ([`SigningKey::generate`]).

mod alg;
pub mod base64url;
mod claims;
mod error;
mod generate;
mod header;
mod import;
pub mod json;
mod jwk;
mod keyset;
mod octets;
mod pem;
mod rsa;
mod sign;
#[cfg(feature = "testing")]
pub mod testing;
mod verify;
mod verifying_key;

pub use alg::Algorithm;
pub use claims::{Claims, Rules};
pub use error::Error;
pub use jwk::Jwk;
pub use keyset::KeySet;
pub use sign::SigningKey;
pub use verify::{Verified, verify, verify_jws, verify_jws_with};
pub use verifying_key::VerifyingKey;

/// The longest token that is read or written, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
