//! Sweeps what is over, in small batches, so that the writer is never held for long.

use countersign_kernel::{Lifetime, Timestamp};

use crate::error::Error;
use crate::sessions::Sessions;

impl Sessions {
    /// Deletes one batch of sessions that are long over and of revocations and status indexes that mean no living token; whether there may be
    /// more.
    pub(crate) async fn sweep(&self, now: Timestamp) -> Result<bool, Error> {
        let mut tx = self.0.store.begin().await?;
        let sessions = tx.sweep_sessions(now - KEPT_FOR, BATCH).await?;
        let revocations = tx.sweep_revocations(now, BATCH).await?;
        let indexes = tx.sweep_status_indexes(now, BATCH).await?;
        if sessions + revocations + indexes > 0 {
            tx.commit().await?;
        }
        Ok(sessions.max(revocations).max(indexes) >= u64::from(BATCH))
    }
}

/// A session's row is kept for a day after its absolute deadline: until then its token is told that it expired, afterwards
/// that it is unknown.
const KEPT_FOR: Lifetime = Lifetime::from_days(1);
const BATCH: u32 = 200;
