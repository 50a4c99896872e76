//! Rotates on demand: the next key signs from now on.

use std::convert::Infallible;

use countersign_audit::Actor;
use countersign_kernel::{Lifetime, Origin, Timestamp};

use crate::change::{By, Changed, Step};
use crate::error::Error;
use crate::key::{RingKey, Standing};
use crate::ring::Keyring;
use crate::succession;

/// What became of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotated {
    /// Another key signs now; the one before is retired and verifies until its last token has died.
    Done {
        /// The key that signs now.
        active: Box<RingKey>,
        /// How long it has been published. Verifiers that keep a JWKS for longer do not know it yet.
        published_for: Lifetime,
    },
    /// Somebody else rotated at the same moment; nothing was done twice.
    Beaten {
        /// The key that signs now.
        active: Box<RingKey>,
    },
}

impl Keyring {
    /// Activates the published next key, retires the active one and makes a new next one.
    ///
    /// Nobody is signed out and no request fails: other nodes have known the next key since it was made.
    ///
    /// # Errors
    /// [`Error`]; nothing has changed then, save with [`Error::Unread`].
    pub async fn rotate(&self, actor: Actor, origin: &Origin) -> Result<Rotated, Error> {
        self.reload().await?;
        let seen = succession::active(&self.ring().keys).map(|key| key.id);
        let changes = self.changes();
        let draft = changes.draft().await?;
        let plan = |keys: &[RingKey], _: Timestamp| {
            if succession::active(keys).map(|key| key.id) != seen {
                return Ok(Vec::new());
            }
            let actives = keys.iter().filter(|key| key.standing == Standing::Active);
            let mut steps: Vec<Step> = actives.map(|key| Step::Retire(key.id)).collect();
            steps.extend(succession::succession(keys, &changes.policy, &draft));
            Ok::<_, Infallible>(steps)
        };
        let changed = self.change(&By::new(actor, origin, "rotated"), plan).await?;
        match changed {
            Changed::Done => self.complete().await,
            Changed::Nothing => self.reload().await?,
            Changed::Beaten => {}
            Changed::Refused(never) => match never {},
        }
        let ring = self.ring();
        let active = Box::new(succession::active(&ring.keys).ok_or(Error::NoActiveKey)?.clone());
        Ok(match changed {
            Changed::Done => {
                let published_for = active.activated_at.unwrap_or(active.created_at).since(active.created_at);
                Rotated::Done { active, published_for }
            }
            Changed::Nothing | Changed::Beaten => Rotated::Beaten { active },
            Changed::Refused(never) => match never {},
        })
    }
}
