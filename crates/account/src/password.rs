//! Changes a password.
//!
//! Promises: the current one is asked for, and the new hash replaces exactly the one that was judged, so that of racing changes
//! one wins; every other session of the person ends in the same transaction, this session's access tokens are superseded, and links that
//! were mailed before are void.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, Secret};
use countersign_limit::Refused;
use countersign_password::{Busy, HashError, Password};
use countersign_session::Identity;
use countersign_store::{EndReason, PasswordHash, User};

use crate::accounts::{Accounts, Told, retrying};
use crate::error::Error;
use crate::field::FieldError;
use crate::recheck::{Recheck, TRIES};

/// What became of a password change.
#[derive(Debug)]
pub enum ChangePasswordVerdict {
    /// Changed; so many other sessions have ended.
    Changed(u64),
    /// Not the current password.
    Failed,
    /// The new one is unacceptable.
    Invalid(Vec<FieldError>),
    /// The sign-in is too long ago for this.
    StepUpRequired,
    /// Too many tries.
    Limited(Refused),
    /// Too many passwords wait to be hashed.
    Busy(Busy),
    /// The account is gone.
    Gone,
}

enum Settled {
    Done(u64),
    Gone,
    Moved,
}

/// How requests spell the new password's field.
const FIELD: &str = "newPassword";

impl Accounts {
    /// Replaces the password.
    ///
    /// # Errors
    /// [`Error`] if the store or the hasher fails; nothing has changed then.
    pub async fn change_password(
        &self,
        identity: &Identity,
        current: &Secret<String>,
        new: &Secret<String>,
        origin: &Origin,
    ) -> Result<Told<ChangePasswordVerdict>, Error> {
        if !self.sessions().is_recent(identity) {
            return Ok((ChangePasswordVerdict::StepUpRequired, Vec::new()));
        }
        let Some(user) = self.profile(identity.user).await? else {
            return Ok((ChangePasswordVerdict::Gone, Vec::new()));
        };
        let new = match self.acceptable(new, &user) {
            Ok(new) => new,
            Err(errors) => {
                self.audit_alone(Event::PasswordChangeFailed, Actor::User(user.id), origin, |record| {
                    record.of(user.id).in_session(identity.session).refused("policy")
                })
                .await?;
                return Ok((ChangePasswordVerdict::Invalid(errors), Vec::new()));
            }
        };
        for _ in 0..TRIES {
            let (hash, charge) = match self.recheck(identity, current, Event::PasswordChangeFailed, origin).await? {
                Recheck::Proven { hash, charge } => (hash, charge),
                Recheck::Failed(readings) => return Ok((ChangePasswordVerdict::Failed, readings)),
                Recheck::Busy(busy, readings) => return Ok((ChangePasswordVerdict::Busy(busy), readings)),
                Recheck::Limited(refused) => {
                    let readings = refused.readings.clone();
                    return Ok((ChangePasswordVerdict::Limited(refused), readings));
                }
            };
            let replacement = match self.hasher().hash(&new).await {
                Ok(replacement) => PasswordHash(replacement),
                Err(HashError::Busy(busy)) => {
                    return Ok((ChangePasswordVerdict::Busy(busy), charge.give_back(self).await));
                }
                Err(HashError::Fault(error)) => return Err(error.into()),
            };
            let settled = retrying(|| self.write_password(identity, &hash, &replacement, origin)).await?;
            let readings = charge.give_back(self).await;
            match settled {
                Settled::Done(ended) => return Ok((ChangePasswordVerdict::Changed(ended), readings)),
                Settled::Gone => return Ok((ChangePasswordVerdict::Gone, readings)),
                Settled::Moved => {}
            }
        }
        Err(Error::KeptChanging)
    }

    /// Judges a new password of this person.
    fn acceptable(&self, new: &Secret<String>, user: &User) -> Result<Password, Vec<FieldError>> {
        let Ok(new) = Password::received(new.expose()) else {
            return Err(vec![FieldError::password_too_long(FIELD)]);
        };
        match self.password_policy().check(&new, &self.context(&user.email, &user.name)) {
            Ok(_) => Ok(new),
            Err(violations) => Err(FieldError::password(FIELD, violations)),
        }
    }

    async fn write_password(
        &self,
        identity: &Identity,
        judged: &PasswordHash,
        replacement: &PasswordHash,
        origin: &Origin,
    ) -> Result<Settled, Error> {
        let mut tx = self.store().begin().await?;
        let now = tx.now();
        let Some(user) = tx.lock_user(identity.user).await?.filter(User::is_active) else { return Ok(Settled::Gone) };
        if !tx.replace_password(user.id, judged, replacement, now).await? {
            return Ok(Settled::Moved);
        }
        self.credentials_changed(tx.as_mut(), user.id).await?;
        let keep = Some(identity.session);
        let ended = self.sessions().end_all_in(tx.as_mut(), user.id, keep, EndReason::PasswordChanged).await?;
        let record = self.record(tx.as_ref(), Event::PasswordChanged, Actor::User(user.id), origin);
        tx.audit(record.of(user.id).in_session(identity.session).with("sessions_ended", ended.to_string()));
        tx.commit().await?;
        Ok(Settled::Done(ended))
    }
}
