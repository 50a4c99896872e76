//! Changes an account's address, and brings the former one back.
//!
//! Promises: the address is another only once the new one has confirmed; the present one is told at once, and when it has been
//! changed it gets a link that leads back, for seven days, whatever happens to the account meanwhile; until then nobody else can
//! register with it. Whoever goes back has a mailbox and says that it was not him: every session ends and the password is void.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Languages, Lifetime, Origin, Secret};
use countersign_limit::Refused;
use countersign_mail::{Fact, Facts, Kind};
use countersign_session::Identity;
use countersign_store::{EndReason, LinkPurpose, MailedLink, NewAddress, Recipient, Tx, User};

use crate::accounts::{Accounts, Told, retrying};
use crate::email::EmailAddress;
use crate::error::Error;
use crate::field::FieldError;
use crate::mail::ask::is_address_of;
use crate::mail::letter::{Letter, circumstances, to};
use crate::mail::post::Post;
use crate::mail::proof::{Proof, TakenLink};
use crate::mail_keys::LIFETIME;

/// How long the way back is open.
const UNDO: Lifetime = Lifetime::from_days(7);

/// What became of a wish for another address.
#[derive(Debug)]
pub enum ChangeEmailVerdict {
    /// The new address has been asked. The browser keeps this handle.
    Asked(Secret<String>),
    /// It is no address, or the one that there is.
    Invalid(Vec<FieldError>),
    /// The sign-in is too long ago for this.
    StepUpRequired,
    /// Too many mails for this address, or from this one.
    Limited(Refused),
    /// The account is gone.
    Gone,
    /// This server sends no mail, so that no address can confirm.
    NoMail,
}

/// What became of the way back.
#[derive(Debug)]
pub enum UndoVerdict {
    /// The former address is the account's own again; a mail that sets a password is on its way to it.
    Restored(Box<User>),
    /// The link is unknown, used, replaced or too old.
    Invalid,
    /// Too many tries.
    Limited(Refused),
}

impl Accounts {
    /// Asks for another address, which is to confirm.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn change_email(
        &self,
        identity: &Identity,
        new: &str,
        languages: Languages,
        origin: &Origin,
    ) -> Result<Told<ChangeEmailVerdict>, Error> {
        if !self.sessions().is_recent(identity) {
            return Ok((ChangeEmailVerdict::StepUpRequired, Vec::new()));
        }
        if !self.sends_mail() {
            return Ok((ChangeEmailVerdict::NoMail, Vec::new()));
        }
        let new = match EmailAddress::parse(new) {
            Ok(new) => new,
            Err(error) => {
                let error = FieldError { field: FIELD, ..error };
                return Ok((ChangeEmailVerdict::Invalid(vec![error]), Vec::new()));
            }
        };
        let charge = match self.charge_mail(&new, Event::EmailChangeRequested.as_str(), origin).await? {
            Ok(charge) => charge,
            Err(refused) => {
                let readings = refused.readings.clone();
                return Ok((ChangeEmailVerdict::Limited(refused), readings));
            }
        };
        let handle = self.mail_keys().new_handle(self.store().now(), self.env());
        let verdict = retrying(|| self.write_wish(identity, &new, &handle, languages, origin)).await?;
        Ok((verdict, charge.keep()))
    }

    async fn write_wish(
        &self,
        identity: &Identity,
        new: &EmailAddress,
        handle: &Secret<String>,
        languages: Languages,
        origin: &Origin,
    ) -> Result<ChangeEmailVerdict, Error> {
        let mut tx = self.store().begin().await?;
        let Some(user) = tx.lock_user(identity.user).await?.filter(User::is_active) else {
            return Ok(ChangeEmailVerdict::Gone);
        };
        if is_address_of(&user, new) {
            let error = FieldError::new(FIELD, "UNCHANGED", "This is the address of this account already.");
            return Ok(ChangeEmailVerdict::Invalid(vec![error]));
        }
        let now = tx.now();
        let is_taken = tx.find_user_by_email_key(new.key()).await?.is_some()
            | tx.is_address_kept(new.key(), Some(user.id), now).await?;
        // Whose it is already is not told: that address gets no mail, and the answer is the same.
        let recipient =
            if is_taken { Recipient::Nobody } else { Recipient::Address(new.as_str().to_owned(), languages) };
        let post = Post {
            purpose: LinkPurpose::ChangeEmail,
            kind: Kind::ChangeEmail,
            user: Some(&user),
            address: new,
            recipient,
            handle: Some(handle),
            knows_password: false,
            facts: Facts::default(),
            life: LIFETIME,
        };
        self.post_link(tx.as_mut(), post, origin).await?;
        let facts = circumstances(Facts::default().with(Fact::Other, new.as_str()), tx.as_ref(), origin);
        let facts = facts.with(Fact::Help, format!("{}/forgot", self.public_url()));
        let letter =
            Letter { kind: Kind::ChangeAsked, user: Some(&user), recipient: to(&user, languages), facts, life: UNDO };
        self.write_mail(tx.as_mut(), letter).await?;
        let record = self.record(tx.as_ref(), Event::EmailChangeRequested, Actor::User(user.id), origin);
        tx.audit(record.of(user.id).in_session(identity.session));
        tx.commit().await?;
        Ok(ChangeEmailVerdict::Asked(handle.clone()))
    }

    /// Makes the address that has confirmed the account's own, and tells the former one; `false` where somebody else has it.
    pub(crate) async fn settle_change(
        &self,
        tx: &mut dyn Tx,
        user: &User,
        link: &MailedLink,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let now = tx.now();
        if tx.is_address_kept(&link.address_key, Some(user.id), now).await? {
            return Ok(false);
        }
        let NewAddress::Set(ver) = tx.set_user_email(user.id, &link.address, &link.address_key).await? else {
            return Ok(false);
        };
        // What was mailed to the former address proves nothing of this one.
        self.credentials_changed(tx, user.id).await?;
        self.sessions().supersede_in(tx, &[(user.id, ver)], "email_changed").await?;
        if let Ok(former) = EmailAddress::parse(&user.email) {
            let facts = circumstances(Facts::default().with(Fact::Other, link.address.as_str()), tx, origin);
            // To the former address, in whatever language the person has told before.
            let recipient = Recipient::Address(former.as_str().to_owned(), Languages::default());
            let post = Post {
                purpose: LinkPurpose::UndoEmail,
                kind: Kind::EmailChanged,
                user: Some(user),
                address: &former,
                recipient,
                handle: None,
                knows_password: false,
                facts,
                life: UNDO,
            };
            self.post_link(tx, post, origin).await?;
        }
        let record = self.record(tx, Event::EmailChanged, Actor::User(user.id), origin);
        tx.audit(record.of(user.id));
        Ok(true)
    }

    /// Brings the former address back with the link that it was sent.
    ///
    /// # Errors
    /// [`Error`] if the store fails; the link works on then.
    pub async fn undo_email(
        &self,
        secret: &Secret<String>,
        languages: Languages,
        origin: &Origin,
    ) -> Result<Told<UndoVerdict>, Error> {
        let proof = Proof::Link(secret.clone());
        let charge = match self.charge_proof(&proof, LinkPurpose::UndoEmail, origin).await? {
            Ok(charge) => charge,
            Err(refused) => {
                let readings = refused.readings.clone();
                return Ok((UndoVerdict::Limited(refused), readings));
            }
        };
        let verdict = retrying(|| self.write_undo(&proof, languages, origin)).await?;
        let is_good = matches!(verdict, UndoVerdict::Restored(_));
        Ok((verdict, if is_good { charge.give_back(self).await } else { charge.keep() }))
    }

    async fn write_undo(&self, proof: &Proof, languages: Languages, origin: &Origin) -> Result<UndoVerdict, Error> {
        let mut tx = self.store().begin().await?;
        let taken = self.take_proof(tx.as_mut(), proof, &[LinkPurpose::UndoEmail], None).await?;
        let restored = match &taken {
            Some(TakenLink { link, user }) => {
                // It may have been brought back by its owner in another way.
                let set = tx.set_user_email(user.id, &link.address, &link.address_key).await?;
                matches!(set, NewAddress::Set(_))
            }
            None => false,
        };
        let (Some(TakenLink { link, user }), true) = (taken, restored) else {
            self.note_refused(tx.as_mut(), proof, LinkPurpose::UndoEmail, origin);
            tx.commit().await?;
            return Ok(UndoVerdict::Invalid);
        };
        let ended = self.clear_for_undo(tx.as_mut(), &user, &link).await?;
        let user = tx.find_user(user.id).await?.ok_or(Error::KeptChanging)?;
        if let Ok(address) = EmailAddress::parse(&user.email) {
            self.offer_password(tx.as_mut(), &user, &address, languages, origin).await?;
        }
        let record = self.record(tx.as_ref(), Event::EmailRestored, Actor::User(user.id), origin);
        tx.audit(record.of(user.id).with("sessions_ended", ended.to_string()));
        tx.commit().await?;
        Ok(UndoVerdict::Restored(Box::new(user)))
    }

    /// Ends what a thief may hold. Factors stay where the address had been proven: losing a mailbox must not be losing them.
    async fn clear_for_undo(&self, tx: &mut dyn Tx, user: &User, link: &MailedLink) -> Result<u64, Error> {
        if !link.was_proven {
            return self.clear_account(tx, user, EndReason::EmailRestored).await;
        }
        let ended = self.sessions().end_all_in(tx, user.id, None, EndReason::EmailRestored).await?;
        tx.delete_password(user.id).await?;
        tx.raise_device_epoch(user.id).await?;
        self.credentials_changed(tx, user.id).await?;
        Ok(ended)
    }
}

/// How requests spell the new address's field.
const FIELD: &str = "newEmail";
