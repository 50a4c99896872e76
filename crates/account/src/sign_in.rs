//! Signs somebody in with a password.
//!
//! The first step of the ceremony (`ceremony.rs`): find, count, prove, and hand over what is proven. Promises: an account that does
//! not exist, one that is disabled and a wrong password cost the same hash and get the same answer, and the same limits; tries
//! are counted in one atomic step before any work (`admission.rs`), and a good one gives back its own charge and no other; a
//! password that was changed meanwhile opens nothing; the session whose cookie came along ends in the same transaction.
//!
//! A hash that another system has made is checked as it is and replaced by one of ours in the same transaction. A check of it
//! costs one hash more, right or wrong, so that a cheap one does not give its account away.

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{DeviceId, Languages, Origin, Secret};
use countersign_limit::{Challenge, Refused};
use countersign_password::{Busy, HashError, LegacyHash, Password, Verification};
use countersign_store::{PasswordHash, User};

use crate::accounts::{Accounts, Opened, Told, retrying, same_hash};
use crate::admission::{Admission, Approach};
use crate::ceremony::{Entry, Proceeded, SecondFactorNeeded, SignInDoor};
use crate::email::EmailAddress;
use crate::error::Error;
use crate::method::First;

/// A sign-in as it was received.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The address.
    pub email: String,
    /// The password.
    pub password: Secret<String>,
    /// Where the session will live.
    pub door: SignInDoor,
    /// What came as the answer to an earlier [`SignInVerdict::Challenged`].
    pub challenge_response: Option<String>,
    /// The languages of whoever signs in.
    pub languages: Languages,
}

/// What became of a sign-in.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignInVerdict {
    /// A session is open.
    SignedIn(Box<Opened>),
    /// The password is right, and a second factor is needed first.
    SecondFactorNeeded(Box<SecondFactorNeeded>),
    /// The password is right, and the address must be confirmed first. A mail is on its way, unless too many were, and the browser keeps
    /// this handle.
    Unverified(Option<Secret<String>>),
    /// No: wrong address, wrong password, or an account that is disabled. Never said which.
    Failed,
    /// Not without a proof of work: the same sign-in with the challenge's solution goes on.
    Challenged(Box<Challenge>),
    /// Too many tries.
    Limited(Refused),
    /// Too many passwords wait to be hashed.
    Busy(Busy),
}

impl From<Proceeded> for SignInVerdict {
    fn from(proceeded: Proceeded) -> Self {
        match proceeded {
            Proceeded::SignedIn(opened) => Self::SignedIn(opened),
            Proceeded::SecondFactorNeeded(needed) => Self::SecondFactorNeeded(needed),
        }
    }
}

/// An account as it was before the hash was computed.
struct Found {
    user: User,
    hash: Option<PasswordHash>,
    /// What the hash needs, where another system has made it with a secret.
    secret: Option<Secret<Vec<u8>>>,
}

/// What the proof says, and about whom.
enum Proof {
    /// This person's password, under this hash; a new hash where the old one is behind the policy.
    Good { hash: PasswordHash, rehash: Option<PasswordHash> },
    /// Refused, with the reason for the audit trail.
    Bad(&'static str),
}

/// What the transaction has done.
enum Settled {
    Proceeded(Proceeded),
    Unverified,
    Refused,
    /// The account has changed since it was found: nothing is decided.
    Moved,
}

/// How often a sign-in begins anew because the account changed under it.
const TRIES: u32 = 4;

impl Accounts {
    /// Signs in.
    ///
    /// # Errors
    /// [`Error`] if the store, the hasher or the sessions fail; nothing has changed then, and the try stays counted.
    pub async fn sign_in(&self, request: SignIn, origin: &Origin) -> Result<Told<SignInVerdict>, Error> {
        let told = self.judge_sign_in(request, origin).await;
        self.count_sign_in(&told);
        told
    }

    async fn judge_sign_in(&self, request: SignIn, origin: &Origin) -> Result<Told<SignInVerdict>, Error> {
        let email = EmailAddress::parse(&request.email).ok();
        let account = self.keys().of(&request.email, email.as_ref());
        let mut approach = Approach { account, known_device: None, is_proven: false };
        // Under a flood nearly all are refused: before anything is read or counted for them.
        if let Err(busy) = self.hasher().room() {
            self.audit_overload(None, &approach, origin).await?;
            return Ok((SignInVerdict::Busy(busy), Vec::new()));
        }
        let mut found = self.find_for_sign_in(email.as_ref()).await?;
        approach.known_device = self.known_device(found.as_ref(), &request);

        let charge = match self.admit_sign_in(&approach, request.challenge_response.as_deref(), origin).await {
            Admission::Admitted { charge, is_proven } => {
                approach.is_proven = is_proven;
                charge
            }
            Admission::Challenged { full, challenge } => {
                self.audit_full(&full, found.as_ref(), &approach, origin).await?;
                return Ok((SignInVerdict::Challenged(challenge), full.readings));
            }
            Admission::Refused { refused, also_full } => {
                for full in also_full.iter().chain([&refused]) {
                    self.audit_full(full, found.as_ref(), &approach, origin).await?;
                }
                let readings = refused.readings.clone();
                return Ok((SignInVerdict::Limited(refused), readings));
            }
        };

        for _ in 0..TRIES {
            let proof = match self.prove(found.as_ref(), &request.password).await {
                Ok(proof) => proof,
                Err(HashError::Busy(busy)) => {
                    self.audit_overload(found.as_ref(), &approach, origin).await?;
                    return Ok((SignInVerdict::Busy(busy), charge.give_back(self).await));
                }
                Err(HashError::Fault(error)) => return Err(error.into()),
            };
            let settled = retrying(|| async {
                match (&proof, &found) {
                    (Proof::Good { hash, rehash }, Some(found)) => {
                        let rehash = rehash.as_ref();
                        self.write_sign_in(&request, found, hash, rehash, &approach, origin).await
                    }
                    (Proof::Good { .. }, None) => self.write_failure("unknown_account", None, &approach, origin).await,
                    (Proof::Bad(reason), found) => self.write_failure(reason, found.as_ref(), &approach, origin).await,
                }
            })
            .await?;
            match settled {
                Settled::Refused => return Ok((SignInVerdict::Failed, charge.keep())),
                Settled::Unverified => {
                    let handle = match &email {
                        Some(email) => self.remind_to_verify(email, request.languages, origin).await?,
                        None => None,
                    };
                    return Ok((SignInVerdict::Unverified(handle), charge.give_back(self).await));
                }
                Settled::Moved => found = self.find_for_sign_in(email.as_ref()).await?,
                Settled::Proceeded(proceeded) => return Ok((proceeded.into(), charge.give_back(self).await)),
            }
        }
        Err(Error::KeptChanging)
    }

    async fn find_for_sign_in(&self, email: Option<&EmailAddress>) -> Result<Option<Found>, Error> {
        // What is no address belongs to nobody; the look-up is made all the same.
        let key = email.map_or("", EmailAddress::key);
        let Some((user, hash)) = self.store().find_user_and_password(key).await? else { return Ok(None) };
        let secret = match &hash {
            Some(hash) => self.import_secret(hash).await?,
            None => None,
        };
        Ok(Some(Found { user, hash, secret }))
    }

    fn known_device(&self, found: Option<&Found>, request: &SignIn) -> Option<DeviceId> {
        self.sessions().devices().known(&found?.user, request.door.device_cookie.as_deref()?)
    }

    /// One hash, whoever it is; two where another system made the first.
    async fn prove(&self, found: Option<&Found>, presented: &Secret<String>) -> Result<Proof, HashError> {
        // A text that no password can be is wrong, at the same price.
        let password = Password::received(presented.expose()).ok();
        let stored = found.and_then(|f| f.hash.as_ref());
        let (verification, stored) = match (&password, stored) {
            (Some(password), Some(stored)) => {
                let secret = found.and_then(|f| f.secret.as_ref());
                (self.hasher().verify_with(password, &stored.0, secret).await?, Some(stored))
            }
            (password, stored) => {
                let anything = Password::received("").ok();
                if let Some(password) = password.as_ref().or(anything.as_ref()) {
                    self.hasher().verify_nobody(password).await?;
                }
                (Verification { matches: false, needs_rehash: false, is_legacy: false }, stored)
            }
        };
        Ok(match judge(found.map(|f| &f.user), stored, verification) {
            Ok(hash) => {
                let rehash = match password {
                    Some(password) if verification.needs_rehash => self.rehash(&password).await?,
                    _ => None,
                };
                Proof::Good { hash: hash.clone(), rehash }
            }
            Err(reason) => {
                if let (Some(password), true) = (&password, verification.is_legacy) {
                    match self.hasher().verify_nobody(password).await {
                        // The verdict is known; only its time would have told something.
                        Ok(()) | Err(HashError::Busy(_)) => {}
                        Err(fault) => return Err(fault),
                    }
                }
                Proof::Bad(reason)
            }
        })
    }

    /// A hash by today's policy; none while there is no room for it: the next sign-in will do it.
    async fn rehash(&self, password: &Password) -> Result<Option<PasswordHash>, HashError> {
        match self.hasher().hash(password).await {
            Ok(hash) => Ok(Some(PasswordHash(hash))),
            Err(HashError::Busy(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn write_sign_in(
        &self,
        request: &SignIn,
        found: &Found,
        hash: &PasswordHash,
        rehash: Option<&PasswordHash>,
        approach: &Approach,
        origin: &Origin,
    ) -> Result<Settled, Error> {
        let mut tx = self.store().begin().await?;
        let now = tx.now();
        let person = self.lock_active(tx.as_mut(), found.user.id).await?;
        let stored = tx.find_password(found.user.id).await?;
        let Some(person) = person.filter(|_| same_hash(stored.as_ref(), Some(hash))) else {
            return Ok(Settled::Moved);
        };
        if let Some(rehash) = rehash {
            let user = person.user();
            if !tx.replace_password(user.id, hash, rehash, now).await? {
                return Ok(Settled::Moved);
            }
            let record = self.record(tx.as_ref(), Event::PasswordRehashed, Actor::System, origin);
            // What is no other system's is ours, under other parameters or another pepper.
            let from = LegacyHash::parse(hash.0.expose()).map_or("argon2id", |hash| hash.kind());
            tx.audit(record.of(user.id).with_name("from", from));
        }
        if self.wants_verified_email() && !person.user().email_verified {
            let user = person.user().id;
            let record = self.record(tx.as_ref(), Event::SignInFailed, Actor::User(user), origin).refused("unverified");
            tx.audit(approach.note(record, Some(user)));
            tx.commit().await?;
            return Ok(Settled::Unverified);
        }
        let entry = Entry { door: &request.door, approach: Some(approach), origin };
        Ok(Settled::Proceeded(self.proceed(tx, person.proves(First::Password), &entry).await?))
    }

    async fn write_failure(
        &self,
        reason: &str,
        found: Option<&Found>,
        approach: &Approach,
        origin: &Origin,
    ) -> Result<Settled, Error> {
        let mut tx = self.store().begin().await?;
        let record = self.record(tx.as_ref(), Event::SignInFailed, Actor::Anonymous, origin);
        tx.audit(about(record, found, approach).refused(reason));
        tx.commit().await?;
        self.count_sign_in_failed(reason);
        Ok(Settled::Refused)
    }

    /// Writes that there was no room for a hash, if that is news.
    async fn audit_overload(&self, found: Option<&Found>, approach: &Approach, origin: &Origin) -> Result<(), Error> {
        if self.overload_is_news() {
            let shape = |record| about(record, found, approach).refused("overloaded");
            self.audit_alone(Event::SignInFailed, Actor::Anonymous, origin, shape).await?;
        }
        Ok(())
    }

    /// Writes that a limit was found full, if it was for the first time in its window.
    async fn audit_full(
        &self,
        full: &Refused,
        found: Option<&Found>,
        approach: &Approach,
        origin: &Origin,
    ) -> Result<(), Error> {
        let shape = |record| about(record, found, approach);
        self.audit_limit_as(full, Actor::Anonymous, origin, "sign_in", shape).await
    }
}

/// Judges what was found and what the hash said; the hash that was proven, or the reason why not.
fn judge<'a>(
    user: Option<&User>,
    stored: Option<&'a PasswordHash>,
    verification: Verification,
) -> Result<&'a PasswordHash, &'static str> {
    match (user, stored) {
        (None, _) => Err("unknown_account"),
        (Some(_), Some(stored)) if verification.matches => {
            if user.is_some_and(User::is_active) {
                Ok(stored)
            } else {
                Err("disabled")
            }
        }
        (Some(_), _) => Err("wrong_password"),
    }
}

/// Names whom a record is about, and how the try came.
fn about(record: Record, found: Option<&Found>, approach: &Approach) -> Record {
    approach.note(record, found.map(|found| found.user.id))
}

#[cfg(test)]
mod tests;
