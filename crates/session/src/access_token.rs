//! Access tokens.

use countersign_kernel::{Lifetime, Timestamp, TokenId};
use countersign_store::User;
use serde_json::{Map, Value};

/// An access token that was made.
#[derive(Debug, Clone)]
pub struct IssuedAccess {
    /// The JWT.
    pub token: String,
    /// Its `jti`.
    pub id: TokenId,
    /// How long it lives from now on, in whole seconds.
    pub expires_in: Lifetime,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// An embedder's own claims.
pub trait ClaimsHook: Send + Sync + 'static {
    /// The claims to add for this person.
    fn claims(&self, user: &User) -> Map<String, Value>;
}

/// A claim that no access token may carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimRefused {
    /// A registered name, or one of ours.
    #[error("the claim {0:?} is registered")]
    Registered(String),
    /// A name that speaks of a secret, at any depth.
    #[error("the claim {0:?} is named like a secret")]
    Secret(String),
    /// More than 1 KiB of JSON.
    #[error("the claims are {0} bytes of JSON, more than 1024")]
    TooLong(usize),
}
