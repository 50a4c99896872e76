//! Asks authenticators, and checks what they answer: as the only proof, as a second factor, or again in a session.
//!
//! Promises: what is asked of a stranger is the same whoever he is, because nobody is looked up; an answer spends its question
//! before it is looked at; the passkey belongs to whom the question was put to, or, where nobody was named, to whom the
//! authenticator names; its use is written by one conditional statement in the transaction that lets the person in, so that of a
//! passkey and its clone one gets in and the other is on record.

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{Origin, Secret, UserId};
use countersign_limit::Refused;
use countersign_session::Identity;
use countersign_store::{Delivery, Passkey, PasskeyPurpose, PasskeyUse, Tx};
use serde_json::Value;

use super::Bond;
use super::relying_party::{COUNTER_BACK, PasskeyAnswer, Refusal, Shown};
use crate::accounts::{Accounts, Told, retrying};
use crate::ceremony::SignInDoor;
use crate::error::Error;
use crate::factor::Factor;
use crate::field::FieldError;
use crate::method::Second;

/// What became of the wish to be asked.
#[derive(Debug)]
pub enum PasskeyOptionsVerdict {
    /// What is to be asked.
    Options(PasskeyOptions),
    /// Something stands against it.
    Invalid(Vec<FieldError>),
    /// The person has no passkey to answer with.
    NoPasskey,
    /// The sign-in is too old for this.
    StepUpRequired,
    /// Too many questions.
    Limited(Refused),
    /// The person has a second factor, and one of these must be proven first, lately.
    FactorRequired(Vec<Factor>),
    /// The session has ended, or the account is gone.
    Gone,
    /// There is no such sign-in to go on with, or no more: begin anew.
    Over,
    /// The public URL's host is an address: browsers have no passkeys for those.
    Unavailable,
}

/// What an authenticator is to be asked.
#[derive(Debug)]
pub struct PasskeyOptions {
    /// What a browser's `parse…FromJSON` takes: `PublicKeyCredentialCreationOptionsJSON` or
    /// `PublicKeyCredentialRequestOptionsJSON` of WebAuthn Level 3.
    pub json: Value,
    /// What binds the answer to the browser, as the `pending` cookie; none where something else does.
    pub browser: Option<Secret<String>>,
}

/// A checked answer.
pub(crate) enum PasskeyProof {
    /// It is good. Nothing is written yet.
    Proven(Box<ProvenPasskey>),
    /// It does not count.
    Refused(RefusedPasskey),
}

/// Why an answer does not count.
#[derive(Debug, Clone, Default)]
pub(crate) struct RefusedPasskey {
    /// A stable word for the audit trail.
    pub(crate) reason: Refusal,
    /// The passkey, where it is known and its owner's to answer for.
    pub(crate) passkey: Option<Box<Passkey>>,
}

/// A passkey that has given a good answer.
pub(crate) struct ProvenPasskey {
    passkey: Passkey,
    shown: Shown,
}

impl ProvenPasskey {
    /// Whose it is.
    pub(crate) const fn user(&self) -> UserId {
        self.passkey.user
    }

    /// Whether the authenticator has checked who holds it.
    pub(crate) const fn user_verified(&self) -> bool {
        self.shown.user_verified
    }

    /// Whether the key may leave its device.
    pub(crate) const fn is_synced(&self) -> bool {
        self.passkey.backup_eligible
    }

    /// What it is as a second factor.
    pub(crate) const fn as_second(&self) -> Second {
        Second::Passkey { user_verified: self.user_verified(), is_synced: self.is_synced() }
    }

    /// Refuses it after all.
    pub(crate) fn refused(&self, reason: Refusal) -> RefusedPasskey {
        RefusedPasskey { reason, passkey: Some(Box::new(self.passkey.clone())) }
    }
}

impl RefusedPasskey {
    /// Writes it into the record of the refusal.
    pub(crate) fn note(&self, record: Record) -> Record {
        let record = record.refused(&format!("passkey_{}", self.reason));
        match &self.passkey {
            Some(passkey) => record.of(passkey.user).with_name("passkey", &passkey.id.to_string()),
            None => record,
        }
    }
}

impl PasskeyOptionsVerdict {
    pub(super) fn limited(refused: Refused) -> Told<Self> {
        let readings = refused.readings.clone();
        (Self::Limited(refused), readings)
    }
}

impl Accounts {
    /// Options for a sign-in by passkey through this door, for whoever it may be.
    ///
    /// # Errors
    /// [`Error`] if the store or the library fails; nothing has changed then.
    pub async fn passkey_options(
        &self,
        door: &SignInDoor,
        origin: &Origin,
    ) -> Result<Told<PasskeyOptionsVerdict>, Error> {
        let browser = (door.delivery == Delivery::Cookie).then(|| self.browser_of(door));
        let bond = browser.as_ref().map_or(Bond::Program, |browser| Bond::Browser(browser.expose()));
        let (mut verdict, readings) = self.put_question(&[], PasskeyPurpose::SignIn, None, bond, origin).await?;
        if let PasskeyOptionsVerdict::Options(options) = &mut verdict {
            options.browser = browser;
        }
        Ok((verdict, readings))
    }

    /// Options for a passkey as the second factor of this pending sign-in.
    ///
    /// # Errors
    /// [`Error`] if the store or the library fails; nothing has changed then.
    pub async fn second_step_passkey_options(
        &self,
        token: &Secret<String>,
        door: &SignInDoor,
        origin: &Origin,
    ) -> Result<Told<PasskeyOptionsVerdict>, Error> {
        let Some(pending) = self.find_pending(token, door).await? else {
            return Ok((PasskeyOptionsVerdict::Over, Vec::new()));
        };
        let passkeys = self.list_passkeys(pending.user).await?;
        let (user, bond) = (Some(pending.user), Bond::PendingSignIn(token.expose()));
        self.put_question(&passkeys, PasskeyPurpose::SecondFactor, user, bond, origin).await
    }

    /// Options for proving oneself again in a session.
    ///
    /// # Errors
    /// [`Error`] if the store or the library fails; nothing has changed then.
    pub async fn step_up_passkey_options(
        &self,
        identity: &Identity,
        origin: &Origin,
    ) -> Result<Told<PasskeyOptionsVerdict>, Error> {
        let passkeys = self.list_passkeys(identity.user).await?;
        let bond = Bond::Session(identity.session);
        self.put_question(&passkeys, PasskeyPurpose::StepUp, Some(identity.user), bond, origin).await
    }

    /// Asks, and keeps the question. Where somebody is named, one of his passkeys is to answer.
    pub(crate) async fn put_question(
        &self,
        passkeys: &[Passkey],
        purpose: PasskeyPurpose,
        user: Option<UserId>,
        bond: Bond<'_>,
        origin: &Origin,
    ) -> Result<Told<PasskeyOptionsVerdict>, Error> {
        let Some(site) = self.relying_party() else { return Ok((PasskeyOptionsVerdict::Unavailable, Vec::new())) };
        if user.is_some() && passkeys.is_empty() {
            return Ok((PasskeyOptionsVerdict::NoPasskey, Vec::new()));
        }
        let readings = match self.count_question(user, origin).await? {
            Ok(readings) => readings,
            Err(refused) => return Ok(PasskeyOptionsVerdict::limited(refused)),
        };
        let question = site.ask(passkeys, purpose)?;
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            self.ask_in(tx.as_mut(), &question, purpose, user, bond).await?;
            Ok(tx.commit().await?)
        })
        .await?;
        Ok((PasskeyOptionsVerdict::Options(PasskeyOptions { json: question.options, browser: None }), readings))
    }

    /// Spends the question that the answer names, and checks the answer. `user` is whom it must be, where that is known already.
    pub(crate) async fn check_passkey(
        &self,
        answer: &PasskeyAnswer,
        purpose: PasskeyPurpose,
        user: Option<UserId>,
        bond: Bond<'_>,
    ) -> Result<PasskeyProof, Error> {
        let refused = |reason, passkey| Ok(PasskeyProof::Refused(RefusedPasskey { reason, passkey }));
        let asked =
            self.take_question(answer.challenge_hash(), purpose, bond).await?.filter(|asked| asked.user == user);
        let (Some(site), Some(asked)) = (self.relying_party(), asked) else {
            return refused("unknown_challenge", None);
        };
        let mut tx = self.store().snapshot().await?;
        let Some(passkey) = tx.find_passkey_by_credential(answer.credential_id()).await? else {
            return refused("unknown_passkey", None);
        };
        let handle = tx.find_passkey_handle(passkey.user).await?;
        drop(tx);
        // WebAuthn Level 3 section 7.2, step 6: of somebody who was named it must be the passkey; of nobody, the authenticator
        // must name him.
        let names = answer.user_handle().map(|named| handle.as_ref().is_some_and(|own| own.as_slice() == named));
        let is_owner = match user {
            Some(user) => passkey.user == user && names != Some(false),
            None => names == Some(true),
        };
        if !is_owner {
            return refused("not_the_owner", None);
        }
        match site.check(&asked.state, answer, &passkey) {
            Ok(shown) => Ok(PasskeyProof::Proven(Box::new(ProvenPasskey { passkey, shown }))),
            Err(reason) => refused(reason, Some(Box::new(passkey))),
        }
    }

    /// Writes the use down, in the transaction that lets its owner in; the refusal, where the counter has moved meanwhile or the
    /// passkey is gone: then nothing is written.
    pub(crate) async fn use_passkey_in(
        &self,
        tx: &mut dyn Tx,
        proven: &ProvenPasskey,
    ) -> Result<Option<RefusedPasskey>, Error> {
        let ProvenPasskey { passkey, shown } = proven;
        let seen = PasskeyUse { counter: shown.counter, backed_up: shown.backed_up, at: tx.now() };
        if tx.use_passkey(passkey.id, &seen).await? {
            return Ok(None);
        }
        let there = tx.find_passkey_by_credential(&passkey.credential_id).await?;
        Ok(Some(match there.filter(|there| there.id == passkey.id) {
            Some(there) => RefusedPasskey { reason: COUNTER_BACK, passkey: Some(Box::new(there)) },
            None => RefusedPasskey { reason: "unknown_passkey", passkey: None },
        }))
    }

    /// Puts on record, in the caller's transaction, that a passkey may have been copied, if that is why it was refused.
    pub(crate) fn audit_clone_in(&self, tx: &mut dyn Tx, refused: &RefusedPasskey, origin: &Origin) {
        if let (COUNTER_BACK, Some(passkey)) = (refused.reason, &refused.passkey) {
            let record = self.record(tx, Event::PasskeyCloneSuspected, Actor::Anonymous, origin).of(passkey.user);
            tx.audit(record.refused(COUNTER_BACK).with_name("passkey", &passkey.id.to_string()));
        }
    }
}
