//! Completes a sign-in with a second factor.
//!
//! Promises: whose code is checked is said by the pending sign-in and by nothing else; what names no pending sign-in of this browser,
//! and one that is over, used, voided or tried out, get one answer; tries are counted before anything is compared, five a pending
//! sign-in in the database and, over all of them, as many a person as `second_factor_account` allows; the code, the pending sign-in
//! and the session are one transaction, so that of racing calls one opens a session. A passkey's question was put for this very sign-in,
//! and is spent.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, Secret, UserId};
use countersign_limit::Refused;
use countersign_store::{PasskeyPurpose, PendingSignIn, Tx};

use crate::accounts::{Accounts, Opened, Told, retrying};
use crate::ceremony::{Entry, Locked, MOST_TRIES, Proceeded, Proven, SecondFactorNeeded, SignInDoor, hash_of};
use crate::code::ClockDrift;
use crate::error::Error;
use crate::limits::Charge;
use crate::method::Second;
use crate::passkey::Bond;
use crate::presented::{CheckedFactor, FactorVerdict, PresentedFactor, WrongFactor};

/// The second step of a sign-in, as it was received.
#[derive(Debug, Clone)]
pub struct SecondStep {
    /// What names the pending sign-in.
    pub token: Secret<String>,
    /// What proves the second factor.
    pub factor: PresentedFactor,
    /// What came along. How the session's tokens travel was said by the first step.
    pub door: SignInDoor,
}

/// What became of the second step.
#[derive(Debug)]
pub enum SecondStepVerdict {
    /// A session is open.
    SignedIn(Box<Opened>),
    /// It is still not enough.
    SecondFactorNeeded(Box<SecondFactorNeeded>),
    /// Not the code. Another may be tried, five in all.
    Failed(Option<ClockDrift>),
    /// Not the passkey's answer. Another may be tried, five in all.
    WrongPasskey,
    /// There is no such sign-in to go on with, or no more: begin anew.
    Over,
    /// Too many tries.
    Limited(Refused),
}

/// What the transaction has done.
enum Settled {
    Proceeded(Proceeded),
    Failed(WrongFactor),
    Over,
}

impl From<WrongFactor> for SecondStepVerdict {
    fn from(wrong: WrongFactor) -> Self {
        match wrong {
            WrongFactor::Code { drift, .. } => Self::Failed(drift),
            WrongFactor::Passkey(_) => Self::WrongPasskey,
        }
    }
}

impl Accounts {
    /// Goes on with a sign-in by a second factor.
    ///
    /// # Errors
    /// [`Error`] if the store or the sessions fail; nothing has changed then, save that the try stays counted and a passkey's question
    /// spent.
    pub async fn second_step(&self, request: &SecondStep, origin: &Origin) -> Result<Told<SecondStepVerdict>, Error> {
        let told = self.judge_second_step(request, origin).await;
        self.count_second_step(&told);
        told
    }

    async fn judge_second_step(&self, request: &SecondStep, origin: &Origin) -> Result<Told<SecondStepVerdict>, Error> {
        let Some(pending) = self.find_pending(&request.token, &request.door).await? else {
            return Ok((SecondStepVerdict::Over, Vec::new()));
        };
        let charge = match self.charge_second_factor(pending.user, Actor::Anonymous, origin).await? {
            Ok(charge) => charge,
            Err(refused) => {
                let readings = refused.readings.clone();
                return Ok((SecondStepVerdict::Limited(refused), readings));
            }
        };
        let bond = Bond::PendingSignIn(request.token.expose());
        let factor = self.check_factor(&request.factor, PasskeyPurpose::SecondFactor, pending.user, bond).await?;
        let settled = retrying(|| self.write_second_step(&pending, &factor, &request.door, origin)).await?;
        Ok(match settled {
            Settled::Over => (SecondStepVerdict::Over, charge.give_back(self).await),
            Settled::Failed(wrong) => (wrong.into(), charge.keep()),
            Settled::Proceeded(Proceeded::SignedIn(opened)) => {
                (SecondStepVerdict::SignedIn(opened), charge.give_back(self).await)
            }
            Settled::Proceeded(Proceeded::SecondFactorNeeded(needed)) => {
                (SecondStepVerdict::SecondFactorNeeded(needed), charge.give_back(self).await)
            }
        })
    }

    async fn write_second_step(
        &self,
        pending: &PendingSignIn,
        factor: &CheckedFactor<'_>,
        door: &SignInDoor,
        origin: &Origin,
    ) -> Result<Settled, Error> {
        let mut tx = self.store().begin().await?;
        let Some(person) = self.try_pending_in(tx.as_mut(), pending).await? else { return Ok(Settled::Over) };
        let user = person.user().clone();
        match self.prove_factor_in(tx.as_mut(), &user, factor, origin).await? {
            FactorVerdict::Right(second) => {
                let Some(proven) = self.take_pending_in(tx.as_mut(), person, pending, second).await? else {
                    return Ok(Settled::Over);
                };
                let door = resumed(door, pending);
                let entry = Entry { door: &door, approach: None, origin };
                Ok(Settled::Proceeded(self.proceed(tx, proven, &entry).await?))
            }
            FactorVerdict::Wrong(wrong) => {
                let record = self.record(tx.as_ref(), Event::SignInFailed, Actor::Anonymous, origin).of(user.id);
                self.audit_wrong_factor_in(tx.as_mut(), &wrong, record, origin);
                tx.commit().await?;
                self.count_sign_in_failed(wrong.reason());
                Ok(Settled::Failed(wrong))
            }
        }
    }

    /// The pending sign-in that this token names, if it waits and is this browser's.
    pub(crate) async fn find_pending(
        &self,
        token: &Secret<String>,
        door: &SignInDoor,
    ) -> Result<Option<PendingSignIn>, Error> {
        let mut tx = self.store().snapshot().await?;
        let now = tx.now();
        let pending = tx.find_pending_sign_in(&hash_of(token), now).await?;
        let brought = door.pending_cookie.as_ref().map(hash_of);
        // Hashes: how much of one is right tells nothing of what it is a hash of.
        Ok(pending.filter(|pending| pending.browser_hash.is_none() || pending.browser_hash == brought))
    }

    /// Counts a try at a second factor, over all of the person's pending sign-ins and sessions.
    pub(crate) async fn charge_second_factor(
        &self,
        user: UserId,
        actor: Actor,
        origin: &Origin,
    ) -> Result<Result<Charge, Refused>, Error> {
        match Charge::take(self, self.buckets().second_factor(&user.to_bytes())).await {
            Ok(charge) => Ok(Ok(charge)),
            Err(refused) => {
                self.audit_limit(&refused, actor, Some(user), origin, "second_factor").await?;
                Ok(Err(refused))
            }
        }
    }

    /// Locks the person and counts a try at this pending sign-in; none where it is over.
    async fn try_pending_in(&self, tx: &mut dyn Tx, pending: &PendingSignIn) -> Result<Option<Locked>, Error> {
        // The person first, as everybody does who locks both.
        let Some(person) = self.lock_active(tx, pending.user).await? else { return Ok(None) };
        let now = tx.now();
        let tried = tx.try_pending_sign_in(&pending.token_hash, MOST_TRIES, now).await?;
        Ok(tried.map(|_| person))
    }

    /// Takes the pending sign-in and goes on with what it had proven, and this; none where it is over.
    async fn take_pending_in(
        &self,
        tx: &mut dyn Tx,
        person: Locked,
        pending: &PendingSignIn,
        second: Second,
    ) -> Result<Option<Proven>, Error> {
        let now = tx.now();
        if !tx.take_pending_sign_in(&pending.token_hash, now).await? {
            return Ok(None);
        }
        Ok(person.resumes(pending).map(|proven| proven.and(second)))
    }
}

/// The door of the second step, with what was said at the first.
fn resumed(door: &SignInDoor, pending: &PendingSignIn) -> SignInDoor {
    SignInDoor { delivery: pending.delivery, remember: pending.remember, ..door.clone() }
}
