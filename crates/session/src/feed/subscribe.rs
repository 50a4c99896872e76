//! Opens the feed, and says what it is made of.

use std::sync::Arc;

use countersign_store::{MachineScope, NewRevocation, Revocation, RevocationHead, Target};
use tokio::sync::Notify;

use super::{Entry, Subscription, Told};
use crate::error::Error;
use crate::revocations::Live;
use crate::sessions::Sessions;

/// What became of the wish to subscribe.
#[derive(Debug)]
pub enum SubscribeVerdict {
    /// It is open.
    Open(Box<Subscription>),
    /// The key opens nothing, or not this.
    Refused,
    /// Every place is taken, or the process is stopping.
    Full,
}

impl Sessions {
    /// Opens the revocation feed with a machine's key. `after` is the last place that the subscriber was told, as text: where the
    /// log knows it, the feed goes on behind it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn subscribe(&self, key: &str, after: Option<&str>) -> Result<SubscribeVerdict, Error> {
        let Some(machine) = self.admit_machine(key, MachineScope::Revocations).await? else {
            return Ok(SubscribeVerdict::Refused);
        };
        let after = after.filter(|text| !text.is_empty());
        let place: Option<RevocationHead> = after.and_then(|text| text.parse().ok());
        if place.is_some_and(|place| self.0.feed.is_behind(place)) {
            // Another node was ahead of us. Where the log cannot be read, a snapshot does as well.
            let _ = self.tick().await;
        }
        let Some((cursor, needs_snapshot)) = self.0.feed.join(machine.id, place) else {
            return Ok(SubscribeVerdict::Full);
        };
        tracing::info!(machine.id = %machine.id, "{} reads the revocation feed", machine.id);
        Ok(SubscribeVerdict::Open(Box::new(Subscription::new(self.clone(), cursor, needs_snapshot, after.is_some()))))
    }

    /// Ends every subscription to the feed, and lets nobody subscribe any more: for a process that stops.
    pub fn close_feed(&self) {
        self.0.feed.close();
    }

    /// Is notified when a commit of this process has added to the revocation log and somebody waits for it: a reason to
    /// [`Sessions::tick`] at once.
    #[must_use]
    pub fn hurry(&self) -> Arc<Notify> {
        self.0.feed.hurry()
    }

    /// The JWKS of the keys that heartbeats of the feed are signed with.
    ///
    /// # Errors
    /// [`Error::Keys`] if the library fails.
    pub fn feed_jwks(&self) -> Result<Arc<str>, Error> {
        Ok(self.0.feed.keys().jwks_json(self.now())?)
    }

    /// A record of the log as subscribers are told it. Reads the ring of keys anew where it names a key that we do not know; where
    /// that fails, the key goes by its id, as all do but imported ones: no other revocation may wait for it.
    pub(crate) async fn entry(&self, revocation: &Revocation) -> Entry {
        let Revocation { seq, hash, record } = revocation;
        let NewRevocation { target, effect, until, reason, .. } = record;
        if let Target::Key(key) = target
            && !self.0.keyring.list().iter().any(|known| known.id == *key)
        {
            let _ = self.0.keyring.reload().await;
        }
        let told = Told {
            target: *target,
            kid: self.kid(target),
            effect: *effect,
            until: *until,
            reason: Some(reason.as_str().into()),
        };
        Entry { place: RevocationHead { seq: *seq, hash: *hash }, told }
    }

    /// A live revocation as subscribers are told it.
    pub(super) fn told_live(&self, live: &Live) -> Told {
        Told { target: live.target, kid: self.kid(&live.target), effect: live.effect, until: live.until, reason: None }
    }

    /// What tokens call a key. A key that is gone has signed nothing that lives, and any name is good enough for it.
    fn kid(&self, target: &Target) -> Option<Arc<str>> {
        let Target::Key(key) = target else { return None };
        let keys = self.0.keyring.list();
        let known = keys.iter().find(|known| known.id == *key);
        Some(known.map_or_else(|| key.to_string().into(), |known| known.kid.as_str().into()))
    }
}
