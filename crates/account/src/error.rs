//! What can go wrong with accounts. A refusal is no error: it is a verdict.

use countersign_keys as keys;
use countersign_password as password;
use countersign_session as session;
use countersign_store as store;

/// Nothing happened: the transaction was rolled back. Every variant is a fault of ours.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database failed.
    #[error("could not read or write accounts")]
    Store(#[from] store::Error),
    /// A session could not be opened, ended or issued.
    #[error("could not handle a session")]
    Session(#[from] session::Error),
    /// A password could not be hashed, or a stored hash is of no known kind.
    #[error("could not hash a password")]
    Hash(#[from] password::Error),
    /// The secret of another system could not be sealed, or does not open.
    #[error("could not seal or open a secret of another system")]
    ImportSecret,
    /// A data key could not be opened, or a secret does not open under it.
    #[error("could not seal or open a secret")]
    Keys(#[from] keys::Error),
    /// The secret of an authenticator app could not be used.
    #[error("authenticator app: {0}")]
    Totp(&'static str),
    /// A mail could not be sealed, or does not open.
    #[error("could not seal or open a mail")]
    Mail,
    /// A question for an authenticator could not be made.
    #[error("could not make a question for an authenticator")]
    Passkey(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row changed under every try.
    #[error("the account kept changing")]
    KeptChanging,
}

impl Error {
    /// Whether the same call may succeed a little later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Session(error) => error.is_transient(),
            Self::Keys(error) => error.is_transient(),
            Self::Hash(_) | Self::ImportSecret | Self::Totp(_) | Self::Mail | Self::Passkey(_) => false,
            Self::KeptChanging => true,
        }
    }

    /// Whether another transaction won and the whole of this one may be tried again at once.
    pub(crate) const fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Store(store::Error::Conflict(_)) | Self::Session(session::Error::Store(store::Error::Conflict(_)))
        )
    }
}
