//! Makes a new data key, and seals the secrets of authenticator apps anew.

use countersign_audit::{Actor, Event};
use countersign_kernel::Origin;

use crate::accounts::{Accounts, retrying};
use crate::error::Error;

/// How many secrets one transaction seals anew.
const BATCH: u32 = 200;

impl Accounts {
    /// Makes a new data key and seals every secret anew that an older one sealed; the key's number, and how many it were. What
    /// another node seals meanwhile under the old key is sealed anew by its next sweep.
    ///
    /// # Errors
    /// [`Error`] if the store fails. What has been sealed anew stays so, and the next call or sweep goes on.
    pub async fn rotate_data_key(&self, actor: Actor, origin: &Origin) -> Result<(u32, u64), Error> {
        let key = self.data_keys().rotate().await?;
        self.audit_alone(Event::DataKeyMade, actor, origin, |record| record.with("key", key.to_string())).await?;
        let mut resealed = 0;
        loop {
            match retrying(|| self.reseal_totps(BATCH)).await? {
                0 => return Ok((key, resealed)),
                some => resealed += some,
            }
        }
    }
}
