//! Changes the ring: every move of a key goes through here, in one transaction with its audit records.

use std::sync::Arc;

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{Env, KeyId, Origin, RequestId, Timestamp};
use countersign_store::signing_key::{KeyState, SigningKey as Row};
use countersign_store::{Effect, NewRevocation, Store, Target, Tx};

use crate::error::Error;
use crate::key::RingKey;
use crate::lifetime::last_token_dies;
use crate::master::MasterKey;
use crate::material::{self, Draft};
use crate::policy::KeyPolicy;

/// On whose behalf.
#[derive(Debug, Clone)]
pub(crate) struct By {
    pub(crate) actor: Actor,
    pub(crate) origin: Origin,
    pub(crate) reason: &'static str,
    /// The operator's own words.
    pub(crate) note: Option<String>,
}

impl By {
    pub(crate) fn new(actor: Actor, origin: &Origin, reason: &'static str) -> Self {
        Self { actor, origin: origin.clone(), reason, note: None }
    }

    /// The same, with the operator's own words.
    pub(crate) fn saying(self, note: Option<&str>) -> Self {
        Self { note: note.map(str::to_owned), ..self }
    }

    /// The system by itself.
    pub(crate) fn system(env: &Env, reason: &'static str) -> Self {
        Self { actor: Actor::System, origin: Origin::local(RequestId::new(env)), reason, note: None }
    }
}

/// One conditional write. The steps of a plan are taken in order.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Adds a key in the state that the row says.
    Insert(Row),
    /// From next to active.
    Activate(KeyId),
    /// From active to retired.
    Retire(KeyId),
    /// Deletes the key: its last token has died, or it never signed.
    Remove(KeyId),
    /// Destroys the private half and revokes what was signed with it.
    Withdraw(KeyId),
}

/// What became of a plan.
#[derive(Debug)]
pub(crate) enum Changed<V> {
    /// Committed.
    Done,
    /// There was nothing to do.
    Nothing,
    /// Another node changed the same keys in between; nothing was changed.
    Beaten,
    /// The plan refused, having seen the keys; nothing was changed.
    Refused(V),
}

/// What it takes to change the ring of an installation.
pub(crate) struct Changes {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) master: MasterKey,
    pub(crate) env: Env,
    pub(crate) policy: KeyPolicy,
}

impl Changes {
    /// Lets `plan` see the keys in a writing transaction, and takes the steps that it names. No key is generated in there:
    /// on SQLite the transaction holds the only writer.
    pub(crate) async fn make<V>(
        &self,
        by: &By,
        plan: impl Fn(&[RingKey], Timestamp) -> Result<Vec<Step>, V>,
    ) -> Result<Changed<V>, Error> {
        for _ in 0..ATTEMPTS {
            match self.attempt(by, &plan).await {
                Err(Error::Store(countersign_store::Error::Conflict(_))) => {}
                other => return other,
            }
        }
        Err(Error::Contended)
    }

    async fn attempt<V>(
        &self,
        by: &By,
        plan: &impl Fn(&[RingKey], Timestamp) -> Result<Vec<Step>, V>,
    ) -> Result<Changed<V>, Error> {
        let mut tx = self.store.begin().await?;
        let rows = tx.list_signing_keys().await?;
        let mut keys = Vec::with_capacity(rows.len());
        for row in &rows {
            keys.push(RingKey::of(row, &material::open(&self.master, row)?));
        }
        let steps = match plan(&keys, tx.now()) {
            Ok(steps) if steps.is_empty() => return Ok(Changed::Nothing),
            Ok(steps) => steps,
            Err(refused) => return Ok(Changed::Refused(refused)),
        };
        for step in steps {
            if !self.take(tx.as_mut(), by, &rows, step).await? {
                return Ok(Changed::Beaten);
            }
        }
        tx.commit().await?;
        tracing::info!(reason = by.reason, "the ring of signing keys has changed");
        Ok(Changed::Done)
    }

    /// A new key of the configured algorithm, in no row yet.
    pub(crate) async fn draft(&self) -> Result<Draft, Error> {
        Draft::make(self.policy.algorithm, &self.master, &self.env).await
    }

    /// Two of them, made side by side.
    pub(crate) async fn two_drafts(&self) -> Result<(Draft, Draft), Error> {
        tokio::try_join!(self.draft(), self.draft())
    }

    /// Takes one step and puts down its audit records; `false` where the key was no longer where the plan saw it.
    async fn take(&self, tx: &mut dyn Tx, by: &By, rows: &[Row], step: Step) -> Result<bool, Error> {
        let now = tx.now();
        let row = |id: KeyId| rows.iter().find(|row| row.id == id);
        match step {
            Step::Insert(mut row) => {
                let is_active = row.state == KeyState::Active;
                row.created_at = now;
                row.activated_at = is_active.then_some(now);
                if !tx.insert_signing_key(&row).await? {
                    return Ok(false);
                }
                let is_imported = row.kid != row.id.to_string();
                let event = if is_imported { Event::SigningKeyImported } else { Event::SigningKeyCreated };
                self.note(tx, by, event, &row);
                if is_active {
                    self.note(tx, by, Event::SigningKeyActivated, &row);
                }
            }
            Step::Activate(id) => {
                let Some(row) = row(id) else { return Ok(false) };
                if !tx.move_signing_key(id, KeyState::Next, KeyState::Active, now, None).await? {
                    return Ok(false);
                }
                self.note(tx, by, Event::SigningKeyActivated, row);
            }
            Step::Retire(id) => {
                let Some(row) = row(id) else { return Ok(false) };
                let gone_after = last_token_dies(tx, now, self.policy.access).await?;
                if !tx.move_signing_key(id, KeyState::Active, KeyState::Retired, now, Some(gone_after)).await? {
                    return Ok(false);
                }
                self.note(tx, by, Event::SigningKeyRetired, row);
            }
            Step::Remove(id) => {
                let Some(row) = row(id) else { return Ok(false) };
                if !tx.delete_signing_key(id).await? {
                    return Ok(false);
                }
                self.note(tx, by, Event::SigningKeyRemoved, row);
            }
            Step::Withdraw(id) => {
                let Some(row) = row(id) else { return Ok(false) };
                return self.take_away(tx, by, row).await;
            }
        }
        Ok(true)
    }

    /// The row is replaced by one without the private key, and everything signed with it is superseded.
    async fn take_away(&self, tx: &mut dyn Tx, by: &By, row: &Row) -> Result<bool, Error> {
        let now = tx.now();
        let until = last_token_dies(tx, now, self.policy.access).await?;
        let mut bare = material::without_private_key(&self.master, &self.env, row)?;
        bare.state = KeyState::Retired;
        bare.retired_at = Some(row.retired_at.unwrap_or(now));
        // A retired key keeps the longer of its terms.
        let until = row.gone_after.map_or(until, |gone_after| gone_after.max(until));
        bare.gone_after = Some(until);
        if !tx.delete_signing_key(row.id).await? || !tx.insert_signing_key(&bare).await? {
            return Ok(false);
        }
        tx.revoke(NewRevocation {
            target: Target::Key(row.id),
            effect: Effect::Superseded,
            at: now,
            until,
            reason: by.reason.to_owned(),
        });
        self.note(tx, by, Event::SigningKeyWithdrawn, row);
        Ok(true)
    }

    fn note(&self, tx: &mut dyn Tx, by: &By, event: Event, row: &Row) {
        let at = tx.now();
        let record = Record::new(event, by.actor, &by.origin, at, &self.env)
            .because(by.reason)
            .with("key", row.id.to_string())
            .with_name("kid", &row.kid)
            .with("algorithm", &row.algorithm);
        tx.audit(match &by.note {
            Some(note) => record.with("note", note),
            None => record,
        });
    }
}

const ATTEMPTS: usize = 5;
