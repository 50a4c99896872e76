//! Deletes what has expired.

use countersign_kernel::Lifetime;

use crate::accounts::{Accounts, retrying};
use crate::error::Error;

/// How many rows one transaction deletes.
const BATCH: u32 = 500;

/// How long a mail that was sent or given up can be seen to have been.
const KEEP_SETTLED: Lifetime = Lifetime::from_days(1);

impl Accounts {
    /// Deletes one small batch each of what has expired: one-time tokens, sign-ins that waited too long, devices that are remembered no
    /// more, mailed links, questions that no authenticator
    /// has answered, and mail that was settled a day ago; how many rows it were. Call it now and then.
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
            swept += tx.sweep_mailed_links(now, BATCH).await?;
            swept += tx.sweep_mail(now - KEEP_SETTLED, BATCH).await?;
            swept += tx.sweep_passkey_challenges(now, BATCH).await?;
            tx.commit().await?;
            Ok(swept)
        })
        .await?;
        // What an older data key sealed, a batch at a time, on whichever node comes first.
        retrying(|| self.reseal_totps(BATCH)).await?;
        Ok(swept)
    }
}
