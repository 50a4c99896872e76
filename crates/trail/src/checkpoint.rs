//! Signs checkpoints: where the chain ends at a moment, under a key that is in no database.
//!
//! Promises: checkpoints are numbered without gaps, also when nodes race for the next one; what stands between the last one
//! and the new one is checked first, and damage is written down and logged, once. It is signed nevertheless, or whoever
//! damages one record could keep all later ones from ever being signed. Follows DESIGN section 7.

use countersign_audit::{Actor, Checkpoint, CheckpointKind, Event, Finding, Link, Record, Verifier};
use countersign_kernel::{Env, Lifetime, Origin, RequestId, Timestamp};
use countersign_keys::AuditKey;
use countersign_store::{SignedCheckpoint, Store, Tx};

use crate::check::read_to_the_end;
use crate::error::Error;

/// When a checkpoint is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// As soon as anything was sealed since the last one.
    Now,
    /// When, besides, the last one is this old.
    After(Lifetime),
}

/// Signs the head of the chain if that is due; the checkpoint that was made.
///
/// # Errors
/// [`Error::Store`] or [`Error::Signing`]; nothing has changed then.
pub async fn checkpoint(
    store: &dyn Store,
    key: &AuditKey,
    env: &Env,
    due: Due,
) -> Result<Option<SignedCheckpoint>, Error> {
    let mut snapshot = store.snapshot().await?;
    if Standing::read(snapshot.as_mut()).await?.due(due, store.now()).is_none() {
        return Ok(None);
    }
    drop(snapshot);
    let damage = damage_since_the_last(store, key).await?;

    let mut tx = store.begin().await?;
    let now = tx.now();
    let standing = Standing::read(tx.as_mut()).await?;
    let Some(number) = standing.due(due, now) else { return Ok(None) };
    let at = Timestamp::from_seconds(now.as_seconds());
    let checkpoint = Checkpoint { number, link: standing.head, at };
    let signed = checkpoint.sign(CheckpointKind::Checkpoint, key.signer()).map_err(Error::Signing)?;
    let checkpoint = SignedCheckpoint { checkpoint, signed };
    if !tx.insert_audit_checkpoint(&checkpoint).await? {
        // Another node has signed just now.
        return Ok(None);
    }
    if let Some(finding) = &damage {
        let origin = Origin::local(RequestId::new(env));
        let record = Record::new(Event::AuditDamaged, Actor::System, &origin, now, env);
        tx.audit(record.with("finding", finding.to_string()));
    }
    tx.commit().await?;
    let head = standing.head;
    tracing::info!(audit.checkpoint = number, audit.head = %format!("{}:{}", head.seq, head.hash), "signed the audit trail up to record {}", head.seq);
    if let Some(finding) = &damage {
        tracing::error!(%finding, "the audit trail is not intact: run `countersign audit verify`");
    }
    Ok(Some(checkpoint))
}

/// The newest checkpoint; none before the first.
///
/// # Errors
/// [`Error::Store`].
pub async fn newest_checkpoint(store: &dyn Store) -> Result<Option<SignedCheckpoint>, Error> {
    Ok(store.snapshot().await?.newest_audit_checkpoint().await?)
}

/// What decides about the next checkpoint.
struct Standing {
    head: Link,
    newest: Option<SignedCheckpoint>,
    base: Option<SignedCheckpoint>,
}

impl Standing {
    async fn read(tx: &mut dyn Tx) -> Result<Self, Error> {
        Ok(Self {
            head: tx.audit_head().await?,
            newest: tx.newest_audit_checkpoint().await?,
            base: tx.audit_base().await?,
        })
    }

    /// The number of the next checkpoint, if it is due.
    fn due(&self, due: Due, now: Timestamp) -> Option<u64> {
        let earlier = || self.newest.iter().chain(&self.base).map(|signed| signed.checkpoint);
        let reached = earlier().map(|checkpoint| checkpoint.link.seq).max().unwrap_or(0);
        let is_fresh = |every: Lifetime| self.newest.as_ref().is_some_and(|newest| now < newest.checkpoint.at + every);
        match due {
            _ if self.head.seq <= reached => None,
            Due::After(every) if is_fresh(every) => None,
            Due::Now | Due::After(_) => earlier().map(|c| c.number).max().unwrap_or(0).checked_add(1),
        }
    }
}

/// The first thing that is wrong between the last checkpoint and the end.
async fn damage_since_the_last(store: &dyn Store, key: &AuditKey) -> Result<Option<Finding>, Error> {
    let newest = newest_checkpoint(store).await?;
    let mut verifier = match &newest {
        None => return Ok(None),
        Some(newest) => match Checkpoint::verify(&newest.signed, CheckpointKind::Checkpoint, &key.verifying_key()) {
            Ok(checkpoint) => Verifier::after(checkpoint.link),
            Err(error) => {
                let what = format!("checkpoint {}", newest.checkpoint.number);
                return Ok(Some(Finding::Forged { what, error }));
            }
        },
    };
    read_to_the_end(store, &mut verifier).await?;
    Ok(verifier.finish().findings.into_iter().next())
}
