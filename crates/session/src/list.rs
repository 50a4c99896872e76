//! The sessions of one person.

use countersign_kernel::{Location, UserId};
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

    /// Where a session was last refreshed from, by today's table: country, network and what the network is called. It follows
    /// from the address and is not kept, so that a new table corrects what was said before.
    #[must_use]
    pub fn whereabouts(&self, session: &Session) -> (Location, Option<String>) {
        let address = session.address.as_deref().and_then(|text| text.parse().ok());
        let name = self.table().zip(address).and_then(|(table, address)| table.network_name(address));
        (self.locate(address), name)
    }
}
