//! The whole system, for whoever operates it: the server and its commands, the test kit.

use std::sync::Arc;

use countersign_http::Auth;
use countersign_kernel::Env;
use countersign_keys::{AuditKey, Keyring};
use countersign_store::Store;

use crate::engine::Engine;
use crate::error::Error;
use crate::house::House;
use crate::readings::Readings;

/// An [`Auth`] together with what is below it. Cheap to clone.
///
/// Apps have no need of it; operators have: keys, the store, upkeep on demand.
#[derive(Clone)]
pub struct System {
    auth: Auth,
    house: House,
}

impl System {
    pub(crate) const fn new(auth: Auth, house: House) -> Self {
        Self { auth, house }
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.house.engine()
    }

    /// The system that an [`Auth`] was built as; none for one that was put together by hand.
    #[must_use]
    pub fn of(auth: &Auth) -> Option<Self> {
        auth.host::<House>().map(|house| Self::new(auth.clone(), house.clone()))
    }

    /// Asks the Valkey server that was named, if one was.
    ///
    /// # Errors
    /// What it says, or that it says nothing within a second.
    pub async fn check_valkey(&self) -> Option<Result<(), String>> {
        match &self.engine().valkey {
            Some(valkey) => Some(valkey.check().await),
            None => None,
        }
    }

    /// The handle for apps.
    #[must_use]
    pub const fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The signing keys.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.engine().keyring
    }

    /// The key that signs checkpoints of the audit trail.
    #[must_use]
    pub fn audit_key(&self) -> &AuditKey {
        &self.engine().trail.key
    }

    /// Seals what waits and signs the end of the audit trail, if anything came since the last checkpoint.
    ///
    /// # Errors
    /// The store failed.
    pub async fn checkpoint(&self) -> Result<(), Error> {
        self.engine().every_second().await?;
        self.engine().checkpoint(countersign_trail::Due::Now).await
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.engine().store) as Arc<dyn Store>
    }

    /// Time and chance.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.engine().env
    }

    /// What the system says of itself: for metrics. Asks the database one small question, and goes on without its answer
    /// where that does not come.
    pub async fn readings(&self) -> Readings {
        self.engine().readings(self.auth.readings()).await
    }

    /// Does all that the janitor would do by itself, once. For a system built with
    /// [`Builder::without_janitor`](crate::Builder::without_janitor).
    ///
    /// # Errors
    /// The first thing that failed.
    pub async fn upkeep(&self) -> Result<(), Error> {
        self.engine().pulse().await?;
        self.engine().every_second().await?;
        self.engine().every_minute().await?;
        self.deliver_mail().await
    }

    /// Delivers the mail that is due. The janitor does it twice a second.
    ///
    /// # Errors
    /// The store failed. A mail that is not taken is no error.
    pub async fn deliver_mail(&self) -> Result<(), Error> {
        self.house.engine_shared().deliver().await
    }

    /// Takes up what other processes have revoked and changed. The janitor does it several times a second.
    ///
    /// # Errors
    /// The store failed.
    pub async fn pulse(&self) -> Result<(), Error> {
        self.engine().pulse().await
    }

    /// Comes back when the database was moved to a server: this process takes no writes any more, and must end. Never where that
    /// does not happen.
    pub async fn moved(&self) {
        self.engine().moved().await;
    }

    /// Says `not ready` from now on, so that nobody sends new requests here, and ends subscriptions to the revocation feed. What
    /// comes is still served.
    pub fn drain(&self) {
        self.house.drain();
    }

    /// Stops the janitor, seals the end of the audit trail and closes the database. No call may follow.
    pub async fn shut_down(&self) {
        self.house.shut_down().await;
    }
}
