//! The ring: the keys of this installation as one process knows them.
//!
//! Promises: asking it never waits and never fails; what is signed verifies on every node, because a key is in the key set long
//! before it signs and until its last token has died; a withdrawn key stays in the key set, so that its tokens can be
//! told to be superseded and nobody is signed out, but is not published and can never sign again.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use countersign_jose::{KeySet, SigningKey};
use countersign_kernel::{KeyId, Lifetime, Timestamp};
use countersign_store::signing_key::SigningKey as Row;
use tokio::sync::Mutex;

use crate::change::{By, Changed, Changes, Step};
use crate::error::Error;
use crate::jwks;
use crate::key::{RingKey, Standing};
use crate::master::MasterKey;
use crate::material;
use crate::succession;

/// The keys of this installation. Cheap to clone: all clones are one ring.
#[derive(Clone)]
pub struct Keyring {
    inner: Arc<Inner>,
}

struct Inner {
    changes: Changes,
    ring: ArcSwap<Ring>,
    loading: Mutex<()>,
    asked_at: AtomicI64,
}

/// What was read at one moment. Never changes: a reload puts another in its place.
pub(crate) struct Ring {
    pub(crate) keys: Vec<RingKey>,
    signer: Arc<SigningKey>,
    key_set: Arc<KeySet>,
    jwks: Arc<str>,
    /// The store's number of key changes, read before the keys.
    head: u64,
}

impl Keyring {
    pub(crate) fn of(changes: Changes, ring: Ring) -> Self {
        let ring = ArcSwap::from_pointee(ring);
        let (loading, asked_at) = (Mutex::new(()), AtomicI64::new(i64::MIN));
        Self { inner: Arc::new(Inner { changes, ring, loading, asked_at }) }
    }

    /// The key that signs.
    #[must_use]
    pub fn signer(&self) -> Arc<SigningKey> {
        Arc::clone(&self.inner.ring.load().signer)
    }

    /// The keys that tokens are verified with. The tokens of a withdrawn key verify, and are refused as superseded by
    /// its revocation ([`Keyring::standing`] says so too).
    #[must_use]
    pub fn key_set(&self) -> Arc<KeySet> {
        Arc::clone(&self.inner.ring.load().key_set)
    }

    /// The JWKS to publish.
    #[must_use]
    pub fn jwks_json(&self) -> Arc<str> {
        Arc::clone(&self.inner.ring.load().jwks)
    }

    /// The id under which a revocation names the key `kid`, and where the key is in its life.
    #[must_use]
    pub fn standing(&self, kid: &str) -> Option<(KeyId, Standing)> {
        self.inner.ring.load().keys.iter().find(|key| key.kid == kid).map(|key| (key.id, key.standing))
    }

    /// All keys as this process knows them, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<RingKey> {
        self.inner.ring.load().keys.clone()
    }

    /// Reads the ring anew.
    ///
    /// # Errors
    /// [`Error`]; the ring stays as it was then.
    pub async fn reload(&self) -> Result<(), Error> {
        // One at a time, or an older reading could be put in the place of a newer one.
        let _one = self.inner.loading.lock().await;
        let before = self.inner.ring.load_full();
        let ring = Ring::load(&self.inner.changes, Some(&before)).await?;
        self.inner.ring.store(Arc::new(ring.ok_or(Error::NoActiveKey)?));
        Ok(())
    }

    /// Reads the ring anew if `head`, the store's number of key changes ([`countersign_store::Store::heads`]), is not the one
    /// that it was read at; whether it was read.
    ///
    /// # Errors
    /// As [`Keyring::reload`].
    pub async fn follow(&self, head: u64) -> Result<bool, Error> {
        if self.inner.ring.load().head == head {
            return Ok(false);
        }
        self.reload().await?;
        Ok(true)
    }

    /// Whether a token that names the unknown key `kid` is a reason to call [`Keyring::reload`] now: another node may have
    /// begun to sign with a key that was just imported. Of all callers within a second only one hears yes, so that
    /// invented names cost nothing.
    #[must_use]
    pub fn wants_reload(&self, kid: &str) -> bool {
        self.standing(kid).is_none() && self.may_reload()
    }

    /// Whether it is time to call [`Keyring::reload`] for the sake of some unknown `kid`, for a caller who has remembered that
    /// one was named and not which. As there, of all callers within a second only one hears yes.
    #[must_use]
    pub fn may_reload(&self) -> bool {
        let now = self.inner.changes.store.now();
        let last = self.inner.asked_at.load(Ordering::Relaxed);
        let is_cool = last == i64::MIN || now.since(Timestamp::from_micros(last)) >= COOL_DOWN;
        let mine = || {
            let exchanged =
                self.inner.asked_at.compare_exchange(last, now.as_micros(), Ordering::Relaxed, Ordering::Relaxed);
            exchanged.is_ok()
        };
        is_cool && mine()
    }

    /// As [`Changes::make`], and the ring is read anew where anything changed.
    pub(crate) async fn change<V>(
        &self,
        by: &By,
        plan: impl Fn(&[RingKey], Timestamp) -> Result<Vec<Step>, V>,
    ) -> Result<Changed<V>, Error> {
        let changed = self.changes().make(by, plan).await?;
        match changed {
            Changed::Done => self.reload().await.map_err(|error| Error::Unread(Box::new(error)))?,
            Changed::Beaten => self.reload().await?,
            Changed::Nothing | Changed::Refused(_) => {}
        }
        Ok(changed)
    }

    pub(crate) fn ring(&self) -> Arc<Ring> {
        self.inner.ring.load_full()
    }

    pub(crate) fn changes(&self) -> &Changes {
        &self.inner.changes
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ring = self.ring();
        let keys = ring.keys.iter().map(|key| (key.kid.as_str(), key.standing.as_str()));
        f.debug_map().entries(keys).finish()
    }
}

impl Ring {
    /// Reads the keys; none where none of them signs. Keys of `before` that did not change are not parsed again.
    pub(crate) async fn load(from: &Changes, before: Option<&Self>) -> Result<Option<Self>, Error> {
        // The number first: a change in between then shows as a difference, and is read again.
        let (_, head) = from.store.heads().await?;
        let rows = from.store.snapshot().await?.list_signing_keys().await?;
        Self::build(&rows, head, &from.master, before)
    }

    fn build(rows: &[Row], head: u64, master: &MasterKey, before: Option<&Self>) -> Result<Option<Self>, Error> {
        let mut keys = Vec::with_capacity(rows.len());
        let mut verifying = Vec::with_capacity(rows.len());
        let mut opened = Vec::with_capacity(rows.len());
        for row in rows {
            // Also where only the public half is needed: what does not open was not put there by us.
            let material = material::open(master, row)?;
            let key = RingKey::of(row, &material);
            verifying.push(match before.and_then(|ring| ring.known(&key)) {
                Some(known) => known,
                None => material::verifying_key(row, &material)?,
            });
            keys.push(key);
            opened.push((row, material));
        }
        let Some(active) = succession::active(&keys).map(|key| key.id) else { return Ok(None) };
        let Some((row, material)) = opened.iter().find(|(row, _)| row.id == active) else { return Ok(None) };

        let signer = match before {
            Some(ring) if ring.signer_id() == Some(active) => Arc::clone(&ring.signer),
            _ => Arc::new(material::signing_key(row, material)?),
        };
        let key_set =
            KeySet::new(verifying).map_err(|source| Error::Unusable { kid: signer.kid().to_owned(), source })?;
        let jwks = jwks::published(&keys, &key_set).into();
        Ok(Some(Self { keys, signer, key_set: Arc::new(key_set), jwks, head }))
    }

    fn signer_id(&self) -> Option<KeyId> {
        succession::active(&self.keys).map(|key| key.id)
    }

    /// The parsed key, if it is the very same key.
    fn known(&self, key: &RingKey) -> Option<countersign_jose::VerifyingKey> {
        let is_same = |old: &&RingKey| {
            old.id == key.id && old.kid == key.kid && old.algorithm == key.algorithm && old.public_jwk == key.public_jwk
        };
        self.keys.iter().find(is_same).and_then(|old| self.key_set.find(&old.kid)).cloned()
    }
}

/// How long an unknown `kid` is no reason to read the ring again.
const COOL_DOWN: Lifetime = Lifetime::from_seconds(1);
