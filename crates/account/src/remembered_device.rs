//! Devices that are not asked for a second factor: shown and forgotten by their owner. Remembered they are by the ceremony.

use countersign_audit::{Actor, Event};
use countersign_kernel::{DeviceId, Origin};
use countersign_session::Identity;
use countersign_store::RememberedDevice;

use crate::accounts::{Accounts, retrying};
use crate::error::Error;

impl Accounts {
    /// The person's remembered devices, last used first, at most 200.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list_remembered_devices(&self, identity: &Identity) -> Result<Vec<RememberedDevice>, Error> {
        let mut tx = self.store().snapshot().await?;
        let now = tx.now();
        Ok(tx.list_remembered_devices(identity.user, now).await?)
    }

    /// Forgets one of the person's devices: the next sign-in there asks for a second factor. `false` where it was not remembered,
    /// or is another's. Its sessions go on.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing has changed then.
    pub async fn forget_device(&self, identity: &Identity, device: DeviceId, origin: &Origin) -> Result<bool, Error> {
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            if !tx.forget_device(identity.user, device).await? {
                return Ok(false);
            }
            let record = self.record(tx.as_ref(), Event::DeviceForgotten, Actor::User(identity.user), origin);
            let record = record.of(identity.user).in_session(identity.session);
            tx.audit(record.with("remembered", device.to_string()));
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}
