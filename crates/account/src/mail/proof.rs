//! Takes a mailed link or code.
//!
//! Promises: one conditional write takes it, of racing calls exactly one; a try at a code is counted by such a write before anybody
//! compares; whoever takes it has read mail at its address, which is still the account's own.

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{Origin, Secret, SessionId, UserId};
use countersign_limit::Refused;
use countersign_store::{LinkPurpose, MailedLink, Tx, User};

use crate::accounts::{Accounts, same_bytes};
use crate::email::EmailAddress;
use crate::error::Error;
use crate::limits::{self, Charge};
use crate::mail_keys::hash_of;

/// What was read in a mail.
#[derive(Debug, Clone)]
pub enum Proof {
    /// The secret of a link.
    Link(Secret<String>),
    /// The code beside it, and the address that it was sent to.
    Code {
        /// The address.
        email: String,
        /// The code, as it was typed.
        code: Secret<String>,
    },
}

/// What else the browser holds that shows a proof.
#[derive(Debug, Clone, Default)]
pub struct Prover {
    /// Its session, by a MAC of ours. Whether it lives is looked up.
    pub session: Option<SessionId>,
    /// The handle that it was given when it asked for the mail.
    pub handle: Option<String>,
}

/// A link that was taken, and the person.
pub(crate) struct TakenLink {
    pub(crate) link: MailedLink,
    pub(crate) user: User,
}

impl Accounts {
    /// Counts a try before it is looked at.
    pub(crate) async fn charge_proof(
        &self,
        proof: &Proof,
        purpose: LinkPurpose,
        origin: &Origin,
    ) -> Result<Result<Charge, Refused>, Error> {
        let account = match proof {
            Proof::Link(_) => None,
            Proof::Code { email, .. } => Some(self.keys().of(email, EmailAddress::parse(email).ok().as_ref())),
        };
        let buckets = limits::proof(self, account.as_ref().map(|account| account.as_bytes()), origin);
        let charged = Charge::take(self, buckets).await;
        if let Err(refused) = &charged {
            let shape = |record: Record| match &account {
                Some(account) => record.of_unknown(&account.to_text()),
                None => record,
            };
            self.audit_limit_as(refused, Actor::Anonymous, origin, purpose.as_str(), shape).await?;
        }
        Ok(charged)
    }

    /// Takes what is proven for one of these purposes; none where it is good for nothing. A try at a code is counted, so the
    /// transaction is to be committed in any case. The person's row is locked.
    pub(crate) async fn take_proof(
        &self,
        tx: &mut dyn Tx,
        proof: &Proof,
        purposes: &[LinkPurpose],
        signed_in: Option<UserId>,
    ) -> Result<Option<TakenLink>, Error> {
        let now = tx.now();
        let (secret_hash, purpose, user) = match proof {
            Proof::Link(secret) => {
                let hash = hash_of(secret.expose());
                let Some(link) = tx.find_mailed_link(&hash, now).await? else { return Ok(None) };
                if !purposes.contains(&link.purpose) {
                    return Ok(None);
                }
                let Some(user) = link.user else { return Ok(None) };
                (hash, link.purpose, user)
            }
            Proof::Code { email, code } => {
                let Some(link) = self.try_code(tx, email, code, purposes, signed_in).await? else { return Ok(None) };
                let Some(user) = link.user else { return Ok(None) };
                (link.secret_hash, link.purpose, user)
            }
        };
        // The person before the link, as everywhere: so that no two transactions wait for each other.
        let Some(user) = tx.lock_user(user).await?.filter(User::is_active) else { return Ok(None) };
        let Some(link) = tx.take_mailed_link(&secret_hash, purpose, now).await? else { return Ok(None) };
        let is_own = EmailAddress::parse(&user.email).is_ok_and(|own| own.key() == link.address_key);
        let is_for_another = matches!(purpose, LinkPurpose::ChangeEmail | LinkPurpose::UndoEmail);
        Ok((is_own || is_for_another).then_some(TakenLink { link, user }))
    }

    /// Counts a try at a code and judges it.
    async fn try_code(
        &self,
        tx: &mut dyn Tx,
        email: &str,
        code: &Secret<String>,
        purposes: &[LinkPurpose],
        signed_in: Option<UserId>,
    ) -> Result<Option<MailedLink>, Error> {
        let email = EmailAddress::parse(email).ok();
        let key = email.as_ref().map_or("", EmailAddress::key);
        let owner = tx.find_user_by_email_key(key).await?.map(|user| user.id);
        for &purpose in purposes {
            // The address of a change is nobody's yet: whose it will be is who is signed in.
            let owner = if purpose == LinkPurpose::ChangeEmail { signed_in } else { owner };
            let id = tx.lock_user(owner.unwrap_or_else(|| UserId::new(self.env()))).await?.map(|user| user.id);
            let tried = tx.try_mailed_code(id, purpose, tx.now()).await?;
            let presented =
                self.mail_keys().hash_code(code.expose(), purpose, id.unwrap_or(UserId::from_bytes([0; 16])));
            if let Some(link) = tried.filter(|link| link.address_key == key)
                && same_bytes(presented.as_ref(), link.code_hash.as_ref())
            {
                return Ok(Some(link));
            }
        }
        Ok(None)
    }

    /// Writes that a link or code was refused. Whose it was is not known, or not to be told apart.
    pub(crate) fn note_refused(&self, tx: &mut dyn Tx, proof: &Proof, purpose: LinkPurpose, origin: &Origin) {
        let record = self.record(tx, Event::MailedLinkRefused, Actor::Anonymous, origin).refused("invalid");
        let record = record.with("purpose", purpose.as_str());
        tx.audit(match proof {
            Proof::Link(_) => record.with("by", "link"),
            Proof::Code { email, .. } => {
                let account = self.keys().of(email, EmailAddress::parse(email).ok().as_ref());
                record.with("by", "code").of_unknown(&account.to_text())
            }
        });
    }
}
