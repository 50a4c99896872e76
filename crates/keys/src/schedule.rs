//! What is due: keys age, and the ring moves on by itself.
//!
//! Promises: the decision is a pure function of the keys, the policy and the moment; a key signs by schedule only after it has been
//! published for `publish_before`; there is always a next key; a tick with nothing due reads nothing.

use std::convert::Infallible;

use countersign_kernel::{KeyId, Lifetime, Timestamp};
use countersign_store::signing_key::KeyState;

use crate::change::{By, Changed, Step};
use crate::error::Error;
use crate::key::{RingKey, Standing};
use crate::material::Draft;
use crate::policy::KeyPolicy;
use crate::ring::Keyring;
use crate::succession::{active, has_next, next};

/// What a tick did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticked {
    /// Nothing was due.
    Nothing,
    /// The ring moved on.
    Moved,
    /// Something was due, and another node did it first.
    Beaten,
}

impl Keyring {
    /// Does what is due: lets the next key sign when the active one is old enough, makes a new next one, removes keys
    /// whose last token has died. To be called about once a minute on every node; of racing nodes one does it.
    ///
    /// # Errors
    /// [`Error`]; the next tick tries again.
    pub async fn tick(&self) -> Result<Ticked, Error> {
        let changes = self.changes();
        let due = Due::of(&self.ring().keys, &changes.policy, changes.store.now());
        if due.is_nothing() {
            return Ok(Ticked::Nothing);
        }
        let draft = if due.needs_next { Some(changes.draft().await?) } else { None };
        let plan = |keys: &[RingKey], now: Timestamp| {
            Ok::<_, Infallible>(Due::of(keys, &changes.policy, now).steps(draft.as_ref()))
        };
        match self.change(&By::system(&changes.env, "schedule"), plan).await? {
            Changed::Done => Ok(Ticked::Moved),
            Changed::Beaten => Ok(Ticked::Beaten),
            Changed::Refused(never) => match never {},
            Changed::Nothing => {
                // Another node has done it and this one had not heard of it.
                self.reload().await?;
                Ok(Ticked::Beaten)
            }
        }
    }
}

impl Keyring {
    /// How long until the schedule lets the next key sign; zero where that is due. None where there is no key that could follow.
    #[must_use]
    pub fn activates_in(&self) -> Option<Lifetime> {
        let (ring, changes) = (self.ring(), self.changes());
        let due = activates_at(active(&ring.keys)?, next(&ring.keys, &changes.policy)?, &changes.policy);
        Some(due.since(changes.store.now()))
    }

    /// Does what a change on demand left due. That change stands whatever becomes of this: the next tick tries again.
    pub(crate) async fn complete(&self) {
        if let Err(error) = self.tick().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not complete the ring of keys yet");
        }
    }
}

/// What is due at a moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Due {
    /// Keys that must stop signing.
    retire: Vec<KeyId>,
    /// The key that must begin.
    activate: Option<KeyId>,
    /// Whether a next key of the configured algorithm is missing after that.
    needs_next: bool,
    /// Keys that must go.
    remove: Vec<KeyId>,
}

impl Due {
    pub(crate) fn of(keys: &[RingKey], policy: &KeyPolicy, now: Timestamp) -> Self {
        let mut due = Self::default();
        let signing = active(keys);
        // Two nodes of different settings that started at one moment can leave two active keys. One signs, and it is the
        // same on all nodes; the others retire.
        due.retire = keys
            .iter()
            .filter(|key| key.standing == Standing::Active && Some(key.id) != signing.map(|s| s.id))
            .map(|key| key.id)
            .collect();
        if let (Some(old), Some(new)) = (signing, next(keys, policy))
            && activates_at(old, new, policy) <= now
        {
            due.retire.push(old.id);
            due.activate = Some(new.id);
        }
        due.needs_next = !has_next(keys, policy, keys.iter().find(|key| Some(key.id) == due.activate));
        due.remove = keys.iter().filter(|key| is_spent(key, policy, now)).map(|key| key.id).collect();
        due
    }

    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn steps(self, next: Option<&Draft>) -> Vec<Step> {
        let mut steps: Vec<Step> = self.remove.into_iter().map(Step::Remove).collect();
        steps.extend(self.retire.into_iter().map(Step::Retire));
        steps.extend(self.activate.map(Step::Activate));
        if self.needs_next
            && let Some(draft) = next
        {
            steps.push(Step::Insert(draft.row(KeyState::Next)));
        }
        steps
    }
}

/// When the one that signs is old enough, and the one that follows has been published for long enough.
fn activates_at(old: &RingKey, new: &RingKey, policy: &KeyPolicy) -> Timestamp {
    let is_old = old.activated_at.unwrap_or(old.created_at) + policy.rotate_after;
    is_old.max(new.created_at + policy.publish_before)
}

/// Whether a key is of no more use: its last token has died, or it waits to sign for an algorithm that is configured no longer.
fn is_spent(key: &RingKey, policy: &KeyPolicy, now: Timestamp) -> bool {
    match key.standing {
        Standing::Retired | Standing::Withdrawn => key.gone_after.is_some_and(|gone_after| gone_after <= now),
        Standing::Next => {
            !key.is_imported() && key.algorithm != policy.algorithm.name() && key.created_at + STRAY_AFTER <= now
        }
        Standing::Active => false,
    }
}

/// While nodes of an old and a new setting run side by side, each keeps a next key of its own algorithm. A day bounds how often
/// they can undo each other's.
const STRAY_AFTER: Lifetime = Lifetime::from_days(1);

#[cfg(test)]
mod tests;
