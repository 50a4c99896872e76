//! Signs somebody in with a passkey and nothing else.
//!
//! Promises: nobody is named before the answer is good; every answer that does not count gets the same refusal, and its reason is on
//! record; answers that do not count are limited by address, good ones cost nothing; the passkey has checked who holds it, whatever
//! the policy, because it is the only proof.

use countersign_audit::{Actor, Event};
use countersign_kernel::Origin;
use countersign_store::{Delivery, PasskeyPurpose};

use super::Bond;
use super::authenticate::{PasskeyProof, ProvenPasskey, RefusedPasskey};
use super::relying_party::PasskeyAnswer;
use crate::accounts::{Accounts, Told, retrying};
use crate::ceremony::{Entry, Proceeded, SignInDoor};
use crate::error::Error;
use crate::limits::{Charge, source};
use crate::method::First;
use crate::sign_in::SignInVerdict;

/// What the transaction has done.
enum Settled {
    Proceeded(Proceeded),
    Refused(RefusedPasskey),
    Unverified,
}

impl Accounts {
    /// Signs in by passkey.
    ///
    /// # Errors
    /// [`Error`] if the store or the sessions fail; nothing has changed then, save that the question is spent and the try counted.
    pub async fn sign_in_with_passkey(
        &self,
        answer: &PasskeyAnswer,
        door: &SignInDoor,
        origin: &Origin,
    ) -> Result<Told<SignInVerdict>, Error> {
        let told = self.judge_passkey_sign_in(answer, door, origin).await;
        self.count_sign_in(&told);
        told
    }

    async fn judge_passkey_sign_in(
        &self,
        answer: &PasskeyAnswer,
        door: &SignInDoor,
        origin: &Origin,
    ) -> Result<Told<SignInVerdict>, Error> {
        let charge = match Charge::take(self, self.buckets().passkey_from(&source(origin))).await {
            Ok(charge) => charge,
            Err(refused) => {
                self.audit_limit(&refused, Actor::Anonymous, None, origin, "passkey_sign_in").await?;
                let readings = refused.readings.clone();
                return Ok((SignInVerdict::Limited(refused), readings));
            }
        };
        // A browser without the cookie is bound to a text that no cookie has.
        let bond = match (door.delivery, &door.pending_cookie) {
            (Delivery::Body, _) => Bond::Program,
            (Delivery::Cookie, cookie) => Bond::Browser(cookie.as_ref().map_or("", |cookie| cookie.expose())),
        };
        let settled = match self.check_passkey(answer, PasskeyPurpose::SignIn, None, bond).await? {
            PasskeyProof::Refused(refused) => Settled::Refused(refused),
            PasskeyProof::Proven(proven) => retrying(|| self.write_passkey_sign_in(&proven, door, origin)).await?,
        };
        match settled {
            Settled::Proceeded(proceeded) => Ok((proceeded.into(), charge.give_back(self).await)),
            Settled::Unverified => Ok((SignInVerdict::Unverified(None), charge.give_back(self).await)),
            Settled::Refused(refused) => {
                retrying(|| self.write_passkey_failure(&refused, origin)).await?;
                self.count_sign_in_failed("passkey_refused");
                Ok((SignInVerdict::Failed, charge.keep()))
            }
        }
    }

    async fn write_passkey_sign_in(
        &self,
        proven: &ProvenPasskey,
        door: &SignInDoor,
        origin: &Origin,
    ) -> Result<Settled, Error> {
        if !proven.user_verified() {
            return Ok(Settled::Refused(proven.refused("user_not_verified")));
        }
        let mut tx = self.store().begin().await?;
        let Some(person) = self.lock_active(tx.as_mut(), proven.user()).await? else {
            return Ok(Settled::Refused(proven.refused("disabled")));
        };
        if let Some(refused) = self.use_passkey_in(tx.as_mut(), proven).await? {
            return Ok(Settled::Refused(refused));
        }
        if self.wants_verified_email() && !person.user().email_verified {
            let user = person.user().id;
            let record = self.record(tx.as_ref(), Event::SignInFailed, Actor::User(user), origin).refused("unverified");
            tx.audit(record.of(user));
            tx.commit().await?;
            return Ok(Settled::Unverified);
        }
        let entry = Entry { door, approach: None, origin };
        let proven = person.proves(First::Passkey { is_synced: proven.is_synced() });
        Ok(Settled::Proceeded(self.proceed(tx, proven, &entry).await?))
    }

    async fn write_passkey_failure(&self, refused: &RefusedPasskey, origin: &Origin) -> Result<(), Error> {
        let mut tx = self.store().begin().await?;
        let record = self.record(tx.as_ref(), Event::SignInFailed, Actor::Anonymous, origin);
        tx.audit(refused.note(record));
        self.audit_clone_in(tx.as_mut(), refused, origin);
        Ok(tx.commit().await?)
    }
}
