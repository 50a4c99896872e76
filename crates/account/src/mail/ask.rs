//! Asks for a mail with a link: to confirm an address, to set a new password, to sign in.
//!
//! Promises: an address that somebody has and one that nobody has are answered alike, are counted alike and cost the same
//! statements; the difference is in the mailbox alone. Mails are counted by address, whether or not anybody has it, and by where
//! the wish comes from.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Languages, Origin, Secret, UserId};
use countersign_limit::Refused;
use countersign_mail::Kind;
use countersign_store::{LinkPurpose, User};

use crate::accounts::{Accounts, Told, retrying};
use crate::email::EmailAddress;
use crate::error::Error;
use crate::field::FieldError;
use crate::limits::{self, Charge};
use crate::mail::post::Post;

/// A wish for a mail, as it was received.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The address.
    pub email: String,
    /// The languages of whoever asks.
    pub languages: Languages,
}

/// What became of a wish for a mail.
#[derive(Debug)]
pub enum AskVerdict {
    /// A mail is on its way, if there is somebody to read it. The browser that has asked keeps this handle: by it, it sees whether
    /// the link was used.
    Asked(Secret<String>),
    /// The address is none.
    Invalid(Vec<FieldError>),
    /// Too many mails for this address, or from this one.
    Limited(Refused),
    /// This server sends no mail.
    NoMail,
}

/// What is asked for.
#[derive(Clone, Copy)]
struct Wanted {
    purpose: LinkPurpose,
    kind: Kind,
    event: Event,
    fits: fn(&User) -> bool,
}

const VERIFY: Wanted = Wanted {
    purpose: LinkPurpose::VerifyEmail,
    kind: Kind::Verify,
    event: Event::EmailVerificationRequested,
    fits: |user| user.is_active() && !user.email_verified,
};
const RESET: Wanted = Wanted {
    purpose: LinkPurpose::ResetPassword,
    kind: Kind::Reset,
    event: Event::PasswordResetRequested,
    fits: User::is_active,
};
const SIGN_IN: Wanted = Wanted {
    purpose: LinkPurpose::SignIn,
    kind: Kind::SignIn,
    event: Event::SignInLinkRequested,
    fits: User::is_active,
};

impl Accounts {
    /// Asks for another mail that confirms an account's address. One that is confirmed gets none.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn ask_to_verify(&self, ask: &Ask, origin: &Origin) -> Result<Told<AskVerdict>, Error> {
        self.ask(ask, VERIFY, origin).await
    }

    /// Asks for a mail that sets a new password.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn ask_to_reset(&self, ask: &Ask, origin: &Origin) -> Result<Told<AskVerdict>, Error> {
        self.ask(ask, RESET, origin).await
    }

    /// Asks for a mail that signs in.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn ask_to_sign_in(&self, ask: &Ask, origin: &Origin) -> Result<Told<AskVerdict>, Error> {
        self.ask(ask, SIGN_IN, origin).await
    }

    /// Mails somebody who has just shown the right password another link to confirm the address with; the handle of his browser, or
    /// none where there were too many mails.
    pub(crate) async fn remind_to_verify(
        &self,
        email: &EmailAddress,
        languages: Languages,
        origin: &Origin,
    ) -> Result<Option<Secret<String>>, Error> {
        if !self.sends_mail() || self.charge_mail(email, VERIFY.event.as_str(), origin).await?.is_err() {
            return Ok(None);
        }
        let handle = self.mail_keys().new_handle(self.store().now(), self.env());
        retrying(|| self.write_ask(languages, VERIFY, email, &handle, true, origin)).await?;
        Ok(Some(handle))
    }

    async fn ask(&self, ask: &Ask, wanted: Wanted, origin: &Origin) -> Result<Told<AskVerdict>, Error> {
        if !self.sends_mail() {
            return Ok((AskVerdict::NoMail, Vec::new()));
        }
        let email = match EmailAddress::parse(&ask.email) {
            Ok(email) => email,
            Err(error) => return Ok((AskVerdict::Invalid(vec![error]), Vec::new())),
        };
        let charge = match self.charge_mail(&email, wanted.event.as_str(), origin).await? {
            Ok(charge) => charge,
            Err(refused) => {
                let readings = refused.readings.clone();
                return Ok((AskVerdict::Limited(refused), readings));
            }
        };
        let handle = self.mail_keys().new_handle(self.store().now(), self.env());
        retrying(|| self.write_ask(ask.languages, wanted, &email, &handle, false, origin)).await?;
        Ok((AskVerdict::Asked(handle), charge.keep()))
    }

    /// Counts a mail to this address, whether or not anybody has it.
    pub(crate) async fn charge_mail(
        &self,
        email: &EmailAddress,
        act: &str,
        origin: &Origin,
    ) -> Result<Result<Charge, Refused>, Error> {
        let account = self.keys().of(email.as_str(), Some(email));
        let charged = Charge::take(self, limits::mail(self, account.as_bytes(), origin)).await;
        if let Err(refused) = &charged {
            let shape = |record: countersign_audit::Record| record.of_unknown(&account.to_text());
            self.audit_limit_as(refused, Actor::Anonymous, origin, act, shape).await?;
        }
        Ok(charged)
    }

    async fn write_ask(
        &self,
        languages: Languages,
        wanted: Wanted,
        email: &EmailAddress,
        handle: &Secret<String>,
        knows_password: bool,
        origin: &Origin,
    ) -> Result<(), Error> {
        let mut tx = self.store().begin().await?;
        let found = tx.find_user_by_email_key(email.key()).await?;
        // Nobody is locked where there is nobody: the statement runs all the same.
        let id = found.map_or_else(|| UserId::new(self.env()), |user| user.id);
        let user = tx.lock_user(id).await?.filter(|user| (wanted.fits)(user) && is_address_of(user, email));
        let post = Post {
            handle: Some(handle),
            knows_password,
            ..Post::own(wanted.purpose, wanted.kind, user.as_ref(), email, languages)
        };
        self.post_link(tx.as_mut(), post, origin).await?;
        let record = self.record(tx.as_ref(), wanted.event, Actor::Anonymous, origin);
        tx.audit(match &user {
            Some(user) => record.of(user.id),
            None => record.of_unknown(&self.keys().of(email.as_str(), Some(email)).to_text()),
        });
        tx.commit().await?;
        Ok(())
    }
}

/// Whether this is the person's address at this moment.
pub(crate) fn is_address_of(user: &User, email: &EmailAddress) -> bool {
    EmailAddress::parse(&user.email).is_ok_and(|own| own.key() == email.key())
}
