//! Deletes an account.
//!
//! Promises: sessions end and are revoked, and account, password, roles and tokens go, in one transaction. The audit trail
//! keeps the id, which names nobody any more, and loses in the same transaction the addresses, the user agents and the hashes
//! of the e-mail address that it had of the person, without harm to its chain. The last active administrator cannot be deleted.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, Secret};
use countersign_limit::Refused;
use countersign_password::Busy;
use countersign_session::Identity;
use countersign_store::{EndReason, PasswordHash, Tx, User};

use crate::accounts::{Accounts, Told, retrying, same_hash};
use crate::email::EmailAddress;
use crate::error::Error;
use crate::recheck::{Recheck, TRIES};
use crate::role::ADMIN;

/// What became of an account's deletion by its owner.
#[derive(Debug)]
pub enum DeleteVerdict {
    /// It is gone.
    Deleted,
    /// Not the password.
    Failed,
    /// The sign-in is too long ago for this.
    StepUpRequired,
    /// There is no other active administrator.
    LastAdmin,
    /// Too many tries.
    Limited(Refused),
    /// Too many passwords wait to be hashed.
    Busy(Busy),
    /// It was gone already.
    Gone,
}

enum Settled {
    Done,
    LastAdmin,
    Gone,
    Moved,
}

impl Accounts {
    /// Deletes the account of whoever asks.
    ///
    /// # Errors
    /// [`Error`] if the store or the hasher fails; nothing has changed then.
    pub async fn delete_account(
        &self,
        identity: &Identity,
        current: &Secret<String>,
        origin: &Origin,
    ) -> Result<Told<DeleteVerdict>, Error> {
        if !self.sessions().is_recent(identity) {
            return Ok((DeleteVerdict::StepUpRequired, Vec::new()));
        }
        for _ in 0..TRIES {
            let (hash, charge) = match self.recheck(identity, current, Event::AccountDeletionFailed, origin).await? {
                Recheck::Proven { hash, charge } => (hash, charge),
                Recheck::Failed(readings) => return Ok((DeleteVerdict::Failed, readings)),
                Recheck::Busy(busy, readings) => return Ok((DeleteVerdict::Busy(busy), readings)),
                Recheck::Limited(refused) => {
                    let readings = refused.readings.clone();
                    return Ok((DeleteVerdict::Limited(refused), readings));
                }
            };
            let settled = retrying(|| self.write_own_deletion(identity, &hash, origin)).await?;
            let readings = charge.give_back(self).await;
            match settled {
                Settled::Done => return Ok((DeleteVerdict::Deleted, readings)),
                Settled::LastAdmin => return Ok((DeleteVerdict::LastAdmin, readings)),
                Settled::Gone => return Ok((DeleteVerdict::Gone, readings)),
                Settled::Moved => {}
            }
        }
        Err(Error::KeptChanging)
    }

    async fn write_own_deletion(
        &self,
        identity: &Identity,
        judged: &PasswordHash,
        origin: &Origin,
    ) -> Result<Settled, Error> {
        let mut tx = self.store().begin().await?;
        let Some(user) = tx.find_user(identity.user).await? else { return Ok(Settled::Gone) };
        if !same_hash(tx.find_password(user.id).await?.as_ref(), Some(judged)) {
            return Ok(Settled::Moved);
        }
        let actor = Actor::User(user.id);
        if is_last_admin(tx.as_mut(), &user).await? {
            let record = self.record(tx.as_ref(), Event::AccountDeletionFailed, actor, origin);
            tx.audit(record.of(user.id).in_session(identity.session).refused("last_admin"));
            tx.commit().await?;
            return Ok(Settled::LastAdmin);
        }
        self.erase_in(tx.as_mut(), &user, actor, EndReason::SignedOut, origin).await?;
        tx.commit().await?;
        Ok(Settled::Done)
    }

    /// Ends everything of a person and deletes it.
    pub(crate) async fn erase_in(
        &self,
        tx: &mut dyn Tx,
        user: &User,
        actor: Actor,
        reason: EndReason,
        origin: &Origin,
    ) -> Result<(), Error> {
        // First the revocation, which needs the row; then the row.
        let ended = self.sessions().end_all_in(tx, user.id, None, reason).await?;
        tx.delete_user(user.id).await?;
        let record = self.record(tx, Event::AccountDeleted, actor, origin);
        tx.audit(record.of(user.id).with("sessions_ended", ended.to_string()));
        // Last, so that nothing of this transaction keeps what the others lose.
        let account = self.keys().of(&user.email, EmailAddress::parse(&user.email).ok().as_ref());
        tx.erase_audit_person(user.id, &account.to_text()).await?;
        Ok(())
    }
}

/// Whether nobody could administer any more without this person.
pub(crate) async fn is_last_admin(tx: &mut dyn Tx, user: &User) -> Result<bool, Error> {
    let is_admin = user.is_active() && user.roles.iter().any(|role| role == ADMIN);
    Ok(is_admin && !tx.has_other_active_with_role(ADMIN, Some(user.id)).await?)
}
