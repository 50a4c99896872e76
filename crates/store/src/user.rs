//! A person's account.

use async_trait::async_trait;
use countersign_kernel::{Languages, Timestamp, UserId};

use crate::error::Error;
use crate::page::{Page, PageRequest};

/// Whether the person may use the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserStatus {
    /// In use.
    Active,
    /// Switched off by an operator: no sign-in, no refresh, no token is accepted.
    Disabled,
}

/// A person, with the rights that follow from the roles at the moment of reading. Holds no credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id: the `sub` claim.
    pub id: UserId,
    /// The address as its owner wrote it, domain in lower case.
    pub email: String,
    /// Whether the owner has proven that he reads mail there.
    pub email_verified: bool,
    /// The name to show, stored verbatim.
    pub name: String,
    /// Whether the account is in use.
    pub status: UserStatus,
    /// The counter of DESIGN section 2: tokens with a smaller `ver` are superseded or revoked.
    pub ver: u64,
    /// Raised to make every known device unknown again.
    pub device_epoch: u64,
    /// Names of the roles, in the order in which they were given.
    pub roles: Vec<String>,
    /// What the roles permit: the union, sorted, without doubles.
    pub permissions: Vec<String>,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl User {
    /// Whether the account may be used.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == UserStatus::Active
    }
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The id.
    pub id: UserId,
    /// The address to show.
    pub email: String,
    /// The address as it is compared: canonical form, unique.
    pub email_key: String,
    /// Whether it has been verified.
    pub email_verified: bool,
    /// The name.
    pub name: String,
    /// When.
    pub created_at: Timestamp,
}

/// What became of a change of address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewAddress {
    /// It is the account's own now, and proven; the new `ver`.
    Set(u64),
    /// Another account has it.
    Taken,
    /// There is no such account.
    Gone,
}

/// Keeps accounts.
#[async_trait]
pub trait Users {
    /// Adds an account with `ver` 1, active, without roles; `false` where the address is taken, and then nothing changes.
    /// Of racing calls for one address exactly one gets `true`.
    async fn insert_user(&mut self, user: &NewUser) -> Result<bool, Error>;

    /// The account with this id.
    async fn find_user(&mut self, id: UserId) -> Result<Option<User>, Error>;

    /// The account with this id, which nobody else changes or deletes until this transaction ends: so that a session is opened
    /// wholly before or wholly after the act that ends all sessions.
    async fn lock_user(&mut self, id: UserId) -> Result<Option<User>, Error>;

    /// The account with this canonical address.
    async fn find_user_by_email_key(&mut self, email_key: &str) -> Result<Option<User>, Error>;

    /// Accounts whose canonical address begins with `prefix`, by id, oldest first.
    async fn list_users(&mut self, prefix: &str, page: &PageRequest) -> Result<Page<User>, Error>;

    /// Whether there is any account.
    async fn has_users(&mut self) -> Result<bool, Error>;

    /// Whether an active account other than `except` has this role. In a transaction that may write, the answer holds until
    /// its end: of the last two who have a role and leave it at once, one stays.
    async fn has_other_active_with_role(&mut self, role: &str, except: Option<UserId>) -> Result<bool, Error>;

    /// Sets the name; `false` where there is no such account.
    async fn set_user_name(&mut self, id: UserId, name: &str) -> Result<bool, Error>;

    /// Sets the status and raises `ver`; the new `ver`, or none where there is no such account or it has that status already.
    async fn set_user_status(&mut self, id: UserId, status: UserStatus) -> Result<Option<u64>, Error>;

    /// Raises `ver`; the new one, or none where there is no such account.
    async fn raise_user_ver(&mut self, id: UserId) -> Result<Option<u64>, Error>;

    /// Raises `ver` to `least` where it is smaller; the one that holds then, or none where there is no such account.
    async fn raise_user_ver_to(&mut self, id: UserId, least: u64) -> Result<Option<u64>, Error>;

    /// Replaces the account's roles, keeping the order and the first of doubles, and raises `ver`; the new `ver`, or none where
    /// there is no such account. Every name must be an existing role: else [`Error::Refused`].
    async fn set_user_roles(&mut self, id: UserId, roles: &[String]) -> Result<Option<u64>, Error>;

    /// Notes that the owner reads mail at this canonical address; `false` where it is not the account's own, or was proven before.
    async fn set_email_verified(&mut self, id: UserId, email_key: &str) -> Result<bool, Error>;

    /// Gives the account another address, proven, and raises `ver`. [`Error::Conflict`] where another account takes it in the same
    /// moment.
    async fn set_user_email(&mut self, id: UserId, email: &str, email_key: &str) -> Result<NewAddress, Error>;

    /// Notes the languages that the person reads.
    async fn set_user_languages(&mut self, id: UserId, languages: Languages) -> Result<bool, Error>;

    /// Makes every known device of the account unknown; `false` where there is no such account.
    async fn raise_device_epoch(&mut self, id: UserId) -> Result<bool, Error>;

    /// Deletes the account, its password, its roles, its one-time tokens and its sessions; `false` where there is none.
    async fn delete_user(&mut self, id: UserId) -> Result<bool, Error>;
}
