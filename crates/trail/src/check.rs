//! Checks the chain of a whole database, page by page.

use countersign_audit::{Checkpoint, CheckpointKind, Finding, Report, Trust, Verifier};
use countersign_jose::VerifyingKey;
use countersign_store::{Store, Tx};

use crate::error::Error;

/// How many records are read at a time.
pub(crate) const PAGE: u32 = 500;

/// The most waiting records that are counted. A sealer that lives never leaves so many.
const MOST_WAITING: u32 = 10_000;

/// A check of everything that the database keeps: from its signed base, or from the first record, through all its
/// checkpoints and through what is known from elsewhere. Hand it to [`check`].
///
/// # Errors
/// [`Error::Store`] if the store fails.
pub async fn verifier(store: &dyn Store, key: &VerifyingKey, trust: &Trust) -> Result<Verifier, Error> {
    let mut tx = store.snapshot().await?;
    let mut findings = Vec::new();
    let mut verifier = match tx.audit_base().await? {
        None => whole(),
        Some(base) => match Checkpoint::verify(&base.signed, CheckpointKind::Base, key) {
            Ok(base) => Verifier::behind(base),
            Err(error) => {
                findings.push(Finding::Forged { what: "the base".to_owned(), error });
                whole()
            }
        },
    };
    verifier.trusts(key.kid());
    if let Some(pinned) = trust.key.as_ref().filter(|pinned| *pinned != key.kid()) {
        findings.push(Finding::OtherKey { found: pinned.clone() });
    }
    findings.into_iter().for_each(|finding| verifier.note(finding));

    let mut after = 0;
    loop {
        let page = tx.list_audit_checkpoints(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.checkpoint.number;
        for row in &page {
            match Checkpoint::verify(&row.signed, CheckpointKind::Checkpoint, key) {
                Ok(checkpoint) => verifier.checkpoint(checkpoint),
                Err(error) => verifier.forged(format!("checkpoint {}", row.checkpoint.number), error),
            }
        }
    }
    for kept in &trust.checkpoints {
        match Checkpoint::verify(kept, CheckpointKind::Checkpoint, key) {
            Ok(checkpoint) => verifier.know_of(checkpoint),
            Err(error) => verifier.forged("the checkpoint given", error),
        }
    }
    Ok(trust.expected.iter().fold(verifier, |verifier, known| verifier.expect(*known)))
}

fn whole() -> Verifier {
    let mut verifier = Verifier::whole();
    verifier.checkpoints_begin_at(1);
    verifier
}

/// Checks every sealed record up to the head that the database states, and counts the unsealed tail.
///
/// Memory is bounded, and no transaction is held over the whole.
///
/// # Errors
/// [`Error::Store`] if the store fails. What is wrong with the records is no error but in the report.
pub async fn check(store: &dyn Store, mut verifier: Verifier) -> Result<Report, Error> {
    let mut tx = read_to_the_end(store, &mut verifier).await?;
    let waiting = tx.list_unsealed_audit_records(MOST_WAITING).await?;
    waiting.iter().for_each(|record| verifier.read_unsealed(record));
    Ok(verifier.finish())
}

/// Hands the verifier every sealed record after the last that it has read, and the head; the snapshot in which that was the end.
pub(crate) async fn read_to_the_end(store: &dyn Store, verifier: &mut Verifier) -> Result<Box<dyn Tx>, Error> {
    let mut after = verifier.last().seq;
    loop {
        let mut tx = store.snapshot().await?;
        let page = tx.list_audit_chain(after, PAGE).await?;
        for row in &page {
            match &row.record {
                Ok(record) => verifier.read(row.place, record),
                Err(column) => verifier.read_spoilt(row.place, column),
            }
            after = after.max(row.place.link.seq);
        }
        if page.is_empty() {
            // The same moment as the empty page: whatever was sealed while we read has been read too.
            verifier.ends_at(tx.audit_head().await?);
            return Ok(tx);
        }
    }
}
