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
use crate::feed::Reading;
use crate::revocations::Live;
use crate::sessions::Sessions;

impl Sessions {
    /// Does one round. Called several times a second; where a round is still under way, another does nothing.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Keys`]; the next round tries again.
    pub async fn tick(&self) -> Result<(), Error> {
        let Ok(mut rounds) = self.0.rounds.try_lock() else { return Ok(()) };
        let followed = self.follow().await;
        let now = self.now();
        let is_second = rounds.strike.is_due(now);
        if is_second {
            // Also while the database does not answer: a heartbeat then says since when.
            self.0.feed.strike();
            rounds.strike.done(now);
        }
        followed?;
        if is_second {
            self.follow_machines().await?;
        }
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
        if rounds.sweep.is_due(now) {
            self.fit_status_list().await?;
        }
        // A full batch means that there is more: go on at the next round, so that no batch is long.
        if rounds.sweep.is_due(now) && !self.sweep(now).await? {
            rounds.sweep.done(now);
        }
        Ok(())
    }

    /// Takes up what was revoked until now. A round that is under way may have read the log before that: it is waited for.
    ///
    /// # Errors
    /// As [`Sessions::tick`].
    pub(crate) async fn catch_up(&self) -> Result<(), Error> {
        let _rounds = self.0.rounds.lock().await;
        self.follow().await
    }

    /// Reads the whole log into the live set.
    pub(crate) async fn load_revocations(&self) -> Result<(), Error> {
        let (head, _, reading) = self.merge_log().await?;
        self.0.live.read_up_to(head);
        self.0.feed.start_over(reading);
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

    /// Takes up what the log and the ring of keys have gained.
    async fn follow(&self) -> Result<(), Error> {
        let asked_at = self.now();
        let (head, keys) = self.0.store.heads().await?;
        // Keys first: once a withdrawn key's tokens are refused, nothing is signed with it. Whatever becomes of that, what was revoked counts.
        let followed = self.follow_keys(keys).await;
        self.follow_revocations(head).await?;
        // As of the question: what was revoked up to then is known, and no later.
        self.0.heard_at.fetch_max(asked_at.as_micros(), Ordering::Relaxed);
        self.0.feed.heard(asked_at);
        followed
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
            let mut entries = Vec::with_capacity(page.len());
            for revocation in &page {
                let Revocation { seq, hash, record } = revocation;
                is_proven |= (*seq, *hash) == (known.seq, known.hash);
                if !is_proven {
                    return Ok(false);
                }
                self.0.live.add(record);
                entries.push(self.entry(revocation).await);
                after = *seq;
            }
            // Whoever is told has a set that is no smaller than ours.
            if let Some(last) = entries.last() {
                self.0.live.read_up_to(last.place);
                self.0.feed.go_on(entries);
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
        let (head, logged, reading) = self.merge_log().await?;
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
        self.0.feed.start_over(reading);
        Ok(())
    }

    /// Adds every record of the log; its head, what it holds until when, and its end for the feed.
    async fn merge_log(&self) -> Result<(RevocationHead, Logged, Reading), Error> {
        let mut tx = self.0.store.snapshot().await?;
        let head = tx.revocation_head().await?;
        let (mut after, mut logged, mut reading) = (0, HashMap::new(), Reading::of(head));
        loop {
            let page = tx.list_revocations(after, PAGE).await?;
            for revocation in &page {
                let Revocation { seq, record, .. } = revocation;
                after = *seq;
                self.0.live.add(record);
                reading.add(self.entry(revocation).await);
                let until = logged.entry((record.target, record.effect)).or_insert(record.until);
                *until = record.until.max(*until);
            }
            if page.len() < PAGE as usize {
                return Ok((head, logged, reading));
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

/// What a log holds, and until when.
type Logged = HashMap<(Target, Effect), Timestamp>;

const PAGE: u32 = 500;
