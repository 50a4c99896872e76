//! Makes an account, and signs its owner in.
//!
//! Promises: of racing calls for one address exactly one makes the account; the insert decides. An address that is taken costs
//! the same hash as a free one. That it is taken is said (API.md, 409), at most as often as `register_address` allows. Every
//! call that gets as far as the hash is counted, the successful ones too. Where an address must be confirmed first, a new and a known
//! one get the same answer for the same work, and the difference is in the mail.

use countersign_audit::{Actor, Event};
use countersign_kernel::{DeviceId, Env, Languages, Origin, Secret, UserId};
use countersign_limit::Refused;
use countersign_mail::{Fact, Facts, Kind};
use countersign_password::{Busy, HashError, Password};
use countersign_session::Session;
use countersign_store::{LinkPurpose, NewUser, PasswordHash, Recipient, Tx, User};

use crate::accounts::{Accounts, Opened, Told, retrying};
use crate::ceremony::{Entry, SignInDoor};
use crate::email::EmailAddress;
use crate::error::Error;
use crate::field::FieldError;
use crate::limits::{self, Charge};
use crate::mail::letter::{Letter, to};
use crate::mail::post::Post;
use crate::mail_keys::LIFETIME;
use crate::method::Method;
use crate::name::Name;

/// A registration as it was received.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// The address.
    pub email: String,
    /// The password.
    pub password: Secret<String>,
    /// What the person is called.
    pub name: String,
    /// Where the session will live.
    pub door: SignInDoor,
    /// The languages that the person reads.
    pub languages: Languages,
}

/// What became of a registration.
#[derive(Debug)]
pub enum SignUpVerdict {
    /// The account exists and its owner is signed in.
    Opened(Box<Opened>),
    /// A mail is on its way to whoever has the address, and nobody is signed in before it was read. Said of a new and of a known
    /// address alike. The browser keeps this handle.
    Pending(Secret<String>),
    /// There is an account with this address.
    EmailTaken,
    /// Something in the request is unacceptable.
    Invalid(Vec<FieldError>),
    /// Too many from this address.
    Limited(Refused),
    /// Too many passwords wait to be hashed.
    Busy(Busy),
}

/// A registration whose fields are acceptable.
pub(crate) struct Applicant {
    pub(crate) email: EmailAddress,
    pub(crate) name: Name,
    pub(crate) password: Password,
}

impl Applicant {
    /// Reads all fields; everything that is wrong with any.
    pub(crate) fn parse(
        accounts: &Accounts,
        email: &str,
        name: &str,
        password: &Secret<String>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let parsed_email = EmailAddress::parse(email).map_err(|e| errors.push(e)).ok();
        let parsed_name = Name::parse(name).map_err(|e| errors.push(e)).ok();
        let password = match Password::received(password.expose()) {
            Err(_) => Err(vec![FieldError::password_too_long("password")]),
            Ok(password) => {
                let address = parsed_email.as_ref().map_or(email, EmailAddress::as_str);
                let judged = accounts.password_policy().check(&password, &accounts.context(address, name));
                judged.map(|_| password).map_err(|violations| FieldError::password("password", violations))
            }
        };
        let password = password.map_err(|e| errors.extend(e)).ok();
        match (parsed_email, parsed_name, password) {
            (Some(email), Some(name), Some(password)) => Ok(Self { email, name, password }),
            _ => Err(errors),
        }
    }
}

impl Accounts {
    /// Makes an account and opens its first session.
    ///
    /// # Errors
    /// [`Error`] if the store, the hasher or the sessions fail; nothing has changed then.
    pub async fn sign_up(&self, request: SignUp, origin: &Origin) -> Result<Told<SignUpVerdict>, Error> {
        let told = self.judge_sign_up(request, origin).await;
        self.count_sign_up(&told);
        told
    }

    async fn judge_sign_up(&self, request: SignUp, origin: &Origin) -> Result<Told<SignUpVerdict>, Error> {
        // Before the password's strength is estimated, which takes longer than all the rest but the hash.
        if let Err(busy) = self.hasher().room() {
            return Ok((SignUpVerdict::Busy(busy), Vec::new()));
        }
        let charge = match Charge::take(self, limits::register(self, origin)).await {
            Ok(charge) => charge,
            Err(refused) => {
                self.audit_limit(&refused, Actor::Anonymous, None, origin, "sign_up").await?;
                let readings = refused.readings.clone();
                return Ok((SignUpVerdict::Limited(refused), readings));
            }
        };
        let applicant = match Applicant::parse(self, &request.email, &request.name, &request.password) {
            Ok(applicant) => applicant,
            Err(errors) => return Ok((SignUpVerdict::Invalid(errors), charge.give_back(self).await)),
        };
        if self.wants_verified_email() {
            // Every address gets a mail here, known or not, so every one is counted.
            if let Err(refused) = self.charge_mail(&applicant.email, "sign_up", origin).await? {
                let readings = refused.readings.clone();
                return Ok((SignUpVerdict::Limited(refused), readings));
            }
        }
        let hash = match self.hasher().hash(&applicant.password).await {
            Ok(hash) => PasswordHash(hash),
            Err(HashError::Busy(busy)) => return Ok((SignUpVerdict::Busy(busy), charge.give_back(self).await)),
            Err(HashError::Fault(error)) => return Err(error.into()),
        };
        if self.wants_verified_email() {
            let handle = self.mail_keys().new_handle(self.store().now(), self.env());
            retrying(|| self.write_pending(&request, &applicant, &hash, &handle, origin)).await?;
            return Ok((SignUpVerdict::Pending(handle), charge.keep()));
        }
        let made = retrying(|| self.write_sign_up(&request, &applicant, &hash, origin)).await?;
        let Some((user, session)) = made else {
            return Ok((SignUpVerdict::EmailTaken, charge.keep()));
        };
        let issued = self.sessions().issue(&session, &user, request.door.device_cookie.as_deref()).await?;
        Ok((SignUpVerdict::Opened(Box::new(Opened { user, issued })), charge.keep()))
    }

    /// The one transaction; none where the address is taken.
    async fn write_sign_up(
        &self,
        request: &SignUp,
        applicant: &Applicant,
        hash: &PasswordHash,
        origin: &Origin,
    ) -> Result<Option<(User, Session)>, Error> {
        let mut tx = self.store().begin().await?;
        let Some(user) = self.insert_applicant(tx.as_mut(), request, applicant, hash, origin).await? else {
            tx.commit().await?;
            return Ok(None);
        };
        if self.sends_mail() {
            let post =
                Post::own(LinkPurpose::VerifyEmail, Kind::Verify, Some(&user), &applicant.email, request.languages);
            self.post_link(tx.as_mut(), post, origin).await?;
        }

        let actor = Actor::User(user.id);
        // Nobody has set up a second factor before he has an account.
        let entry = Entry { door: &request.door, approach: None, origin };
        let session = self.open_in(tx.as_mut(), &user, &[Method::Password], &entry).await?;
        let record = self.record(tx.as_ref(), Event::SignedUp, actor, origin);
        tx.audit(record.of(user.id).in_session(session.id));
        tx.commit().await?;
        Ok(Some((user, session)))
    }

    /// The account alone; none where the address is taken, which is then on record.
    async fn insert_applicant(
        &self,
        tx: &mut dyn Tx,
        request: &SignUp,
        applicant: &Applicant,
        hash: &PasswordHash,
        origin: &Origin,
    ) -> Result<Option<User>, Error> {
        let now = tx.now();
        let new = NewUser {
            id: UserId::new(self.env()),
            email: applicant.email.as_str().to_owned(),
            email_key: applicant.email.key().to_owned(),
            email_verified: false,
            name: applicant.name.as_str().to_owned(),
            created_at: now,
        };
        let is_kept = self.sends_mail() && tx.is_address_kept(&new.email_key, None, now).await?;
        if is_kept || !tx.insert_user(&new).await? {
            let owner = tx.find_user_by_email_key(&new.email_key).await?;
            let record = self.record(tx, Event::SignUpFailed, Actor::Anonymous, origin).refused("email_taken");
            tx.audit(match owner {
                Some(owner) => record.of(owner.id),
                None => record,
            });
            return Ok(None);
        }
        tx.insert_password(new.id, hash, now).await?;
        if self.sends_mail() {
            tx.set_user_languages(new.id, request.languages).await?;
        }
        Ok(Some(tx.find_user(new.id).await?.ok_or(Error::KeptChanging)?))
    }

    /// Makes an account that waits for its address to be confirmed; or, where the address is known, tells its owner that somebody
    /// has tried.
    async fn write_pending(
        &self,
        request: &SignUp,
        applicant: &Applicant,
        hash: &PasswordHash,
        handle: &Secret<String>,
        origin: &Origin,
    ) -> Result<(), Error> {
        let mut tx = self.store().begin().await?;
        let email = &applicant.email;
        let made = self.insert_applicant(tx.as_mut(), request, applicant, hash, origin).await?;
        let post = Post {
            handle: Some(handle),
            knows_password: made.is_some(),
            ..Post::own(LinkPurpose::VerifyEmail, Kind::Verify, made.as_ref(), email, request.languages)
        };
        self.post_link(tx.as_mut(), post, origin).await?;
        match made {
            Some(user) => {
                let record = self.record(tx.as_ref(), Event::SignedUp, Actor::User(user.id), origin);
                tx.audit(record.of(user.id).because("unverified"));
            }
            None => self.tell_owner(tx.as_mut(), email, request.languages).await?,
        }
        tx.commit().await?;
        Ok(())
    }

    /// Tells whoever has this address that it has an account. The mail holds nothing that signs in.
    async fn tell_owner(&self, tx: &mut dyn Tx, email: &EmailAddress, languages: Languages) -> Result<(), Error> {
        let owner = tx.find_user_by_email_key(email.key()).await?.filter(User::is_active);
        let letter = Letter {
            kind: Kind::AccountExists,
            user: owner.as_ref(),
            recipient: owner.as_ref().map_or(Recipient::Nobody, |owner| to(owner, languages)),
            facts: Facts::default().with(Fact::Link, format!("{}/forgot", self.public_url())),
            life: LIFETIME,
        };
        self.write_mail(tx, letter).await
    }

    /// The device of this browser: the one that its cookie proves, else a new one.
    pub(crate) fn device(&self, cookie: Option<&str>) -> DeviceId {
        let env: &Env = self.env();
        cookie.and_then(|c| self.sessions().devices().id_of(c)).unwrap_or_else(|| DeviceId::new(env))
    }
}
