//! Finds the secret of another system that a stored hash needs.

use countersign_kernel::Secret;
use countersign_password::LegacyHash;
use countersign_store::{PasswordHash, Tx};

use crate::accounts::Accounts;
use crate::error::Error;

impl Accounts {
    /// The secret that this hash needs; none where it needs none, or names one that is not there.
    pub(crate) async fn import_secret_in(
        &self,
        tx: &mut dyn Tx,
        hash: &PasswordHash,
    ) -> Result<Option<Secret<Vec<u8>>>, Error> {
        let Ok(hash) = LegacyHash::parse(hash.0.expose()) else { return Ok(None) };
        let Some(name) = hash.secret_name() else { return Ok(None) };
        let Some(kept) = tx.find_import_secret(name).await? else { return Ok(None) };
        self.import_keys().open(name, &kept.sealed).map(Some)
    }

    /// The same by a reading of its own, for a hash that needs one.
    pub(crate) async fn import_secret(&self, hash: &PasswordHash) -> Result<Option<Secret<Vec<u8>>>, Error> {
        if LegacyHash::parse(hash.0.expose()).is_ok_and(|hash| hash.secret_name().is_some()) {
            self.import_secret_in(self.store().snapshot().await?.as_mut(), hash).await
        } else {
            Ok(None)
        }
    }
}
