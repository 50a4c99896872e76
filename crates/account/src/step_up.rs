//! Proves a person again in a running session, so that what is dangerous may follow.
//!
//! Promises: the session keeps its id and its refresh token; only its `auth_time` and `amr` move. Tries are counted by account.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, Secret};
use countersign_limit::Refused;
use countersign_password::Busy;
use countersign_session::{Identity, IssuedAccess, Session};
use countersign_store::{PasswordHash, User};

use crate::accounts::{Accounts, Told, retrying, same_hash};
use crate::error::Error;
use crate::recheck::{Recheck, TRIES};
use crate::sign_up::PASSWORD_AMR;

/// What became of a step-up.
#[derive(Debug)]
pub enum StepUpVerdict {
    /// Proven: a new access token of the same session.
    SteppedUp(IssuedAccess),
    /// Not the password.
    Failed,
    /// Too many tries.
    Limited(Refused),
    /// Too many passwords wait to be hashed.
    Busy(Busy),
    /// The session has ended or the account is gone.
    Gone,
}

enum Settled {
    Done(Box<(User, Session)>),
    Gone,
    Moved,
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
            let readings = charge.give_back(self);
            match settled {
                Settled::Moved => {}
                Settled::Gone => return Ok((StepUpVerdict::Gone, readings)),
                Settled::Done(done) => {
                    let (user, session) = *done;
                    return Ok((StepUpVerdict::SteppedUp(self.sessions().access_for(&session, &user)?), readings));
                }
            }
        }
        Err(Error::KeptChanging)
    }

    async fn write_step_up(&self, identity: &Identity, hash: &PasswordHash, origin: &Origin) -> Result<Settled, Error> {
        let mut tx = self.store().begin().await?;
        let Some(user) = tx.find_user(identity.user).await?.filter(User::is_active) else { return Ok(Settled::Gone) };
        if !same_hash(tx.find_password(user.id).await?.as_ref(), Some(hash)) {
            return Ok(Settled::Moved);
        }
        let now = tx.now();
        let stepped = self.sessions().step_up_in(tx.as_mut(), identity.session, &[PASSWORD_AMR], now, origin).await?;
        let Some(session) = stepped.filter(|s| s.user == user.id) else { return Ok(Settled::Gone) };
        let record = self.record(tx.as_ref(), Event::SteppedUp, Actor::User(user.id), origin);
        tx.audit(record.of(user.id).in_session(session.id).with("amr", PASSWORD_AMR));
        tx.commit().await?;
        Ok(Settled::Done(Box::new((user, session))))
    }
}
