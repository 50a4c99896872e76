//! Checks the chain of a whole database, page by page.

use countersign_audit::{Hash, Link, Report, Verifier};
use countersign_store::{SealedRecord, Store};

use crate::error::Error;

/// How many records are read at a time.
pub(crate) const PAGE: u32 = 500;

/// The most waiting records that are counted. A sealer that lives never leaves so many.
const MOST_WAITING: u32 = 10_000;

/// Checks every sealed record up to the head that the database states, and counts the unsealed tail.
///
/// Memory is bounded, and no transaction is held over the whole. Give [`Verifier::whole`], with [`Verifier::expect`] where a
/// head was noted elsewhere: without one, a tail that was cut off together with the stated head is not seen.
///
/// # Errors
/// [`Error::Store`] if the store fails. What is wrong with the records is no error but in the report.
pub async fn check(store: &dyn Store, mut verifier: Verifier) -> Result<Report, Error> {
    let mut after = verifier.last().seq;
    loop {
        let mut tx = store.snapshot().await?;
        let page = tx.list_sealed_audit_records(after, PAGE).await?;
        for sealed in &page {
            if let Some(link) = link_of(sealed)? {
                verifier.read(link, &sealed.record);
                after = after.max(link.seq);
            }
        }
        if page.is_empty() {
            // The same moment as the empty page: whatever was sealed while we read has been read too.
            let (seq, hash) = tx.audit_head().await?;
            verifier.ends_at(Link { seq, hash: Hash(hash) });
            let waiting = tx.list_unsealed_audit_records(MOST_WAITING).await?;
            waiting.iter().for_each(|record| verifier.read_unsealed(record));
            return Ok(verifier.finish());
        }
    }
}

/// The record's place in the chain; none while it waits.
pub(crate) fn link_of(sealed: &SealedRecord) -> Result<Option<Link>, Error> {
    match (sealed.seq, sealed.hash) {
        (Some(seq), Some(hash)) => Ok(Some(Link { seq, hash: Hash(hash) })),
        (None, None) => Ok(None),
        _ => Err(Error::HalfSealed { id: sealed.record.id }),
    }
}
