//! The round that keeps a node up to date: follows the revocation log and the keys, forgets what is over, sweeps.
//!
//! Promises: cheap when nothing has changed (one small read); what another node revoked is known after the next round; a log
//! that was rolled back (a restored backup, a failover) is merged, and revocations that it lacks are written again: nothing
//! live is forgotten. Follows DESIGN section 2.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use countersign_kernel::{Lifetime, Timestamp};
use countersign_store::{Effect, EndReason, Ended, NewRevocation, Revocation, RevocationHead, Target};

use crate::error::Error;
use crate::revocations::Live;
use crate::sessions::Sessions;

impl Sessions {
    /// Does one round. Called several times a second; where a round is still under way, another does nothing.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Keys`]; the next round tries again.
    pub async fn tick(&self) -> Result<(), Error> {
        let Ok(mut rounds) = self.0.rounds.try_lock() else { return Ok(()) };
        let asked_at = self.now();
        let (head, keys) = self.0.store.heads().await?;
        // Keys first: once a withdrawn key's tokens are refused, nothing is signed with it. Whatever becomes of that, what was revoked counts.
        let followed = self.follow_keys(keys).await;
        self.follow_revocations(head).await?;
        // As of the question: what was revoked up to then is known, and no later.
        self.0.heard_at.fetch_max(asked_at.as_micros(), Ordering::Relaxed);
        followed?;
        let now = self.now();
        if rounds.expire.is_due(now) {
            self.0.live.expire(now);
            rounds.expire.done(now);
        }
        if rounds.forget.is_due(now) {
            self.forget_expired(now);
            rounds.forget.done(now);
        }
        if rounds.note.is_due(now) {
            self.note_access_lifetime().await?;
            rounds.note.done(now);
        }
        // A full batch means that there is more: go on at the next round, so that no batch is long.
        if rounds.sweep.is_due(now) && !self.sweep(now).await? {
            rounds.sweep.done(now);
        }
        Ok(())
    }

    /// Reads the whole log into the live set.
    pub(crate) async fn load_revocations(&self) -> Result<(), Error> {
        let (head, _) = self.merge_log().await?;
        self.0.live.read_up_to(head);
        Ok(())
    }

    /// Notes how long access tokens live, so that every node keeps revocations long enough.
    pub(crate) async fn note_access_lifetime(&self) -> Result<(), Error> {
        let seconds = u32::try_from(self.0.policy.access.as_seconds_ceil()).unwrap_or(u32::MAX);
        let mut tx = self.0.store.begin().await?;
        let now = tx.now();
        tx.note_access_lifetime(seconds, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes up what the log has gained, where its head is `head`.
    async fn follow_revocations(&self, head: RevocationHead) -> Result<(), Error> {
        let known = self.0.live.head();
        if head != known && !(head.seq > known.seq && self.continue_from(known).await?) {
            self.recover_log().await?;
        }
        Ok(())
    }

    /// Reads on from `known`; `false` where the log does not show that it is the one we know: it was rolled back and has
    /// grown past us since, or its records up to there have been swept.
    async fn continue_from(&self, known: RevocationHead) -> Result<bool, Error> {
        let mut tx = self.0.store.snapshot().await?;
        let mut after = known.seq.saturating_sub(1);
        let mut is_proven = known.seq == 0;
        loop {
            let page = tx.list_revocations(after, PAGE).await?;
            for Revocation { seq, hash, record } in &page {
                is_proven |= (*seq, *hash) == (known.seq, known.hash);
                if !is_proven {
                    return Ok(false);
                }
                self.0.live.add(record);
                self.0.live.read_up_to(RevocationHead { seq: *seq, hash: *hash });
                after = *seq;
            }
            if page.len() < PAGE as usize {
                return Ok(is_proven);
            }
        }
    }

    /// The log is not the one we know: merges it, and writes again what it lacks.
    async fn recover_log(&self) -> Result<(), Error> {
        // Read before the log: all of this was committed once, so what the log lacks was rolled back.
        let live = self.0.live.live(self.now());
        let (head, logged) = self.merge_log().await?;
        // The set keeps whole seconds, rounded up.
        let is_logged = |live: &Live| {
            let logged = logged.get(&(live.target, live.effect));
            logged.is_some_and(|until| *until + Lifetime::from_seconds(1) >= live.until)
        };
        let missing: Vec<_> = live.into_iter().filter(|live| !is_logged(live)).collect();
        for batch in missing.chunks(PAGE as usize) {
            let mut tx = self.0.store.begin().await?;
            for live in batch {
                tx.revoke(NewRevocation {
                    target: live.target,
                    effect: live.effect,
                    at: tx.now(),
                    until: live.until,
                    reason: "restored".to_owned(),
                });
                // The row may have come back to life with the log: it would outlive the revocation.
                if let (Target::Session(id), Effect::Ended) = (live.target, live.effect) {
                    let ended = Ended { at: tx.now(), reason: EndReason::Restored };
                    tx.end_session(id, ended).await?;
                }
            }
            tx.commit().await?;
        }
        if !missing.is_empty() {
            tracing::warn!(revocations = missing.len(), "the revocation log had lost records: written again");
        }
        // Last: had a write failed, the next round would find the log as strange as this one did.
        self.0.live.read_up_to(head);
        Ok(())
    }

    /// Adds every record of the log; its head, and what it holds until when.
    async fn merge_log(&self) -> Result<(RevocationHead, HashMap<(Target, Effect), Timestamp>), Error> {
        let mut tx = self.0.store.snapshot().await?;
        let head = tx.revocation_head().await?;
        let (mut after, mut logged) = (0, HashMap::new());
        loop {
            let page = tx.list_revocations(after, PAGE).await?;
            for Revocation { seq, record, .. } in &page {
                after = *seq;
                self.0.live.add(record);
                let until = logged.entry((record.target, record.effect)).or_insert(record.until);
                *until = record.until.max(*until);
            }
            if page.len() < PAGE as usize {
                return Ok((head, logged));
            }
        }
    }

    async fn follow_keys(&self, head: u64) -> Result<(), Error> {
        let missed = self.0.key_missed.swap(false, Ordering::Relaxed);
        let was_read = self.0.keyring.follow(head).await?;
        if !missed || was_read {
            return Ok(());
        }
        // Which key was missed does not matter: all are read. Whoever invents names costs one reading a second.
        if self.0.keyring.may_reload() {
            self.0.keyring.reload().await?;
        } else {
            self.0.key_missed.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

const PAGE: u32 = 500;
