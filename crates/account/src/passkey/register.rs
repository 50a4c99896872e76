//! Registers a passkey of somebody who is signed in and has lately proven it.
//!
//! Promises: the question is bound to the session and spent by the first answer; a credential belongs to one person; the proof
//! that was recent when the question was asked is enough, because the answer must come within five minutes.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, PasskeyId, Secret};
use countersign_session::{AgentFamily, Identity};
use countersign_store::passkey::{HANDLE_LENGTH, MAX_PASSKEYS};
use countersign_store::{Passkey, PasskeyPurpose, User};
use serde_json::Value;

use super::Bond;
use super::authenticate::{PasskeyOptions, PasskeyOptionsVerdict};
use super::provider::provider;
use super::relying_party::{NewCredential, Registration};
use crate::accounts::{Accounts, Told, retrying};
use crate::error::Error;
use crate::factor::Factor;
use crate::field::FieldError;
use crate::method::{Method, Second};
use crate::name::Name;

/// A new passkey as it was received.
#[derive(Debug, Clone)]
pub struct RegisterPasskey {
    /// What the browser's `toJSON` has made of the credential: `RegistrationResponseJSON` of WebAuthn Level 3.
    pub credential: Value,
    /// What to call it; a name is found where none is given.
    pub name: Option<String>,
}

/// What became of a registration.
#[derive(Debug)]
pub enum RegisterPasskeyVerdict {
    /// It is the person's passkey now.
    Registered(Box<RegisteredPasskey>),
    /// Something in the request is unacceptable, or the answer does not count.
    Invalid(Vec<FieldError>),
    /// The session has ended or the account is gone.
    Gone,
}

/// A passkey that was registered.
#[derive(Debug)]
pub struct RegisteredPasskey {
    /// The passkey.
    pub passkey: Passkey,
    /// Recovery codes, where it is the first second factor of somebody who had none: shown this once.
    pub recovery_codes: Vec<Secret<String>>,
}

impl Accounts {
    /// Options for a new passkey.
    ///
    /// # Errors
    /// [`Error`] if the store or the library fails; nothing has changed then.
    pub async fn new_passkey_options(
        &self,
        identity: &Identity,
        origin: &Origin,
    ) -> Result<Told<PasskeyOptionsVerdict>, Error> {
        let Some(site) = self.relying_party() else { return Ok((PasskeyOptionsVerdict::Unavailable, Vec::new())) };
        if !self.sessions().is_recent(identity) {
            return Ok((PasskeyOptionsVerdict::StepUpRequired, Vec::new()));
        }
        let readings = match self.count_question(Some(identity.user), origin).await? {
            Ok(readings) => readings,
            Err(refused) => return Ok(PasskeyOptionsVerdict::limited(refused)),
        };
        let fresh: [u8; HANDLE_LENGTH] = self.env().entropy().bytes();
        let verdict = retrying(|| async {
            let mut tx = self.store().begin().await?;
            let Some(user) = tx.find_user(identity.user).await?.filter(User::is_active) else {
                return Ok(PasskeyOptionsVerdict::Gone);
            };
            // NIST SP 800-63B-4 section 4.1: whoever has a second factor proves one before he gets another.
            let enrolled = self.enrolled_in(tx.as_mut(), user.id).await?;
            if enrolled.has_second_factor() && !self.has_recent_factor_in(tx.as_mut(), identity).await? {
                return Ok(PasskeyOptionsVerdict::FactorRequired(enrolled.factors()));
            }
            let has = tx.list_passkeys(user.id).await?;
            if has.len() >= most() {
                return Ok(PasskeyOptionsVerdict::Invalid(vec![too_many()]));
            }
            let handle = tx.passkey_handle(user.id, &fresh).await?;
            let question = site.ask_for_new(&handle, &user.email, &user.name, &has)?;
            let bond = Bond::Session(identity.session);
            self.ask_in(tx.as_mut(), &question, PasskeyPurpose::Register, Some(user.id), bond).await?;
            tx.commit().await?;
            Ok(PasskeyOptionsVerdict::Options(PasskeyOptions { json: question.options, browser: None }))
        })
        .await?;
        Ok((verdict, readings))
    }

    /// Registers a passkey.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then, save that the question is spent.
    pub async fn register_passkey(
        &self,
        identity: &Identity,
        request: &RegisterPasskey,
        origin: &Origin,
    ) -> Result<RegisterPasskeyVerdict, Error> {
        let name = match request.name.as_deref().map(Name::parse).transpose() {
            Ok(name) => name,
            Err(error) => return Ok(RegisterPasskeyVerdict::Invalid(vec![error])),
        };
        let answer = match Registration::read(&request.credential) {
            Ok(answer) => answer,
            Err(error) => return Ok(RegisterPasskeyVerdict::Invalid(vec![error])),
        };
        let bond = Bond::Session(identity.session);
        let asked = self.take_question(answer.challenge_hash(), PasskeyPurpose::Register, bond).await?;
        let checked = match (self.relying_party(), &asked) {
            (Some(site), Some(asked)) if asked.user == Some(identity.user) => site.register(&asked.state, &answer),
            _ => Err("unknown_challenge"),
        };
        let made = match checked {
            Ok(made) => made,
            Err(reason) => {
                self.refuse_registration(identity, reason, origin).await?;
                let code = if asked.is_none() { expired() } else { refused() };
                return Ok(RegisterPasskeyVerdict::Invalid(vec![code]));
            }
        };
        let name = name.map_or_else(|| first_name(&answer, origin), |name| name.as_str().to_owned());
        retrying(|| self.write_passkey(identity, &made, &name, origin)).await
    }

    async fn write_passkey(
        &self,
        identity: &Identity,
        made: &NewCredential,
        name: &str,
        origin: &Origin,
    ) -> Result<RegisterPasskeyVerdict, Error> {
        let mut tx = self.store().begin().await?;
        let now = tx.now();
        // Held until the end, so that of racing registrations none passes the bound.
        let Some(person) = self.lock_active(tx.as_mut(), identity.user).await? else {
            return Ok(RegisterPasskeyVerdict::Gone);
        };
        let user = person.user();
        if tx.list_passkeys(user.id).await?.len() >= most() {
            return Ok(RegisterPasskeyVerdict::Invalid(vec![too_many()]));
        }
        let passkey = Passkey {
            id: PasskeyId::new(self.env()),
            user: user.id,
            credential_id: made.credential_id.clone(),
            credential: made.credential.clone(),
            name: name.to_owned(),
            transports: made.transports.clone(),
            counter: made.counter,
            backup_eligible: made.backup_eligible,
            backed_up: made.backed_up,
            created_at: now,
            last_used_at: None,
        };
        if !tx.insert_passkey(&passkey).await? {
            drop(tx);
            self.refuse_registration(identity, "taken", origin).await?;
            let taken = FieldError::new("credential", "TAKEN", "This passkey is registered already.");
            return Ok(RegisterPasskeyVerdict::Invalid(vec![taken]));
        }
        // Making it has proven it, here and now.
        let second = Second::Passkey { user_verified: made.user_verified, is_synced: made.backup_eligible };
        let (session, amr) = (identity.session, Method::from(second).amr());
        let stepped = self.sessions().step_up_in(tx.as_mut(), session, amr, now, origin).await?;
        if stepped.is_none_or(|session| session.user != user.id) {
            return Ok(RegisterPasskeyVerdict::Gone);
        }
        tx.note_factor_proof(session, now).await?;
        self.credentials_changed(tx.as_mut(), user.id).await?;
        let record = self.record(tx.as_ref(), Event::FactorAdded, Actor::User(user.id), origin);
        let record = record.of(user.id).in_session(session).with("factor", Factor::Passkey.as_str());
        let record = record.with_name("passkey", &passkey.id.to_string());
        tx.audit(record.with("synced", passkey.backup_eligible.to_string()));
        // Or whoever has nothing but this passkey and a password were locked out with the loss of it.
        let has_codes = self.enrolled_in(tx.as_mut(), user.id).await?.recovery_codes > 0;
        let recovery_codes =
            if has_codes { Vec::new() } else { self.make_recovery_codes_in(tx.as_mut(), user, origin).await? };
        tx.commit().await?;
        Ok(RegisterPasskeyVerdict::Registered(Box::new(RegisteredPasskey { passkey, recovery_codes })))
    }

    async fn refuse_registration(&self, identity: &Identity, reason: &str, origin: &Origin) -> Result<(), Error> {
        self.audit_alone(Event::FactorAdditionFailed, Actor::User(identity.user), origin, |record| {
            let record = record.of(identity.user).in_session(identity.session).refused(reason);
            record.with("factor", Factor::Passkey.as_str())
        })
        .await
    }
}

/// A name that its owner will know it by.
fn first_name(answer: &Registration, origin: &Origin) -> String {
    let agent = || AgentFamily::of(origin.user_agent.as_deref()).label();
    let kept_by = answer.authenticator_data().and_then(provider).map(str::to_owned);
    kept_by.or_else(agent).unwrap_or_else(|| "Passkey".to_owned())
}

fn most() -> usize {
    usize::try_from(MAX_PASSKEYS).unwrap_or(usize::MAX)
}

fn expired() -> FieldError {
    FieldError::new("credential", "EXPIRED", "This took too long, or was answered already. Please begin again.")
}

fn refused() -> FieldError {
    FieldError::new("credential", "REFUSED", "This passkey cannot be registered here.")
}

fn too_many() -> FieldError {
    FieldError::new("credential", "TOO_MANY", format!("{MAX_PASSKEYS} passkeys are the most. Delete one first."))
}
