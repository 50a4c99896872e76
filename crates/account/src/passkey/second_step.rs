//! Goes on with a sign-in, or with a session, by a passkey.
//!
//! Promises: those of a typed code (`second_factor.rs`): whose passkey must answer is said by the pending sign-in or the session and by
//! nothing else, tries are counted before anything is checked, and the use of the passkey, the pending sign-in and the session are
//! one transaction. Besides, the question was put for this very sign-in or session, and is spent.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, Secret};
use countersign_session::Identity;
use countersign_store::{PasskeyPurpose, PendingSignIn};

use super::Bond;
use super::authenticate::{PasskeyOptionsVerdict, PasskeyProof, ProvenPasskey};
use super::relying_party::PasskeyAnswer;
use crate::accounts::{Accounts, Told, retrying};
use crate::ceremony::{Entry, Proceeded, SignInDoor};
use crate::error::Error;
use crate::limits::Charge;
use crate::method::Second;
use crate::second_factor::{SecondStepVerdict, resumed};
use crate::step_up::{Settled as SteppedUp, StepUpVerdict};

/// The second step of a sign-in by a passkey, as it was received.
#[derive(Debug, Clone)]
pub struct PasskeyStep {
    /// What names the pending sign-in.
    pub token: Secret<String>,
    /// The passkey's answer.
    pub answer: PasskeyAnswer,
    /// What came along. How the session's tokens travel was said by the first step.
    pub door: SignInDoor,
}

/// What the transaction has done.
enum Settled {
    Proceeded(Proceeded),
    Refused,
    Over,
}

impl Accounts {
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

    /// Goes on with a sign-in by a passkey.
    ///
    /// # Errors
    /// [`Error`] if the store or the sessions fail; nothing has changed then, save that the question is spent and the try counted.
    pub async fn second_step_with_passkey(
        &self,
        request: &PasskeyStep,
        origin: &Origin,
    ) -> Result<Told<SecondStepVerdict>, Error> {
        let told = self.judge_passkey_step(request, origin).await;
        self.count_second_step(&told);
        told
    }

    async fn judge_passkey_step(
        &self,
        request: &PasskeyStep,
        origin: &Origin,
    ) -> Result<Told<SecondStepVerdict>, Error> {
        let Some(pending) = self.find_pending(&request.token, &request.door).await? else {
            return Ok((SecondStepVerdict::Over, Vec::new()));
        };
        let charge = match self.charge_second_factor(&pending, origin).await? {
            Ok(charge) => charge,
            Err(refused) => {
                let readings = refused.readings.clone();
                return Ok((SecondStepVerdict::Limited(refused), readings));
            }
        };
        let bond = Bond::PendingSignIn(request.token.expose());
        let proof = self.check_passkey(&request.answer, PasskeyPurpose::SecondFactor, Some(pending.user), bond).await?;
        let settled = retrying(|| self.write_passkey_step(&pending, &proof, &request.door, origin)).await?;
        Ok(match settled {
            Settled::Over => (SecondStepVerdict::Over, charge.give_back(self)),
            Settled::Refused => (SecondStepVerdict::WrongPasskey, charge.keep()),
            Settled::Proceeded(Proceeded::SignedIn(opened)) => {
                (SecondStepVerdict::SignedIn(opened), charge.give_back(self))
            }
            Settled::Proceeded(Proceeded::SecondFactorNeeded(needed)) => {
                (SecondStepVerdict::SecondFactorNeeded(needed), charge.give_back(self))
            }
        })
    }

    async fn write_passkey_step(
        &self,
        pending: &PendingSignIn,
        proof: &PasskeyProof,
        door: &SignInDoor,
        origin: &Origin,
    ) -> Result<Settled, Error> {
        let mut tx = self.store().begin().await?;
        let Some(person) = self.try_pending_in(tx.as_mut(), pending).await? else { return Ok(Settled::Over) };
        let refused = match proof {
            PasskeyProof::Refused(refused) => Some(refused.clone()),
            PasskeyProof::Proven(proven) => self.use_passkey_in(tx.as_mut(), proven).await?,
        };
        let proven = match (proof, refused) {
            (PasskeyProof::Proven(proven), None) => proven,
            (_, refused) => {
                let refused = refused.unwrap_or_default();
                let record = self.record(tx.as_ref(), Event::SignInFailed, Actor::Anonymous, origin);
                let record = refused.note(record.of(pending.user));
                tx.audit(record);
                self.audit_clone_in(tx.as_mut(), &refused, origin);
                tx.commit().await?;
                self.count_sign_in_failed("passkey_refused");
                return Ok(Settled::Refused);
            }
        };
        let second = second_of(proven);
        let Some(all) = self.take_pending_in(tx.as_mut(), person, pending, second).await? else {
            return Ok(Settled::Over);
        };
        let door = resumed(door, pending);
        let entry = Entry { door: &door, approach: None, origin };
        Ok(Settled::Proceeded(self.proceed(tx, all, &entry).await?))
    }

    /// Steps up by a passkey. Tries count together with those of other second factors.
    ///
    /// # Errors
    /// [`Error`] if the store or the signer fails; nothing has changed then, save that the question is spent and the try counted.
    pub async fn step_up_with_passkey(
        &self,
        identity: &Identity,
        answer: &PasskeyAnswer,
        origin: &Origin,
    ) -> Result<Told<StepUpVerdict>, Error> {
        let charge = match Charge::take(self, self.buckets().second_factor(&identity.user.to_bytes())) {
            Ok(charge) => charge,
            Err(refused) => {
                let actor = Actor::User(identity.user);
                self.audit_limit(&refused, actor, Some(identity.user), origin, "second_factor").await?;
                let readings = refused.readings.clone();
                return Ok((StepUpVerdict::Limited(refused), readings));
            }
        };
        let bond = Bond::Session(identity.session);
        let proof = self.check_passkey(answer, PasskeyPurpose::StepUp, Some(identity.user), bond).await?;
        match retrying(|| self.write_passkey_step_up(identity, &proof, origin)).await? {
            None => Ok((StepUpVerdict::WrongPasskey, charge.keep())),
            Some(SteppedUp::Done(done)) => {
                let (user, session) = *done;
                let access = self.sessions().access_for(&session, &user)?;
                Ok((StepUpVerdict::SteppedUp(access), charge.give_back(self)))
            }
            Some(_) => Ok((StepUpVerdict::Gone, charge.give_back(self))),
        }
    }

    /// None where the answer does not count; that is on record then.
    async fn write_passkey_step_up(
        &self,
        identity: &Identity,
        proof: &PasskeyProof,
        origin: &Origin,
    ) -> Result<Option<SteppedUp>, Error> {
        let mut tx = self.store().begin().await?;
        let Some(person) = self.lock_active(tx.as_mut(), identity.user).await? else {
            return Ok(Some(SteppedUp::Gone));
        };
        let refused = match proof {
            PasskeyProof::Refused(refused) => Some(refused.clone()),
            PasskeyProof::Proven(proven) => self.use_passkey_in(tx.as_mut(), proven).await?,
        };
        match (proof, refused) {
            (PasskeyProof::Proven(proven), None) => {
                let user = person.user().clone();
                let second = second_of(proven);
                Ok(Some(self.write_second_factor(tx, user, identity.session, second, origin).await?))
            }
            (_, refused) => {
                let refused = refused.unwrap_or_default();
                let actor = Actor::User(identity.user);
                let record = self.record(tx.as_ref(), Event::StepUpFailed, actor, origin);
                tx.audit(refused.note(record.of(identity.user).in_session(identity.session)));
                self.audit_clone_in(tx.as_mut(), &refused, origin);
                tx.commit().await?;
                Ok(None)
            }
        }
    }
}

/// What a passkey is as a second factor.
const fn second_of(proven: &ProvenPasskey) -> Second {
    Second::Passkey { user_verified: proven.user_verified(), is_synced: proven.is_synced() }
}
