//! Confirms an address: the account's own, or the one that it is to have.

use countersign_kernel::{Languages, Origin};
use countersign_limit::Refused;
use countersign_store::{LinkPurpose, User};

use crate::accounts::{Accounts, Told, retrying};
use crate::email::EmailAddress;
use crate::error::Error;
use crate::mail::mailbox::Mailbox;
use crate::mail::proof::{Proof, Prover, TakenLink};

/// What became of a confirmation.
#[derive(Debug)]
pub enum VerifyVerdict {
    /// The address is the person's own and proven.
    Verified {
        /// The person, as it is now.
        user: Box<User>,
        /// What the proof meant. Where the account was cleared, a mail that sets a password is on its way.
        mailbox: Mailbox,
    },
    /// The link or code is unknown, used, replaced or too old.
    Invalid,
    /// Too many tries.
    Limited(Refused),
}

const PURPOSES: &[LinkPurpose] = &[LinkPurpose::VerifyEmail, LinkPurpose::ChangeEmail];

impl Accounts {
    /// Confirms an address with what was mailed to it.
    ///
    /// # Errors
    /// [`Error`] if the store fails; the link works on then.
    pub async fn verify_email(
        &self,
        proof: &Proof,
        prover: &Prover,
        languages: Languages,
        origin: &Origin,
    ) -> Result<Told<VerifyVerdict>, Error> {
        let charge = match self.charge_proof(proof, LinkPurpose::VerifyEmail, origin).await? {
            Ok(charge) => charge,
            Err(refused) => {
                let readings = refused.readings.clone();
                return Ok((VerifyVerdict::Limited(refused), readings));
            }
        };
        let verdict = retrying(|| self.write_verification(proof, prover, languages, origin)).await?;
        let is_good = matches!(verdict, VerifyVerdict::Verified { .. });
        Ok((verdict, if is_good { charge.give_back(self).await } else { charge.keep() }))
    }

    async fn write_verification(
        &self,
        proof: &Proof,
        prover: &Prover,
        languages: Languages,
        origin: &Origin,
    ) -> Result<VerifyVerdict, Error> {
        let mut tx = self.store().begin().await?;
        let signed_in = match prover.session {
            Some(session) => tx.find_session(session).await?.filter(|session| session.row.ended.is_none()),
            None => None,
        };
        let signed_in = signed_in.map(|session| session.user);
        let taken = self.take_proof(tx.as_mut(), proof, PURPOSES, signed_in).await?;
        let Some(TakenLink { link, user }) = taken else {
            self.note_refused(tx.as_mut(), proof, LinkPurpose::VerifyEmail, origin);
            tx.commit().await?;
            return Ok(VerifyVerdict::Invalid);
        };
        let mailbox = if link.purpose == LinkPurpose::ChangeEmail {
            if !self.settle_change(tx.as_mut(), &user, &link, origin).await? {
                self.note_refused(tx.as_mut(), proof, LinkPurpose::ChangeEmail, origin);
                tx.commit().await?;
                return Ok(VerifyVerdict::Invalid);
            }
            Mailbox::Proven
        } else {
            self.prove_mailbox(tx.as_mut(), &user, &link, prover, origin).await?.0
        };
        let user = tx.find_user(user.id).await?.ok_or(Error::KeptChanging)?;
        if let (Mailbox::Cleared, Ok(address)) = (mailbox, EmailAddress::parse(&user.email)) {
            self.offer_password(tx.as_mut(), &user, &address, languages, origin).await?;
        }
        tx.commit().await?;
        Ok(VerifyVerdict::Verified { user: Box::new(user), mailbox })
    }
}
