//! The first proof of a mailbox, and whose account it is from then on (DESIGN section 6, no pre-hijacking).
//!
//! Anybody can register with anybody's address. So whoever first reads the mail owns the account: every session ends, and password,
//! factors, passkeys and known devices that were set before are taken away, unless the proof comes from the one who set them: out of
//! a session that was opened with the password, or the browser that had shown it when it asked for the mail.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Languages, Origin, Timestamp};
use countersign_mail::Kind;
use countersign_store::{EndReason, LinkPurpose, MailedLink, Tx, User};

use crate::accounts::Accounts;
use crate::email::EmailAddress;
use crate::error::Error;
use crate::mail::post::Post;
use crate::mail::proof::Prover;
use crate::method::Method;

/// What the proof of a mailbox meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mailbox {
    /// It had been proven before.
    KnownBefore,
    /// It is proven now, by whoever had set the password.
    Proven,
    /// It is proven now, by somebody else: what had been set before is gone.
    Cleared,
}

impl Accounts {
    /// Notes that this person's own mailbox is proven, and clears the account where that is the first proof and not its owner's; what
    /// it meant, and how many sessions it has ended.
    pub(crate) async fn prove_mailbox(
        &self,
        tx: &mut dyn Tx,
        user: &User,
        link: &MailedLink,
        prover: &Prover,
        origin: &Origin,
    ) -> Result<(Mailbox, u64), Error> {
        if !tx.set_email_verified(user.id, &link.address_key).await? {
            return Ok((Mailbox::KnownBefore, 0));
        }
        let is_owner = self.has_shown_password(tx, user, link, prover).await?;
        let record = self.record(tx, Event::EmailVerified, Actor::User(user.id), origin).of(user.id);
        if is_owner {
            tx.audit(record.with("by", "owner"));
            return Ok((Mailbox::Proven, 0));
        }
        let ended = self.clear_account(tx, user, EndReason::MailboxProven).await?;
        tx.audit(record.with("by", "mailbox").with("sessions_ended", ended.to_string()));
        Ok((Mailbox::Cleared, ended))
    }

    /// Ends every session and takes away whatever signs in; how many sessions there were.
    pub(crate) async fn clear_account(&self, tx: &mut dyn Tx, user: &User, reason: EndReason) -> Result<u64, Error> {
        let ended = self.sessions().end_all_in(tx, user.id, None, reason).await?;
        tx.delete_password(user.id).await?;
        self.remove_factors_in(tx, user.id).await?;
        tx.delete_passkeys(user.id).await?;
        tx.raise_device_epoch(user.id).await?;
        self.credentials_changed(tx, user.id).await?;
        Ok(ended)
    }

    /// Mails a link with which somebody whose account has no password any more sets one.
    pub(crate) async fn offer_password(
        &self,
        tx: &mut dyn Tx,
        user: &User,
        address: &EmailAddress,
        languages: Languages,
        origin: &Origin,
    ) -> Result<(), Error> {
        let post = Post::own(LinkPurpose::ResetPassword, Kind::SetPassword, Some(user), address, languages);
        self.post_link(tx, post, origin).await
    }

    /// Whether whoever presents the link is the one who has set the password, as far as can be told.
    async fn has_shown_password(
        &self,
        tx: &mut dyn Tx,
        user: &User,
        link: &MailedLink,
        prover: &Prover,
    ) -> Result<bool, Error> {
        let handle = prover.handle.as_deref().and_then(|text| self.mail_keys().read_handle(text));
        if link.knows_password && handle.is_some_and(|handle| Some(handle.hash) == link.handle_hash) {
            return Ok(true);
        }
        let Some(session) = prover.session else { return Ok(false) };
        let now: Timestamp = tx.now();
        Ok(tx.find_session(session).await?.is_some_and(|session| {
            session.user == user.id
                && session.row.ended.is_none()
                && now < session.row.idle_deadline.min(session.row.absolute_deadline)
                && session.amr.iter().any(|name| Method::Password.amr().contains(&name.as_str()))
        }))
    }
}
