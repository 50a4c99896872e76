//! Sets a new password by a mailed link or code, and lets operators have that mail sent.
//!
//! Promises: every session ends and every known device becomes unknown; nobody is signed in by it, and a second factor is asked at
//! the next sign-in as before; an operator starts it and cannot choose the password, because the link goes to the mailbox alone.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Languages, Origin, Secret, UserId};
use countersign_limit::Refused;
use countersign_mail::Kind;
use countersign_password::{Busy, HashError, Password};
use countersign_store::{EndReason, LinkPurpose, PasswordHash, Recipient, Tx, User};

use crate::accounts::{Accounts, Told, retrying};
use crate::email::EmailAddress;
use crate::error::Error;
use crate::field::FieldError;
use crate::mail::post::Post;
use crate::mail::proof::{Proof, Prover, TakenLink};
use crate::mail_keys::hash_of;

/// What became of a new password.
#[derive(Debug)]
pub enum ResetVerdict {
    /// It is set; so many sessions have ended.
    Reset(u64),
    /// The link or code is unknown, used, replaced or too old.
    Invalid,
    /// The password is unacceptable; the link works on.
    Unacceptable(Vec<FieldError>),
    /// Too many tries.
    Limited(Refused),
    /// Too many passwords wait to be hashed; the link works on.
    Busy(Busy),
}

/// What became of an operator's wish that somebody set a new password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartResetVerdict {
    /// The mail is on its way to the account's own address.
    Started,
    /// There is no such account, or it is disabled.
    NotFound,
    /// This server sends no mail.
    NoMail,
}

/// How requests spell the new password's field.
const FIELD: &str = "newPassword";

impl Accounts {
    /// Sets a new password with what was mailed.
    ///
    /// # Errors
    /// [`Error`] if the store or the hasher fails; the link works on then.
    pub async fn reset_password(
        &self,
        proof: &Proof,
        new: &Secret<String>,
        prover: &Prover,
        origin: &Origin,
    ) -> Result<Told<ResetVerdict>, Error> {
        let Ok(new) = Password::received(new.expose()) else {
            return Ok((ResetVerdict::Unacceptable(vec![FieldError::password_too_long(FIELD)]), Vec::new()));
        };
        // What nobody may have is said to everybody; what this person may not have only to whoever has the link.
        if let Err(violations) = self.password_policy().check(&new, &self.context("", "")) {
            return Ok((ResetVerdict::Unacceptable(FieldError::password(FIELD, violations)), Vec::new()));
        }
        let charge = match self.charge_proof(proof, LinkPurpose::ResetPassword, origin).await? {
            Ok(charge) => charge,
            Err(refused) => {
                let readings = refused.readings.clone();
                return Ok((ResetVerdict::Limited(refused), readings));
            }
        };
        // A link that is none is not worth a hash. Of a code that would tell whether there is such an account.
        let hash = if self.may_be_worth_a_hash(proof).await? {
            match self.hasher().hash(&new).await {
                Ok(hash) => Some(PasswordHash(hash)),
                Err(HashError::Busy(busy)) => return Ok((ResetVerdict::Busy(busy), charge.give_back(self).await)),
                Err(HashError::Fault(error)) => return Err(error.into()),
            }
        } else {
            None
        };
        let verdict = retrying(|| self.write_reset(proof, &new, hash.as_ref(), prover, origin)).await?;
        let readings =
            if matches!(verdict, ResetVerdict::Invalid) { charge.keep() } else { charge.give_back(self).await };
        Ok((verdict, readings))
    }

    async fn may_be_worth_a_hash(&self, proof: &Proof) -> Result<bool, Error> {
        let Proof::Link(secret) = proof else { return Ok(true) };
        let mut tx = self.store().snapshot().await?;
        let now = tx.now();
        Ok(tx.find_mailed_link(&hash_of(secret.expose()), now).await?.is_some())
    }

    async fn write_reset(
        &self,
        proof: &Proof,
        new: &Password,
        hash: Option<&PasswordHash>,
        prover: &Prover,
        origin: &Origin,
    ) -> Result<ResetVerdict, Error> {
        let mut tx = self.store().begin().await?;
        let taken = self.take_proof(tx.as_mut(), proof, &[LinkPurpose::ResetPassword], None).await?;
        let (Some(TakenLink { link, user }), Some(hash)) = (taken, hash) else {
            self.note_refused(tx.as_mut(), proof, LinkPurpose::ResetPassword, origin);
            tx.commit().await?;
            return Ok(ResetVerdict::Invalid);
        };
        if let Err(violations) = self.password_policy().check(new, &self.context(&user.email, &user.name)) {
            // Without a commit the link was not taken.
            return Ok(ResetVerdict::Unacceptable(FieldError::password(FIELD, violations)));
        }
        // First what was there before, then the new password.
        let (_, cleared) = self.prove_mailbox(tx.as_mut(), &user, &link, prover, origin).await?;
        self.put_password(tx.as_mut(), &user, hash).await?;
        let ended = self.sessions().end_all_in(tx.as_mut(), user.id, None, EndReason::PasswordReset).await?;
        let ended = ended.saturating_add(cleared);
        tx.raise_device_epoch(user.id).await?;
        self.credentials_changed(tx.as_mut(), user.id).await?;
        let record = self.record(tx.as_ref(), Event::PasswordReset, Actor::User(user.id), origin).of(user.id);
        tx.audit(record.with("sessions_ended", ended.to_string()));
        tx.commit().await?;
        Ok(ResetVerdict::Reset(ended))
    }

    /// Sets the password, whether there was one or not. The person's row is locked.
    async fn put_password(&self, tx: &mut dyn Tx, user: &User, hash: &PasswordHash) -> Result<(), Error> {
        let now = tx.now();
        let written = match tx.find_password(user.id).await? {
            Some(old) => tx.replace_password(user.id, &old, hash, now).await?,
            None => tx.insert_password(user.id, hash, now).await?,
        };
        if written { Ok(()) } else { Err(Error::KeptChanging) }
    }

    /// Has a mail sent to an account's own address with which its owner, and nobody else, sets a new password.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn start_password_reset(
        &self,
        id: UserId,
        actor: Actor,
        origin: &Origin,
    ) -> Result<StartResetVerdict, Error> {
        if !self.sends_mail() {
            return Ok(StartResetVerdict::NoMail);
        }
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let Some(user) = tx.lock_user(id).await?.filter(User::is_active) else {
                return Ok(StartResetVerdict::NotFound);
            };
            let Ok(address) = EmailAddress::parse(&user.email) else { return Ok(StartResetVerdict::NotFound) };
            let own =
                Post::own(LinkPurpose::ResetPassword, Kind::ResetByAdmin, Some(&user), &address, Languages::default());
            self.post_link(tx.as_mut(), Post { recipient: Recipient::Person, ..own }, origin).await?;
            let record = self.record(tx.as_ref(), Event::PasswordResetStarted, actor, origin);
            tx.audit(record.of(user.id));
            tx.commit().await?;
            Ok(StartResetVerdict::Started)
        })
        .await
    }
}
