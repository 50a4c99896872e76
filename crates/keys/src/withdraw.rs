//! Withdraws a key at once: its private half may be in wrong hands.
//!
//! Promises: from the commit on nothing signed with the key is accepted on any node, and it is published no more; its private half is
//! destroyed in this database; honest sessions live on, because its tokens answer that they are superseded and their
//! clients refresh (DESIGN section 2); there is a key that signs at every moment.

use countersign_audit::Actor;
use countersign_kernel::{Origin, Timestamp};
use countersign_store::signing_key::KeyState;

use crate::change::{By, Changed, Step};
use crate::error::Error;
use crate::key::{RingKey, Standing};
use crate::ring::Keyring;
use crate::succession;

/// What became of a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawn {
    /// The key is withdrawn.
    Done {
        /// The key that signs now.
        active: Box<RingKey>,
    },
    /// There is no key of that name.
    Unknown,
    /// It was withdrawn before.
    Already,
    /// Somebody else changed the key at the same moment; nothing was done. Look and try again.
    Beaten,
}

/// Why a plan refused.
enum Refusal {
    Unknown,
    Already,
}

impl Keyring {
    /// Withdraws the key called `kid`, whatever it is doing. If it signs, the next key signs from now on. `note` is the
    /// operator's own words, for the record.
    ///
    /// # Errors
    /// [`Error`]; nothing has changed then, save with [`Error::Unread`].
    pub async fn withdraw(
        &self,
        kid: &str,
        note: Option<&str>,
        actor: Actor,
        origin: &Origin,
    ) -> Result<Withdrawn, Error> {
        let changes = self.changes();
        let draft = changes.draft().await?;
        let plan = |keys: &[RingKey], _: Timestamp| {
            let key = keys.iter().find(|key| key.kid == kid).ok_or(Refusal::Unknown)?;
            if key.standing == Standing::Withdrawn {
                return Err(Refusal::Already);
            }
            let mut steps = vec![Step::Withdraw(key.id)];
            let others: Vec<RingKey> = keys.iter().filter(|other| other.id != key.id).cloned().collect();
            if succession::active(&others).is_none() {
                steps.extend(succession::succession(&others, &changes.policy, &draft));
            } else if !succession::has_next(&others, &changes.policy, None) {
                steps.push(Step::Insert(draft.row(KeyState::Next)));
            }
            Ok(steps)
        };
        Ok(match self.change(&By::new(actor, origin, "withdrawn").saying(note), plan).await? {
            Changed::Done => {
                self.complete().await;
                let ring = self.ring();
                Withdrawn::Done { active: Box::new(succession::active(&ring.keys).ok_or(Error::NoActiveKey)?.clone()) }
            }
            Changed::Refused(Refusal::Unknown) => Withdrawn::Unknown,
            Changed::Refused(Refusal::Already) => Withdrawn::Already,
            Changed::Nothing | Changed::Beaten => Withdrawn::Beaten,
        })
    }
}
