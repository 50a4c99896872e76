//! The journal of endings, kept beside a database that is one file (DESIGN section 2): what a backup that is put back must not undo.

use countersign_kernel::Timestamp;

use crate::error::Error;
use crate::tx::Committed;

/// Writes down what ends or revokes something, before it is committed.
///
/// Promises of its caller: entries come one at a time, in the order of the commits, while the writer's turn is held; an entry
/// is on disk before its commit, so that the journal never lacks what was answered. It may hold what was then not committed:
/// that was asked for, and nobody was told that it had been done.
pub trait Journal: Send + Sync {
    /// Whether a commit is for the journal at all. Must be quick.
    fn concerns(&self, committing: &Committed) -> bool;

    /// Writes a commit down, on disk before this returns. `after` is the number of the newest revocation before it.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: the transaction is rolled back, and whoever asked is told that nothing has happened.
    fn write(&self, at: Timestamp, after: u64, committing: &Committed) -> Result<(), Error>;
}
