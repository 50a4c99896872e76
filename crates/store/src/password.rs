//! A person's password, as its hash alone. Kept apart from the account, so that reading a person never reads a credential.

use async_trait::async_trait;
use countersign_kernel::{Secret, Timestamp, UserId};

use crate::error::Error;

/// A password hash in PHC string format.
#[derive(Debug, Clone)]
pub struct PasswordHash(pub Secret<String>);

/// Keeps password hashes.
#[async_trait]
pub trait Passwords {
    /// The hash of this account's password.
    async fn find_password(&mut self, user: UserId) -> Result<Option<PasswordHash>, Error>;

    /// Sets the first password of an account; `false` where it has one already. [`Error::Conflict`] where the account has just
    /// been deleted.
    async fn insert_password(&mut self, user: UserId, hash: &PasswordHash, now: Timestamp) -> Result<bool, Error>;

    /// Replaces the hash, if it is still `expected`: of racing changes that judged the same old hash one wins.
    async fn replace_password(
        &mut self,
        user: UserId,
        expected: &PasswordHash,
        hash: &PasswordHash,
        now: Timestamp,
    ) -> Result<bool, Error>;
}
