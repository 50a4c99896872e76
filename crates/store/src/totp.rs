//! An authenticator app's shared secret, and which of its codes were taken (RFC 6238). One a person.

use async_trait::async_trait;
use countersign_kernel::{Timestamp, UserId};

use crate::error::Error;

/// A sealed secret, and the key that it opens under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedTotp {
    /// The sealed bytes.
    pub bytes: Vec<u8>,
    /// The number of the data key.
    pub key: u32,
}

/// An authenticator app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totp {
    /// Whose it is.
    pub user: UserId,
    /// Its secret.
    pub sealed: SealedTotp,
    /// When it was set up.
    pub created_at: Timestamp,
    /// When its first code was given; none until then, and then it proves nothing.
    pub confirmed_at: Option<Timestamp>,
}

/// Keeps authenticator apps.
#[async_trait]
pub trait Totps {
    /// Sets one up, in the place of one that was never confirmed; `false` where there is a confirmed one, and then nothing
    /// changes. [`Error::Conflict`] where the person has just been deleted.
    async fn begin_totp(&mut self, user: UserId, sealed: &SealedTotp, now: Timestamp) -> Result<bool, Error>;

    /// The person's, confirmed or not.
    async fn find_totp(&mut self, user: UserId) -> Result<Option<Totp>, Error>;

    /// Confirms the one that holds exactly these sealed bytes, and takes `step`, whose code was given; `false` where it is
    /// another one by now, or confirmed already.
    async fn confirm_totp(
        &mut self,
        user: UserId,
        sealed: &SealedTotp,
        step: u64,
        now: Timestamp,
    ) -> Result<bool, Error>;

    /// Takes a step of the confirmed one in one conditional write: `false` where that step or a later one was taken, or it was
    /// burnt. Of racing calls for one step exactly one gets `true`.
    async fn take_totp_step(&mut self, user: UserId, step: u64) -> Result<bool, Error>;

    /// Never takes this step from now on; the one burnt before it is free again.
    async fn burn_totp_step(&mut self, user: UserId, step: u64) -> Result<(), Error>;

    /// Deletes the person's; `false` where there was no confirmed one. One that was never confirmed goes as well.
    async fn delete_totp(&mut self, user: UserId) -> Result<bool, Error>;

    /// At most `limit` whose secret is sealed under another data key than `key`.
    async fn list_totps_not_under(&mut self, key: u32, limit: u32) -> Result<Vec<Totp>, Error>;

    /// Replaces the sealed bytes where they are still `old`; `false` where they are not.
    async fn reseal_totp(&mut self, user: UserId, old: &SealedTotp, new: &SealedTotp) -> Result<bool, Error>;
}
