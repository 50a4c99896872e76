//! Proves a person again in a running session, so that what is dangerous may follow.
//!
//! Promises: the session keeps its id and its refresh token; only its `auth_time` and `amr` move. Tries are counted by account.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, Secret, SessionId};
use countersign_limit::Refused;
use countersign_password::Busy;
use countersign_session::{Identity, IssuedAccess, Session};
use countersign_store::{PasskeyPurpose, PasswordHash, Tx, User};

use crate::accounts::{Accounts, Told, retrying, same_hash};
use crate::code::ClockDrift;
use crate::error::Error;
use crate::method::{Method, Second};
use crate::passkey::Bond;
use crate::presented::{CheckedFactor, FactorVerdict, PresentedFactor, WrongFactor};
use crate::recheck::{Recheck, TRIES};

/// What became of a step-up.
#[derive(Debug)]
pub enum StepUpVerdict {
    /// Proven: a new access token of the same session.
    SteppedUp(IssuedAccess),
    /// Not the password.
    Failed,
    /// Not the code.
    WrongCode(Option<ClockDrift>),
    /// Not the passkey's answer.
    WrongPasskey,
    /// Too many tries.
    Limited(Refused),
    /// Too many passwords wait to be hashed.
    Busy(Busy),
    /// The session has ended or the account is gone.
    Gone,
}

enum Settled {
    Done(Box<(User, Session)>),
    Wrong(WrongFactor),
    Gone,
    Moved,
}

impl From<WrongFactor> for StepUpVerdict {
    fn from(wrong: WrongFactor) -> Self {
        match wrong {
            WrongFactor::Code { drift, .. } => Self::WrongCode(drift),
            WrongFactor::Passkey(_) => Self::WrongPasskey,
        }
    }
}

impl Accounts {
    /// Steps up by password.
    ///
    /// # Errors
    /// [`Error`] if the store, the hasher or the signer fails.
    pub async fn step_up(
        &self,
        identity: &Identity,
        password: &Secret<String>,
        origin: &Origin,
    ) -> Result<Told<StepUpVerdict>, Error> {
        for _ in 0..TRIES {
            let (hash, charge) = match self.recheck(identity, password, Event::StepUpFailed, origin).await? {
                Recheck::Proven { hash, charge } => (hash, charge),
                Recheck::Failed(readings) => return Ok((StepUpVerdict::Failed, readings)),
                Recheck::Busy(busy, readings) => return Ok((StepUpVerdict::Busy(busy), readings)),
                Recheck::Limited(refused) => {
                    let readings = refused.readings.clone();
                    return Ok((StepUpVerdict::Limited(refused), readings));
                }
            };
            let settled = retrying(|| self.write_step_up(identity, &hash, origin)).await?;
            let readings = charge.give_back(self).await;
            match settled {
                Settled::Moved => {}
                Settled::Gone => return Ok((StepUpVerdict::Gone, readings)),
                Settled::Wrong(wrong) => return Ok((wrong.into(), readings)),
                Settled::Done(done) => {
                    let (user, session) = *done;
                    return Ok((
                        StepUpVerdict::SteppedUp(self.sessions().access_for(&session, &user).await?),
                        readings,
                    ));
                }
            }
        }
        Err(Error::KeptChanging)
    }

    /// Steps up by a second factor. Tries count together with those of sign-ins.
    ///
    /// # Errors
    /// [`Error`] if the store or the signer fails; nothing has changed then, save that the try stays counted and a passkey's question
    /// spent.
    pub async fn step_up_with_factor(
        &self,
        identity: &Identity,
        factor: &PresentedFactor,
        origin: &Origin,
    ) -> Result<Told<StepUpVerdict>, Error> {
        let charge = match self.charge_second_factor(identity.user, Actor::User(identity.user), origin).await? {
            Ok(charge) => charge,
            Err(refused) => {
                let readings = refused.readings.clone();
                return Ok((StepUpVerdict::Limited(refused), readings));
            }
        };
        let bond = Bond::Session(identity.session);
        let factor = self.check_factor(factor, PasskeyPurpose::StepUp, identity.user, bond).await?;
        match retrying(|| self.write_factor_step_up(identity, &factor, origin)).await? {
            Settled::Wrong(wrong) => Ok((wrong.into(), charge.keep())),
            Settled::Gone | Settled::Moved => Ok((StepUpVerdict::Gone, charge.give_back(self).await)),
            Settled::Done(done) => {
                let (user, session) = *done;
                let access = self.sessions().access_for(&session, &user).await?;
                Ok((StepUpVerdict::SteppedUp(access), charge.give_back(self).await))
            }
        }
    }

    async fn write_factor_step_up(
        &self,
        identity: &Identity,
        factor: &CheckedFactor<'_>,
        origin: &Origin,
    ) -> Result<Settled, Error> {
        let mut tx = self.store().begin().await?;
        let Some(person) = self.lock_active(tx.as_mut(), identity.user).await? else { return Ok(Settled::Gone) };
        let user = person.user().clone();
        match self.prove_factor_in(tx.as_mut(), &user, factor, origin).await? {
            FactorVerdict::Right(second) => self.write_second_factor(tx, user, identity.session, second, origin).await,
            FactorVerdict::Wrong(wrong) => {
                let record = self.record(tx.as_ref(), Event::StepUpFailed, Actor::User(user.id), origin);
                let record = record.of(user.id).in_session(identity.session);
                self.audit_wrong_factor_in(tx.as_mut(), &wrong, record, origin);
                tx.commit().await?;
                Ok(Settled::Wrong(wrong))
            }
        }
    }

    /// Notes in a running session that its person has proven a second factor, and commits the transaction that judged it.
    async fn write_second_factor(
        &self,
        mut tx: Box<dyn Tx>,
        user: User,
        session: SessionId,
        second: Second,
        origin: &Origin,
    ) -> Result<Settled, Error> {
        let (method, now) = (Method::from(second), tx.now());
        let stepped = self.sessions().step_up_in(tx.as_mut(), session, method.amr(), now, origin).await?;
        let Some(session) = stepped.filter(|session| session.user == user.id) else { return Ok(Settled::Gone) };
        tx.note_factor_proof(session.id, now).await?;
        let record = self.record(tx.as_ref(), Event::SteppedUp, Actor::User(user.id), origin);
        tx.audit(record.of(user.id).in_session(session.id).with("amr", method.amr().join(" ")));
        tx.commit().await?;
        Ok(Settled::Done(Box::new((user, session))))
    }

    async fn write_step_up(&self, identity: &Identity, hash: &PasswordHash, origin: &Origin) -> Result<Settled, Error> {
        let mut tx = self.store().begin().await?;
        let Some(user) = tx.find_user(identity.user).await?.filter(User::is_active) else { return Ok(Settled::Gone) };
        if !same_hash(tx.find_password(user.id).await?.as_ref(), Some(hash)) {
            return Ok(Settled::Moved);
        }
        let now = tx.now();
        let stepped =
            self.sessions().step_up_in(tx.as_mut(), identity.session, Method::Password.amr(), now, origin).await?;
        let Some(session) = stepped.filter(|s| s.user == user.id) else { return Ok(Settled::Gone) };
        let record = self.record(tx.as_ref(), Event::SteppedUp, Actor::User(user.id), origin);
        tx.audit(record.of(user.id).in_session(session.id).with("amr", Method::Password.amr().join(" ")));
        tx.commit().await?;
        Ok(Settled::Done(Box::new((user, session))))
    }
}
