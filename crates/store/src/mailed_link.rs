//! A link that was mailed to somebody, and the code beside it: both work once, and whoever has one has read mail at its address.
//!
//! Of the secrets only hashes are kept. A link that was used stays until it would have expired, so that the browser in which it
//! was asked for can see that.

use async_trait::async_trait;
use countersign_kernel::{Timestamp, UserId};

use crate::error::Error;

/// What a mailed link is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkPurpose {
    /// Proves that the account's own address is read by whoever has it.
    VerifyEmail,
    /// Sets a new password.
    ResetPassword,
    /// Signs in.
    SignIn,
    /// Makes the address that it was sent to the account's own.
    ChangeEmail,
    /// Brings the account's former address back.
    UndoEmail,
}

impl LinkPurpose {
    /// Every purpose.
    pub const ALL: &'static [Self] =
        &[Self::VerifyEmail, Self::ResetPassword, Self::SignIn, Self::ChangeEmail, Self::UndoEmail];

    /// The stable text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::SignIn => "sign_in",
            Self::ChangeEmail => "change_email",
            Self::UndoEmail => "undo_email",
        }
    }

    /// The purpose with this text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|purpose| purpose.as_str() == text)
    }
}

/// A mailed link as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailedLink {
    /// SHA-256 of the link's 256-bit secret: the row's key.
    pub secret_hash: [u8; 32],
    /// What it is good for.
    pub purpose: LinkPurpose,
    /// Whose it is; none where it was asked for an address that nobody has, and was never sent.
    pub user: Option<UserId>,
    /// The address that it was sent to.
    pub address: String,
    /// The same in its canonical form.
    pub address_key: String,
    /// A keyed hash of the code beside it; none where there is no code.
    pub code_hash: Option<[u8; 32]>,
    /// How often the code may still be tried.
    pub tries_left: u32,
    /// SHA-256 of the handle of the browser in which it was asked for.
    pub handle_hash: Option<[u8; 32]>,
    /// Whether that browser had shown the account's password.
    pub knows_password: bool,
    /// Whether the account had proven this address when the link was made.
    pub was_proven: bool,
    /// The kind of browser in which it was asked for, as people call it.
    pub asked_with: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is void.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// Keeps mailed links.
#[async_trait]
pub trait MailedLinks {
    /// Adds a link and voids what it replaces: the others of its purpose and person, for [`LinkPurpose::UndoEmail`] those of the same
    /// address alone. [`Error::Conflict`] where the person has just been deleted.
    async fn insert_mailed_link(&mut self, link: &MailedLink) -> Result<(), Error>;

    /// The link with this secret, if it could be taken now. Changes nothing.
    async fn find_mailed_link(&mut self, secret_hash: &[u8; 32], now: Timestamp) -> Result<Option<MailedLink>, Error>;

    /// Takes the link in one conditional write: of racing calls exactly one gets it; one that has expired or was used nobody gets.
    async fn take_mailed_link(
        &mut self,
        secret_hash: &[u8; 32],
        purpose: LinkPurpose,
        now: Timestamp,
    ) -> Result<Option<MailedLink>, Error>;

    /// Counts one try at the code of this person's link in one conditional write, before anybody compares anything: the link, or
    /// none where no try is left or there is no such link.
    async fn try_mailed_code(
        &mut self,
        user: Option<UserId>,
        purpose: LinkPurpose,
        now: Timestamp,
    ) -> Result<Option<MailedLink>, Error>;

    /// The link that the browser with this handle has asked for, used or not, as long as it has not expired.
    async fn find_mailed_link_by_handle(
        &mut self,
        handle_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<MailedLink>, Error>;

    /// Voids every unused link of this person, save those of [`LinkPurpose::UndoEmail`], which must outlive whatever a thief does next.
    async fn void_links(&mut self, user: UserId) -> Result<u64, Error>;

    /// Whether somebody else than `except`, who had this address until lately, may still bring it back: until then it is nobody
    /// else's.
    async fn is_address_kept(
        &mut self,
        address_key: &str,
        except: Option<UserId>,
        now: Timestamp,
    ) -> Result<bool, Error>;

    /// Deletes at most `limit` expired links; how many it were.
    async fn sweep_mailed_links(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error>;
}
