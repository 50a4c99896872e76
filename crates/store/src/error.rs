//! What can go wrong while keeping things.

/// Nothing happened: the transaction is rolled back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database cannot be reached, is full, or did not answer in time. Trying again may help.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The engine gave up this transaction because of another one. Trying the whole of it again helps.
    #[error("the transaction lost against another one")]
    Conflict(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row that no version of this program writes.
    #[error("impossible row in {table}.{column} of {id}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id as text.
        id: String,
    },
    /// A write inside a snapshot: a mistake in the program.
    #[error("write in a read-only transaction")]
    ReadOnly,
    /// The engine refused a statement: a mistake in the program or a schema that is not ours.
    #[error("the database refused a statement")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Whether the same call may succeed a little later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Conflict(_))
    }
}
