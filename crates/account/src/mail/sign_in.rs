//! Signs somebody in with a mailed link or code.
//!
//! Promises: whoever presses the button is in, in the browser in which he presses it, and nobody else is; a second factor is asked
//! after a link as after a password; the first proof of a mailbox clears the account as every other one does.

use countersign_kernel::Origin;
use countersign_limit::Refused;
use countersign_store::LinkPurpose;

use crate::accounts::{Accounts, Opened, Told, retrying};
use crate::ceremony::{Entry, Proceeded, SecondFactorNeeded, SignInDoor};
use crate::error::Error;
use crate::mail::proof::{Proof, Prover, TakenLink};
use crate::method::First;

/// What became of a sign-in by link.
#[derive(Debug)]
pub enum LinkVerdict {
    /// A session is open.
    SignedIn(Box<Opened>),
    /// A second factor is needed first.
    SecondFactorNeeded(Box<SecondFactorNeeded>),
    /// The link or code is unknown, used, replaced or too old.
    Invalid,
    /// Too many tries.
    Limited(Refused),
}

impl Accounts {
    /// Signs in with what was mailed.
    ///
    /// # Errors
    /// [`Error`] if the store or the sessions fail; the link works on then.
    pub async fn sign_in_by_link(
        &self,
        proof: &Proof,
        prover: &Prover,
        door: &SignInDoor,
        origin: &Origin,
    ) -> Result<Told<LinkVerdict>, Error> {
        let charge = match self.charge_proof(proof, LinkPurpose::SignIn, origin).await? {
            Ok(charge) => charge,
            Err(refused) => {
                let readings = refused.readings.clone();
                return Ok((LinkVerdict::Limited(refused), readings));
            }
        };
        let verdict = retrying(|| self.write_link_sign_in(proof, prover, door, origin)).await?;
        let is_good = !matches!(verdict, LinkVerdict::Invalid);
        Ok((verdict, if is_good { charge.give_back(self).await } else { charge.keep() }))
    }

    async fn write_link_sign_in(
        &self,
        proof: &Proof,
        prover: &Prover,
        door: &SignInDoor,
        origin: &Origin,
    ) -> Result<LinkVerdict, Error> {
        let mut tx = self.store().begin().await?;
        let taken = self.take_proof(tx.as_mut(), proof, &[LinkPurpose::SignIn], None).await?;
        let Some(TakenLink { link, user }) = taken else {
            self.note_refused(tx.as_mut(), proof, LinkPurpose::SignIn, origin);
            tx.commit().await?;
            return Ok(LinkVerdict::Invalid);
        };
        // Before the session: what the first proof clears was there before.
        self.prove_mailbox(tx.as_mut(), &user, &link, prover, origin).await?;
        let Some(locked) = self.lock_active(tx.as_mut(), user.id).await? else { return Ok(LinkVerdict::Invalid) };
        let entry = Entry { door, approach: None, origin };
        Ok(match self.proceed(tx, locked.proves(First::Link), &entry).await? {
            Proceeded::SignedIn(opened) => LinkVerdict::SignedIn(opened),
            Proceeded::SecondFactorNeeded(needed) => LinkVerdict::SecondFactorNeeded(needed),
        })
    }
}
