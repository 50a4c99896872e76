//! What can go wrong with keys.

use crate::master::MasterKeyError;
use crate::seal::SealError;

/// Nothing happened: the ring is what it was. Only [`Error::Unread`] says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // Whoever runs the system.
    /// The master key cannot be used.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// Something was sealed under another master key than the one given.
    #[error(
        "{what} was sealed under another master key: this is not the key that belongs to this database; \
         restore the right one, which all of its nodes have in common; nothing has been changed"
    )]
    WrongMasterKey {
        /// What could not be opened, for example `root refresh`.
        what: String,
    },
    /// The key to be imported is unsuitable.
    #[error("the key cannot be imported: {0}")]
    Unsuitable(#[source] countersign_jose::Error),
    /// A symmetric key was to be imported although the setting does not say HS256.
    #[error(
        "an HS256 key is imported only where the configured algorithm is HS256, because whoever verifies could sign"
    )]
    SymmetricNotConfigured,

    // Ours.
    /// Something that was sealed under this master key does not open: its bytes or the row around them were changed.
    #[error("{what} is damaged: its sealed bytes do not belong to the row they are in")]
    Damaged {
        /// What could not be opened.
        what: String,
    },
    /// Something that every installation has is not there.
    #[error("{what} is not in the database")]
    Absent {
        /// What is not there.
        what: String,
    },
    /// A key that opened does not parse: a mistake in the program, or a row that no version of it writes.
    #[error("signing key {kid} cannot be used")]
    Unusable {
        /// The key.
        kid: String,
        /// Why.
        #[source]
        source: countersign_jose::Error,
    },
    /// The store failed.
    #[error("the keys could not be reached in the store")]
    Store(#[from] countersign_store::Error),
    /// A cryptographic operation failed that should not.
    #[error("could not make or seal a key: {0}")]
    Crypto(&'static str),
    /// The change was made and is durable, but this process could not read it back; it will at its next reload. Do not
    /// repeat the call.
    #[error("the keys were changed, but could not be read back yet")]
    Unread(#[source] Box<Error>),
    /// There is no key that signs.
    #[error("there is no active signing key")]
    NoActiveKey,
    /// Other nodes changed the ring again and again while this one tried.
    #[error("the ring of keys kept changing while it was to be changed; try again")]
    Contended,
}

impl Error {
    /// Whether the same call may succeed a little later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Contended => true,
            _ => false,
        }
    }

    /// Why `what` did not open.
    pub(crate) fn opening(what: impl Into<String>, error: SealError) -> Self {
        let what = what.into();
        match error {
            SealError::OtherKey => Self::WrongMasterKey { what },
            SealError::Damaged => Self::Damaged { what },
            SealError::Crypto => Self::Crypto("sealing"),
        }
    }
}
