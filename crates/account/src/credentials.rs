//! What follows from a change of somebody's credentials.

use countersign_kernel::UserId;
use countersign_store::Tx;

use crate::accounts::Accounts;
use crate::error::Error;

impl Accounts {
    /// Voids what was built on a person's credentials as they were: sign-ins that wait, devices that are remembered, links that
    /// were mailed. Whatever
    /// changes a password, an address, a status or a factor calls this in its transaction, with the person locked.
    pub(crate) async fn credentials_changed(&self, tx: &mut dyn Tx, person: UserId) -> Result<(), Error> {
        tx.void_pending_sign_ins(person).await?;
        tx.forget_devices(person).await?;
        tx.void_links(person).await?;
        Ok(())
    }
}
