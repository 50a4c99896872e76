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
    /// The store gives a number without a hash or a hash without a number.
    #[error("audit record {id} is sealed by half")]
    HalfSealed {
        /// The record.
        id: countersign_kernel::AuditId,
    },
}

impl Error {
    /// Whether the same call may succeed a little later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}
