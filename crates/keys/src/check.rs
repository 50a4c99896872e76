//! Opens everything sealed in a database and changes nothing: for backups, restores and `doctor`.

use std::sync::Arc;

use countersign_kernel::Env;
use countersign_store::Store;

use crate::change::Changes;
use crate::error::Error;
use crate::key::RingKey;
use crate::master::MasterKey;
use crate::policy::KeyPolicy;
use crate::ring::{Keyring, Ring};
use crate::root::Roots;

impl Keyring {
    /// Opens every root and every signing key of `store` with `master`; the keys.
    ///
    /// # Errors
    /// [`Error::WrongMasterKey`], [`Error::Damaged`] or [`Error::Absent`] where something does not open or is not there;
    /// [`Error::NoActiveKey`]; [`Error::Store`].
    pub async fn check(store: Arc<dyn Store>, master: &MasterKey, env: &Env) -> Result<Vec<RingKey>, Error> {
        Roots::check(store.as_ref(), master).await?;
        let changes = Changes { store, master: master.clone(), env: env.clone(), policy: KeyPolicy::default() };
        Ok(Ring::load(&changes, None).await?.ok_or(Error::NoActiveKey)?.keys)
    }
}
