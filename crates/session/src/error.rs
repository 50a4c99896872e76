//! What can go wrong with sessions. A refusal is no error: it is a verdict.

use countersign_jose as jose;
use countersign_keys as keys;
use countersign_store as store;

use crate::claims::ClaimRefused;

/// Nothing happened, or what happened could not be said. Grouped by whose fault it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operator's: a setting that cannot be served by.
    #[error("unusable session policy: {0}")]
    Policy(&'static str),
    /// The embedder's: its hook gave a claim that no token may carry. No token was made.
    #[error("the claims hook was refused")]
    Claim(#[from] ClaimRefused),
    /// Ours: the database failed; the transaction was rolled back.
    #[error("could not read or write sessions")]
    Store(#[from] store::Error),
    /// Ours: the active key did not sign.
    #[error("could not sign an access token")]
    Signing(#[source] jose::Error),
    /// Ours: a status list was not packed.
    #[error("could not pack a status list")]
    Packing(#[source] std::io::Error),
    /// Ours: the ring of keys could not be read anew; the old one stays in use.
    #[error("could not read the signing keys")]
    Keys(#[from] keys::Error),
}

impl Error {
    /// Whether the same call may succeed a little later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_database_that_may_come_back_is_worth_another_try() {
        assert!(Error::Store(store::Error::Unavailable("no answer".into())).is_transient());
        assert!(Error::Store(store::Error::Conflict("another one".into())).is_transient());
        assert!(!Error::Store(store::Error::ReadOnly).is_transient());
        assert!(!Error::Policy("no issuer").is_transient());
    }
}
