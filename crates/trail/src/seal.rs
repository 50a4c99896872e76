//! Seals a batch: numbers waiting records and chains them.
//!
//! Promises: of any number of racing sealers one seals a record, and once; the chain has no gap and no fork, because the
//! head moves only from where it was read. Sealing takes no part in the transactions of acts and never fails one. Numbers
//! are the order of sealing: a record whose transaction was slow may stand behind a younger one. What an act has written
//! about somebody whose deletion overtook it is erased before it is sealed.

use countersign_audit::{Event, Link, Place, Record};
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
        /// Whether something is among them that should be signed at once: keys have changed, or records were given up.
        is_weighty: bool,
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
    tx.erase_audit_of_the_gone().await?;
    let mut head = tx.audit_head().await?;
    let from = head.seq;
    let waiting = tx.list_unsealed_audit_records(limit).await?;

    let mut batch: Vec<(AuditId, Place)> = Vec::with_capacity(waiting.len());
    for record in &waiting {
        let place = Place::behind(head, record);
        batch.push((record.id, place));
        head = place.link;
    }
    if batch.is_empty() || !tx.seal_audit_records(from, &batch).await? {
        return Ok(Sealed::Beaten);
    }
    tx.commit().await?;
    let count = u32::try_from(batch.len()).unwrap_or(u32::MAX);
    Ok(Sealed::Batch { count, head, is_weighty: waiting.iter().any(is_weighty) })
}

const fn is_weighty(record: &Record) -> bool {
    matches!(
        record.event,
        Event::SigningKeyActivated
            | Event::SigningKeyWithdrawn
            | Event::AuditPruned
            | Event::BackupRestored
            | Event::DatabaseMoved
    )
}
