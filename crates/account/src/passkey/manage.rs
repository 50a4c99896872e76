//! Lists, renames and deletes one's passkeys.
//!
//! Promises: anyone else's is as if it were not there; whoever has no password cannot delete the last one; a deletion needs a second
//! factor that was proven lately, and ends the person's other sessions.

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{Origin, PasskeyId, UserId};
use countersign_session::Identity;
use countersign_store::Passkey;

use crate::accounts::{Accounts, retrying};
use crate::error::Error;
use crate::factor::Factor;
use crate::field::FieldError;
use crate::name::Name;

/// What became of a renaming.
#[derive(Debug)]
pub enum RenamePasskeyVerdict {
    /// The passkey as it is now.
    Renamed(Box<Passkey>),
    /// The name is unacceptable.
    Invalid(FieldError),
    /// The person has no such passkey.
    NotFound,
}

/// What became of a deletion.
#[derive(Debug)]
pub enum DeletePasskeyVerdict {
    /// It is gone.
    Deleted,
    /// One of these must be proven first, lately.
    FactorRequired(Vec<Factor>),
    /// The person could not sign in any more.
    LastMethod,
    /// The person has no such passkey.
    NotFound,
    /// The account is gone.
    Gone,
}

impl Accounts {
    /// A person's passkeys, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list_passkeys(&self, user: UserId) -> Result<Vec<Passkey>, Error> {
        Ok(self.store().snapshot().await?.list_passkeys(user).await?)
    }

    /// Gives a passkey another name.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing has changed then.
    pub async fn rename_passkey(
        &self,
        identity: &Identity,
        id: PasskeyId,
        name: &str,
        origin: &Origin,
    ) -> Result<RenamePasskeyVerdict, Error> {
        let name = match Name::parse(name) {
            Ok(name) => name,
            Err(error) => return Ok(RenamePasskeyVerdict::Invalid(error)),
        };
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let Some(passkey) = tx.rename_passkey(identity.user, id, name.as_str()).await? else {
                return Ok(RenamePasskeyVerdict::NotFound);
            };
            let record = self.record(tx.as_ref(), Event::PasskeyRenamed, Actor::User(identity.user), origin);
            let record = record.of(identity.user).in_session(identity.session);
            tx.audit(record.with_name("passkey", &id.to_string()));
            tx.commit().await?;
            Ok(RenamePasskeyVerdict::Renamed(Box::new(passkey)))
        })
        .await
    }

    /// Deletes a passkey.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing has changed then.
    pub async fn delete_passkey(
        &self,
        identity: &Identity,
        id: PasskeyId,
        origin: &Origin,
    ) -> Result<DeletePasskeyVerdict, Error> {
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            // Held until the end: of two passkeys that are deleted at once, one stays.
            let Some(person) = self.lock_active(tx.as_mut(), identity.user).await? else {
                return Ok(DeletePasskeyVerdict::Gone);
            };
            let (user, session, now) = (person.user().id, identity.session, tx.now());
            let passkeys = tx.list_passkeys(user).await?;
            if !passkeys.iter().any(|passkey| passkey.id == id) {
                return Ok(DeletePasskeyVerdict::NotFound);
            }
            if !self.has_recent_factor_in(tx.as_mut(), identity).await? {
                let enrolled = self.enrolled_in(tx.as_mut(), user).await?;
                return Ok(DeletePasskeyVerdict::FactorRequired(enrolled.factors()));
            }
            if passkeys.len() == 1 && tx.find_password(user).await?.is_none() {
                let record = self.record(tx.as_ref(), Event::FactorRemovalFailed, Actor::User(user), origin);
                tx.audit(named(record.of(user).in_session(session), id).refused("last_method"));
                tx.commit().await?;
                return Ok(DeletePasskeyVerdict::LastMethod);
            }
            if tx.delete_passkey(user, id).await?.is_none() {
                return Ok(DeletePasskeyVerdict::NotFound);
            }
            if !self.enrolled_in(tx.as_mut(), user).await?.has_second_factor() {
                tx.replace_recovery_codes(user, &[], now).await?;
            }
            let ended = self.factors_changed_in(tx.as_mut(), user, Some(session)).await?;
            let record = self.record(tx.as_ref(), Event::FactorRemoved, Actor::User(user), origin);
            let record = named(record.of(user).in_session(session), id);
            tx.audit(record.with("sessions_ended", ended.to_string()));
            tx.commit().await?;
            Ok(DeletePasskeyVerdict::Deleted)
        })
        .await
    }
}

/// Says in a record which factor it is about.
fn named(record: Record, id: PasskeyId) -> Record {
    record.with("factor", Factor::Passkey.as_str()).with_name("passkey", &id.to_string())
}
