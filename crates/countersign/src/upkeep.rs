//! What must be done now and then: following other processes, sealing the audit trail, schedules and sweeps.
//!
//! Promises: cheap when there is nothing to do (a few small reads); a duty that fails keeps no other from being done.

use countersign_audit::{Actor, Record};
use countersign_http::Refusal;
use countersign_kernel::{Env, Lifetime, Timestamp};
use countersign_store::Store as _;
use countersign_trail::{Due, Sealed, checkpoint, prune, seal};

use crate::engine::Engine;
use crate::error::Error;
use crate::forwarding;

impl Engine {
    /// Takes up what other processes have revoked and changed, and sweeps sessions and revocations. Several times a second.
    pub(crate) async fn pulse(&self) -> Result<(), Error> {
        if self.store.is_moved()? {
            // Not followed any further: what is revoked is revoked elsewhere, and whoever stays is stale.
            self.note_moved();
            return Err(Error::Moved);
        }
        Ok(self.sessions.tick().await?)
    }

    /// Writes down what was refused before any verb saw it, seals the audit trail, and sees whether writes that failed get through
    /// again. Each second.
    pub(crate) async fn every_second(&self) -> Result<(), Error> {
        // Nobody may ask for a write while we say that we take none: somebody has to see when that is over.
        let tried = if self.store.takes_writes() { Ok(()) } else { self.store.try_write().await };
        let written = self.write_refusals().await;
        let sealed = self.seal().await;
        tried?;
        written.and(sealed)
    }

    /// The clock, the key schedule, expired one-time tokens, the table of addresses, checkpoints and age of the audit trail. Each
    /// minute.
    pub(crate) async fn every_minute(&self) -> Result<(), Error> {
        let measured = self.store.measure_clock().await;
        let moved = self.keyring.tick().await;
        let swept = self.accounts.sweep().await;
        self.prune_journal();
        let located = self.refresh_table().await;
        self.write_forwarded();
        let signed = self.checkpoint(Due::After(self.trail.checkpoint_every)).await;
        let pruned = self.prune().await;
        measured?;
        moved?;
        swept?;
        located?;
        signed?;
        pruned
    }

    /// What no living session can have to do with goes. Account acts stay.
    fn prune_journal(&self) {
        let Some(journal) = &self.custody.journal else { return };
        let keep = self.sessions.policy().absolute.max(LEAST_JOURNAL) + Lifetime::from_days(2);
        if let Err(error) = journal.prune(self.store.now(), keep) {
            tracing::warn!(%error, "could not remove old files of the journal of sign-outs");
        }
    }

    /// Reads the table of addresses again where it has changed, away from whoever waits for an answer.
    async fn refresh_table(&self) -> Result<(), Error> {
        let Some(table) = self.sessions.table().cloned() else { return Ok(()) };
        let refreshed = tokio::task::spawn_blocking(move || table.refresh()).await;
        refreshed.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked))).map_err(Error::Table)
    }

    /// Writes down where forwarding headers came from that were not heeded.
    pub(crate) fn write_forwarded(&self) {
        let (Some(seen), Some(database)) = (self.take_forwarded(), self.store.file()) else { return };
        if let Err(error) = forwarding::add(database, seen) {
            tracing::warn!(%error, "could not write down that a forwarding header was seen");
        }
    }

    async fn seal(&self) -> Result<(), Error> {
        let mut due = None;
        while let Sealed::Batch { count, is_weighty, .. } = seal(self.store.as_ref(), BATCH).await? {
            let usual = Due::After(self.trail.checkpoint_every);
            due = Some(if is_weighty { Due::Now } else { due.unwrap_or(usual) });
            if count < BATCH {
                break;
            }
        }
        match due {
            Some(due) => self.checkpoint(due).await,
            None => Ok(()),
        }
    }

    /// Signs the end of the audit trail, if that is due.
    pub(crate) async fn checkpoint(&self, due: Due) -> Result<(), Error> {
        checkpoint(self.store.as_ref(), &self.trail.key, &self.env, due).await?;
        Ok(())
    }

    /// Gives up audit records that are too old.
    async fn prune(&self) -> Result<(), Error> {
        if let Some(keep) = self.trail.keep {
            prune(self.store.as_ref(), &self.trail.key, &self.env, keep).await?;
        }
        Ok(())
    }

    /// What cannot be written waits for the next second.
    async fn write_refusals(&self) -> Result<(), Error> {
        let refusals = self.take_refusals();
        let written = self.audit_refusals(&refusals).await;
        if written.is_err() {
            refusals.into_iter().for_each(|refusal| self.refused(refusal));
        }
        written
    }

    async fn audit_refusals(&self, refusals: &[Refusal]) -> Result<(), Error> {
        if refusals.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        for refusal in refusals {
            let mut record = record_of(refusal, tx.now(), &self.env);
            if let (None, Some(session)) = (record.subject, record.session) {
                // Whose it is must be on record, or it would be passed over when the person goes.
                record.subject = tx.find_session(session).await?.map(|session| session.user);
            }
            tx.audit(record);
        }
        Ok(tx.commit().await?)
    }
}

fn record_of(refusal: &Refusal, now: Timestamp, env: &Env) -> Record {
    let actor = refusal.user.map_or(Actor::Anonymous, Actor::User);
    let mut record = Record::new(refusal.event, actor, &refusal.origin, now, env)
        .refused(refusal.reason.as_deref().unwrap_or("refused"));
    record.subject = refusal.user;
    record.session = refusal.session;
    record
}

/// A setting that was shortened yesterday does not shorten the sessions of before.
const LEAST_JOURNAL: Lifetime = Lifetime::from_days(30);

/// How many audit records are sealed in one transaction.
const BATCH: u32 = 500;
