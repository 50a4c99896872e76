//! A sign-in that waits for its second factor: the first is proven, and no session is open.

use async_trait::async_trait;
use countersign_kernel::{Timestamp, UserId};

use crate::error::Error;
use crate::session::Delivery;

/// A sign-in that waits, as it is kept: of its secrets only the SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSignIn {
    /// SHA-256 of the token's 256 bits: the row's key.
    pub token_hash: [u8; 32],
    /// SHA-256 of the cookie that binds it to a browser; none where the session's tokens travel in the body.
    pub browser_hash: Option<[u8; 32]>,
    /// Whose it is. Nobody else's proof completes it.
    pub user: UserId,
    /// What has been proven, in the words of the floor above, the first first; never empty.
    pub methods: Vec<String>,
    /// How the session's refresh token will travel.
    pub delivery: Delivery,
    /// Whether the session's cookies will outlive the browser.
    pub remember: bool,
    /// How many second factors have been tried.
    pub tries: u32,
    /// When the first factor was proven.
    pub created_at: Timestamp,
    /// From when on it is void.
    pub expires_at: Timestamp,
}

/// Keeps sign-ins that wait.
#[async_trait]
pub trait PendingSignIns {
    /// Adds one. [`Error::Conflict`] where the person has just been deleted, [`Error::Refused`] where `methods` is empty or holds
    /// an empty word or one with a space.
    async fn insert_pending_sign_in(&mut self, pending: &PendingSignIn) -> Result<(), Error>;

    /// The one with this hash that is not void at `now`.
    async fn find_pending_sign_in(
        &mut self,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, Error>;

    /// Counts a try in one conditional write, before anything is compared; the row as it is then, or none where it is unknown,
    /// void at `now`, or has had `most` tries. Of racing tries no more than `most` get the row.
    async fn try_pending_sign_in(
        &mut self,
        token_hash: &[u8; 32],
        most: u32,
        now: Timestamp,
    ) -> Result<Option<PendingSignIn>, Error>;

    /// Takes it in one conditional write: of racing calls exactly one gets `true`; a void one nobody gets.
    async fn take_pending_sign_in(&mut self, token_hash: &[u8; 32], now: Timestamp) -> Result<bool, Error>;

    /// Voids every one of a person; how many it were.
    async fn void_pending_sign_ins(&mut self, user: UserId) -> Result<u64, Error>;

    /// Deletes at most `limit` that are void at `now`; how many it were.
    async fn sweep_pending_sign_ins(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error>;
}
