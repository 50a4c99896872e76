//! The sessions that live: of one person, of all.

use countersign_kernel::{Location, UserId};
use countersign_store::{Page, PageRequest, Session};

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

    /// Living sessions, newest first, in pages: those of one person, or everybody's.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list_living(&self, user: Option<UserId>, page: &PageRequest) -> Result<Page<Session>, Error> {
        let mut tx = self.0.store.snapshot().await?;
        let now = tx.now();
        Ok(tx.list_living_sessions(user, now, page).await?)
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
