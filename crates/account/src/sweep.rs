//! Deletes what has expired.

use crate::accounts::{Accounts, retrying};
use crate::error::Error;

/// How many rows one transaction deletes.
const BATCH: u32 = 500;

impl Accounts {
    /// Deletes one small batch each of expired one-time tokens, sign-ins that waited too long, and devices that are remembered no
    /// more; how many it were. Call it now and then.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing has changed then.
    pub async fn sweep(&self) -> Result<u64, Error> {
        let swept = retrying(|| async {
            let mut tx = self.store().begin().await?;
            let now = tx.now();
            let mut swept = tx.sweep_one_time_tokens(now, BATCH).await?;
            swept += tx.sweep_pending_sign_ins(now, BATCH).await?;
            swept += tx.sweep_remembered_devices(now, BATCH).await?;
            tx.commit().await?;
            Ok(swept)
        })
        .await?;
        // What an older data key sealed, a batch at a time, on whichever node comes first.
        retrying(|| self.reseal_totps(BATCH)).await?;
        Ok(swept)
    }
}
