//! Seals a batch: numbers waiting records and chains them.
//!
//! Promises: of any number of racing sealers one seals a record, and once; the chain has no gap and no fork, because the
//! head moves only from where it was read. Sealing takes no part in the transactions of acts and never fails one. Numbers
//! are the order of sealing: a record whose transaction was slow may stand behind a younger one.

use countersign_audit::{Hash, Link};
use countersign_kernel::AuditId;
use countersign_store::Store;

use crate::error::Error;

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// Nothing was waiting.
    Nothing,
    /// This many records were sealed, and the chain ends here now. Where it were as many as were asked for, more may wait.
    Batch {
        /// How many.
        count: u32,
        /// The new end of the chain.
        head: Link,
    },
    /// Another sealer was faster; nothing changed here.
    Beaten,
}

/// Seals at most `limit` waiting records, the oldest first.
///
/// # Errors
/// [`Error::Store`] if the store fails; nothing has changed then.
pub async fn seal(store: &dyn Store, limit: u32) -> Result<Sealed, Error> {
    // On SQLite a writing transaction holds the only writer: mostly nothing waits, and then it is not taken.
    if store.snapshot().await?.list_unsealed_audit_records(1).await?.is_empty() {
        return Ok(Sealed::Nothing);
    }
    let mut tx = store.begin().await?;
    let (seq, hash) = tx.audit_head().await?;
    let waiting = tx.list_unsealed_audit_records(limit).await?;

    let mut head = Link { seq, hash: Hash(hash) };
    let mut batch: Vec<(AuditId, u64, [u8; 32])> = Vec::with_capacity(waiting.len());
    for record in &waiting {
        head = head.then(record);
        batch.push((record.id, head.seq, head.hash.0));
    }
    if batch.is_empty() || !tx.seal_audit_records(seq, &batch).await? {
        return Ok(Sealed::Beaten);
    }
    tx.commit().await?;
    Ok(Sealed::Batch { count: u32::try_from(batch.len()).unwrap_or(u32::MAX), head })
}
