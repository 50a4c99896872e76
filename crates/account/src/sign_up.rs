//! Makes an account, and signs its owner in.
//!
//! Promises: of racing calls for one address exactly one makes the account; the insert decides. An address that is taken costs
//! the same hash as a free one. That it is taken is said (API.md, 409), at most as often as `register_address` allows. Every
//! call that gets as far as the hash is counted, the successful ones too.

use countersign_audit::{Actor, Event};
use countersign_kernel::{DeviceId, Env, Origin, Secret, UserId};
use countersign_limit::Refused;
use countersign_password::{Busy, HashError, Password};
use countersign_session::Session;
use countersign_store::{NewUser, PasswordHash, User};

use crate::accounts::{Accounts, Opened, Told, retrying};
use crate::ceremony::{Entry, SignInDoor};
use crate::email::EmailAddress;
use crate::error::Error;
use crate::field::FieldError;
use crate::limits::{self, Charge};
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
}

/// What became of a registration.
#[derive(Debug)]
pub enum SignUpVerdict {
    /// The account exists and its owner is signed in.
    Opened(Box<Opened>),
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
        let charge = match Charge::take(self, limits::register(self, origin)) {
            Ok(charge) => charge,
            Err(refused) => {
                self.audit_limit(&refused, Actor::Anonymous, None, origin, "sign_up").await?;
                let readings = refused.readings.clone();
                return Ok((SignUpVerdict::Limited(refused), readings));
            }
        };
        let applicant = match Applicant::parse(self, &request.email, &request.name, &request.password) {
            Ok(applicant) => applicant,
            Err(errors) => return Ok((SignUpVerdict::Invalid(errors), charge.give_back(self))),
        };
        let hash = match self.hasher().hash(&applicant.password).await {
            Ok(hash) => PasswordHash(hash),
            Err(HashError::Busy(busy)) => return Ok((SignUpVerdict::Busy(busy), charge.give_back(self))),
            Err(HashError::Fault(error)) => return Err(error.into()),
        };
        let made = retrying(|| self.write_sign_up(&request, &applicant, &hash, origin)).await?;
        let Some((user, session)) = made else {
            return Ok((SignUpVerdict::EmailTaken, charge.keep()));
        };
        let issued = self.sessions().issue(&session, &user, request.door.device_cookie.as_deref())?;
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
        let now = tx.now();
        let new = NewUser {
            id: UserId::new(self.env()),
            email: applicant.email.as_str().to_owned(),
            email_key: applicant.email.key().to_owned(),
            email_verified: false,
            name: applicant.name.as_str().to_owned(),
            created_at: now,
        };
        if !tx.insert_user(&new).await? {
            let owner = tx.find_user_by_email_key(&new.email_key).await?;
            let record = self.record(tx.as_ref(), Event::SignUpFailed, Actor::Anonymous, origin).refused("email_taken");
            tx.audit(match owner {
                Some(owner) => record.of(owner.id),
                None => record,
            });
            tx.commit().await?;
            return Ok(None);
        }
        tx.insert_password(new.id, hash, now).await?;
        let user = tx.find_user(new.id).await?.ok_or(Error::KeptChanging)?;

        let actor = Actor::User(user.id);
        // Nobody has set up a second factor before he has an account.
        let entry = Entry { door: &request.door, approach: None, origin };
        let session = self.open_in(tx.as_mut(), &user, &[Method::Password], &entry).await?;
        let record = self.record(tx.as_ref(), Event::SignedUp, actor, origin);
        tx.audit(record.of(user.id).in_session(session.id));
        tx.commit().await?;
        Ok(Some((user, session)))
    }

    /// The device of this browser: the one that its cookie proves, else a new one.
    pub(crate) fn device(&self, cookie: Option<&str>) -> DeviceId {
        let env: &Env = self.env();
        cookie.and_then(|c| self.sessions().devices().id_of(c)).unwrap_or_else(|| DeviceId::new(env))
    }
}
