//! What can go wrong with the trail.

/// Nothing happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store failed.
    #[error("the audit trail could not be reached")]
    Store(#[from] countersign_store::Error),
    /// The place to which an export is written failed.
    #[error("the export could not be written")]
    Output(#[from] std::io::Error),
    /// A checkpoint could not be signed.
    #[error("the checkpoint could not be signed")]
    Signing(#[source] countersign_jose::Error),
    /// A checkpoint in the database is not one of ours.
    #[error("checkpoint {number} is not believed: {error}; run `countersign audit verify`")]
    Forged {
        /// Its number.
        number: u64,
        /// Why not.
        error: countersign_audit::CheckpointError,
    },
}

impl Error {
    /// Whether the same call may succeed a little later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}
