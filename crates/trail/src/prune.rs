//! Gives up what is too old, so that the rest stays checkable.
//!
//! Promises: what is given up ends at a checkpoint that was made before the moment from which on everything is kept; first a
//! signed base, which says where the chain begins from now on, and a record of it are committed, then records are deleted in
//! small batches; a crash between the two leaves records that the next round deletes, and a check that begins at the base.
//! Nothing behind the base can be deleted. Follows DESIGN section 7.

use countersign_audit::{Actor, Checkpoint, CheckpointKind, Event, Record};
use countersign_kernel::{Env, Lifetime, Origin, RequestId, Timestamp};
use countersign_keys::AuditKey;
use countersign_store::{SignedCheckpoint, Store};

use crate::error::Error;

/// What a round has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// The numbers of the first and the last record that were given up; none where nothing was old enough.
    pub given_up: Option<(u64, u64)>,
    /// How many records were deleted.
    pub deleted: u64,
}

/// Gives up what is older than `keep`, and deletes at most `MOST` records. Call it again and again.
///
/// # Errors
/// [`Error::Store`] or [`Error::Signing`]; [`Error::Forged`] if the checkpoint that would become the base is not ours, and then
/// nothing is given up.
pub async fn prune(store: &dyn Store, key: &AuditKey, env: &Env, keep: Lifetime) -> Result<Pruned, Error> {
    let given_up = move_base(store, key, env, keep).await?;
    let mut deleted: u64 = 0;
    while deleted < MOST && has_leftovers(store).await? {
        let mut tx = store.begin().await?;
        let swept = tx.sweep_audit_records(BATCH).await?;
        tx.commit().await?;
        deleted = deleted.saturating_add(swept);
        if swept == 0 {
            break;
        }
    }
    Ok(Pruned { given_up, deleted })
}

async fn move_base(store: &dyn Store, key: &AuditKey, env: &Env, keep: Lifetime) -> Result<Option<(u64, u64)>, Error> {
    let oldest = store.now() - keep;
    let mut snapshot = store.snapshot().await?;
    let Some(candidate) = snapshot.audit_checkpoint_at(oldest).await? else { return Ok(None) };
    let present = snapshot.audit_base().await?.map_or(0, |base| base.checkpoint.link.seq);
    drop(snapshot);
    let verified = Checkpoint::verify(&candidate.signed, CheckpointKind::Checkpoint, &key.verifying_key());
    let candidate = verified.map_err(|error| Error::Forged { number: candidate.checkpoint.number, error })?;
    if candidate.link.seq <= present || candidate.at > oldest {
        return Ok(None);
    }

    let mut tx = store.begin().await?;
    let now = tx.now();
    let base = Checkpoint { at: Timestamp::from_seconds(now.as_seconds()), ..candidate };
    let signed = base.sign(CheckpointKind::Base, key.signer()).map_err(Error::Signing)?;
    if !tx.move_audit_base(&SignedCheckpoint { checkpoint: base, signed }).await? {
        return Ok(None);
    }
    let (first, last) = (present.saturating_add(1), candidate.link.seq);
    let origin = Origin::local(RequestId::new(env));
    let record = Record::new(Event::AuditPruned, Actor::System, &origin, now, env).because("retention");
    tx.audit(record.with("first", first.to_string()).with("last", last.to_string()));
    tx.commit().await?;
    tracing::info!(audit.first = first, audit.last = last, "gave up audit records {first} to {last} for their age");
    Ok(Some((first, last)))
}

/// Whether records stand before the base: a look that holds up no writer.
async fn has_leftovers(store: &dyn Store) -> Result<bool, Error> {
    let mut tx = store.snapshot().await?;
    let Some(base) = tx.audit_base().await? else { return Ok(false) };
    let first = tx.list_audit_chain(0, 1).await?;
    Ok(first.first().is_some_and(|row| row.place.link.seq <= base.checkpoint.link.seq))
}

/// How many records go in one transaction.
const BATCH: u32 = 500;

/// How many records go in one call.
const MOST: u64 = 20_000;
