//! A person's passkeys (WebAuthn Level 3, "public key credential sources"), each as its public half and what has been seen of it.

use async_trait::async_trait;
use countersign_kernel::{PasskeyId, Timestamp, UserId};

use crate::error::Error;

/// The most passkeys that a person can have. Whoever lists them gets all.
pub const MAX_PASSKEYS: u32 = 50;

/// Bytes of a user handle.
pub const HANDLE_LENGTH: usize = 64;

/// A passkey. Nothing of it is secret: the private half stays in the authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// The id by which its owner manages it.
    pub id: PasskeyId,
    /// Whose it is.
    pub user: UserId,
    /// The id that its authenticator gave it, at most 1,023 bytes: nobody else's passkey has the same.
    pub credential_id: Vec<u8>,
    /// The public key and what else the check of an answer needs, as the rules keep it; never changed.
    pub credential: String,
    /// What its owner calls it.
    pub name: String,
    /// How browsers may reach its authenticator: words of the specification, such as `internal`, `hybrid`.
    pub transports: Vec<String>,
    /// The greatest signature counter seen; 0 for authenticators that do not count.
    pub counter: u32,
    /// Whether it may be synced, as it said when it was made.
    pub backup_eligible: bool,
    /// Whether it was synced when it was last seen.
    pub backed_up: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When somebody last proved himself with it.
    pub last_used_at: Option<Timestamp>,
}

/// What an answer has shown of a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasskeyUse {
    /// The signature counter.
    pub counter: u32,
    /// Whether it is synced.
    pub backed_up: bool,
    /// When.
    pub at: Timestamp,
}

/// Keeps passkeys.
#[async_trait]
pub trait Passkeys {
    /// The handle under which authenticators know this person: `fresh`, if there is none yet. Of racing calls with different
    /// handles all get the same one. [`Error::Conflict`] where the account has just been deleted.
    async fn passkey_handle(&mut self, user: UserId, fresh: &[u8; HANDLE_LENGTH])
    -> Result<[u8; HANDLE_LENGTH], Error>;

    /// The handle of this person, where there is one.
    async fn find_passkey_handle(&mut self, user: UserId) -> Result<Option<[u8; HANDLE_LENGTH]>, Error>;

    /// Adds a passkey; `false` where its credential id is taken, by whomever, and then nothing changes. Of racing calls for one
    /// credential id exactly one gets `true`. The caller holds the person's row and has counted. [`Error::Conflict`] where the
    /// account has just been deleted.
    async fn insert_passkey(&mut self, passkey: &Passkey) -> Result<bool, Error>;

    /// The passkey with this credential id.
    async fn find_passkey_by_credential(&mut self, credential_id: &[u8]) -> Result<Option<Passkey>, Error>;

    /// All passkeys of a person, oldest first, at most [`MAX_PASSKEYS`].
    async fn list_passkeys(&mut self, user: UserId) -> Result<Vec<Passkey>, Error>;

    /// Writes down a use, if the counter has moved on or neither side counts (WebAuthn Level 3 section 7.2, step 22); `false`
    /// where it has not, or where there is no such passkey. Of racing uses with one counter exactly one gets `true`.
    async fn use_passkey(&mut self, id: PasskeyId, seen: &PasskeyUse) -> Result<bool, Error>;

    /// Gives a passkey of this person another name; it as it is then, or none where it is nobody's or somebody else's.
    async fn rename_passkey(&mut self, user: UserId, id: PasskeyId, name: &str) -> Result<Option<Passkey>, Error>;

    /// Deletes a passkey of this person; it as it was, or none where it is nobody's or somebody else's.
    async fn delete_passkey(&mut self, user: UserId, id: PasskeyId) -> Result<Option<Passkey>, Error>;

    /// Deletes all passkeys of a person; how many it were. The handle stays.
    async fn delete_passkeys(&mut self, user: UserId) -> Result<u64, Error>;
}
