//! The sessions of one person.

use countersign_kernel::UserId;
use countersign_store::Session;

use crate::error::Error;
use crate::sessions::Sessions;

impl Sessions {
    /// The person's living sessions, most recently used first, at most 200.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list(&self, user: UserId) -> Result<Vec<Session>, Error> {
        let mut tx = self.0.store.snapshot().await?;
        let now = tx.now();
        Ok(tx.list_sessions_of(user, now).await?)
    }
}
