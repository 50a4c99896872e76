//! Deletes what has expired.

use crate::accounts::{Accounts, retrying};
use crate::error::Error;

/// How many rows one transaction deletes.
const BATCH: u32 = 500;

impl Accounts {
    /// Deletes one small batch of expired one-time tokens; how many it were. Call it now and then.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing has changed then.
    pub async fn sweep(&self) -> Result<u64, Error> {
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let now = tx.now();
            let swept = tx.sweep_one_time_tokens(now, BATCH).await?;
            tx.commit().await?;
            Ok(swept)
        })
        .await
    }
}
