//! Starts the ring: opens the keys that are there, makes the first ones, follows a changed setting.

use std::convert::Infallible;
use std::sync::Arc;

use countersign_kernel::{Env, Timestamp};
use countersign_store::Store;
use countersign_store::signing_key::KeyState;

use crate::change::{By, Changed, Changes, Step};
use crate::error::Error;
use crate::key::{RingKey, Standing};
use crate::master::MasterKey;
use crate::policy::KeyPolicy;
use crate::ring::{Keyring, Ring};
use crate::succession;

impl Keyring {
    /// Opens the ring. On the first start it makes an active and a next key; of racing first starts one makes them and all use
    /// them. Where the policy's algorithm is not the active key's, a key of that algorithm becomes active and the old one
    /// retires; an imported key, which was activated on purpose, goes on until it is rotated.
    ///
    /// # Errors
    /// [`Error::WrongMasterKey`] or [`Error::Damaged`] if a key does not open: nothing is made or changed then, because new keys
    /// beside ones that cannot be read would sign everyone out; [`Error::Store`]; [`Error::Contended`].
    pub async fn start(store: Arc<dyn Store>, master: MasterKey, env: Env, policy: KeyPolicy) -> Result<Self, Error> {
        let changes = Changes { store, master, env, policy };
        for _ in 0..ATTEMPTS {
            if let Some(ring) = Ring::load(&changes, None).await? {
                let keyring = Self::of(changes, ring);
                keyring.follow_setting().await?;
                return Ok(keyring);
            }
            make_first(&changes).await?;
        }
        Err(Error::Contended)
    }

    /// Makes a key of the configured algorithm active where another one is.
    async fn follow_setting(&self) -> Result<(), Error> {
        let changes = self.changes();
        for _ in 0..ATTEMPTS {
            if !is_to_be_replaced(&self.ring().keys, &changes.policy) {
                return Ok(());
            }
            let (first, second) = changes.two_drafts().await?;
            let plan = |keys: &[RingKey], _: Timestamp| {
                if !is_to_be_replaced(keys, &changes.policy) {
                    return Ok(Vec::new());
                }
                let actives = keys.iter().filter(|key| key.standing == Standing::Active);
                let mut steps: Vec<Step> = actives.map(|key| Step::Retire(key.id)).collect();
                // A next key of that algorithm, which verifiers know already, is better than a new one.
                let waiting = keys.iter().find(|key| is_waiting(key, &changes.policy));
                steps.push(
                    waiting.map_or_else(|| Step::Insert(first.row(KeyState::Active)), |key| Step::Activate(key.id)),
                );
                steps.push(Step::Insert(second.row(KeyState::Next)));
                Ok::<_, Infallible>(steps)
            };
            if let Changed::Nothing = self.change(&By::system(&changes.env, "algorithm_changed"), plan).await? {
                self.reload().await?;
            }
        }
        Err(Error::Contended)
    }
}

/// Makes an active and a next key where nothing signs. To be beaten by another node is as good: the caller reads again.
async fn make_first(changes: &Changes) -> Result<(), Error> {
    let (active, next) = changes.two_drafts().await?;
    let plan = |keys: &[RingKey], _: Timestamp| {
        if succession::active(keys).is_some() {
            return Ok(Vec::new());
        }
        let mut steps = vec![Step::Insert(active.row(KeyState::Active))];
        if !keys.iter().any(|key| is_waiting(key, &changes.policy)) {
            steps.push(Step::Insert(next.row(KeyState::Next)));
        }
        Ok::<_, Infallible>(steps)
    };
    changes.make(&By::system(&changes.env, "first_start"), plan).await.map(|_| ())
}

fn is_to_be_replaced(keys: &[RingKey], policy: &KeyPolicy) -> bool {
    succession::active(keys).is_some_and(|key| key.algorithm != policy.algorithm.name() && !key.is_imported())
}

fn is_waiting(key: &RingKey, policy: &KeyPolicy) -> bool {
    key.standing == Standing::Next && key.algorithm == policy.algorithm.name()
}

const ATTEMPTS: usize = 8;
