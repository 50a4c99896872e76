//! The store as a whole, and one transaction in it.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_audit::Record;
use countersign_kernel::{SessionId, Timestamp, UserId};

use crate::audit::AuditRecords;
use crate::audit_checkpoint::AuditCheckpoints;
use crate::enrolment::Enrolments;
use crate::error::Error;
use crate::factor_proof::FactorProofs;
use crate::import_secret::ImportSecrets;
use crate::machine::Machines;
use crate::mailed_link::MailedLinks;
use crate::one_time_token::OneTimeTokens;
use crate::outbox::Outbox;
use crate::passkey::Passkeys;
use crate::passkey_challenge::PasskeyChallenges;
use crate::password::{PasswordHash, Passwords};
use crate::pending_sign_in::PendingSignIns;
use crate::recovery_code::RecoveryCodes;
use crate::remembered_device::RememberedDevices;
use crate::revocation::{Revocation, RevocationHead, Revocations};
use crate::role::Roles;
use crate::root::Roots;
use crate::session::{RefreshWrite, Session, Sessions};
use crate::signing_key::SigningKeys;
use crate::status_index::StatusIndexes;
use crate::totp::Totps;
use crate::user::{User, Users};

/// All the ports in one transaction.
///
/// Dropped without [`Tx::commit`] it is rolled back and nothing has happened. On SQLite a transaction holds the only writer
/// from its first statement on: do no hashing and no waiting inside.
#[async_trait]
pub trait Tx:
    Users
    + Passwords
    + Passkeys
    + PasskeyChallenges
    + ImportSecrets
    + Roles
    + Roots
    + Sessions
    + SigningKeys
    + Revocations
    + OneTimeTokens
    + PendingSignIns
    + Totps
    + RecoveryCodes
    + RememberedDevices
    + Enrolments
    + FactorProofs
    + Machines
    + StatusIndexes
    + MailedLinks
    + Outbox
    + AuditRecords
    + AuditCheckpoints
    + Send
{
    /// The moment of this transaction by the database's one clock (DESIGN section 1, "Writing").
    fn now(&self) -> Timestamp;

    /// Makes everything durable, on disk before this returns. Numbers the revocations as its last statements, and tells
    /// every observer of the store before it returns. Once begun it is carried to its end, and the observers told, even if the
    /// caller goes away. [`Error::Unavailable`] may leave open whether it happened, where the connection broke in the middle.
    async fn commit(self: Box<Self>) -> Result<(), Error>;
}

/// What a commit has made true.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// The revocations, with their numbers.
    pub revocations: Vec<Revocation>,
    /// The audit records.
    pub records: Vec<Record>,
}

/// Someone who is told of every commit of this process: the live set of revocations, the embedder's event hook. Because the
/// store tells them, no verb can forget to.
pub trait Observer: Send + Sync {
    /// Called after the commit and before its caller goes on. Must be quick and must not use the store; a panic disturbs
    /// nobody else.
    fn committed(&self, committed: &Committed);
}

/// The statements that a refresh, and nothing else, runs: one read and one write, without a transaction around them.
#[async_trait]
pub trait Hot: Send + Sync {
    /// The session and its person, in one consistent read of the primary; none where there is no such session.
    async fn find_session_and_user(&self, id: SessionId) -> Result<Option<(Session, User)>, Error>;

    /// Writes a judged row, conditionally as [`Sessions::write_refresh`] does, and reads the person in the same transaction;
    /// none where the condition did not hold. May be durable a moment after it returns: the refresh table recovers by itself
    /// from a rotation that was lost (DESIGN section 8).
    async fn write_refresh_and_find_user(&self, write: &RefreshWrite) -> Result<Option<User>, Error>;

    /// The person with this id.
    async fn find_user_now(&self, id: UserId) -> Result<Option<User>, Error>;

    /// The person with this normalised address and the hash of the password, if there is one.
    async fn find_user_and_password(&self, email_key: &str) -> Result<Option<(User, Option<PasswordHash>)>, Error>;
}

/// A database.
#[async_trait]
pub trait Store: Hot + 'static {
    /// Opens a transaction that may write. [`Error::Unavailable`] where the turn or a connection does not come within seconds.
    async fn begin(&self) -> Result<Box<dyn Tx>, Error>;

    /// Opens a transaction that only reads, all from one moment, and waits for no writer. Writing in it is
    /// [`Error::ReadOnly`].
    async fn snapshot(&self) -> Result<Box<dyn Tx>, Error>;

    /// The present moment by the database's clock, as this process knows it.
    fn now(&self) -> Timestamp;

    /// The newest revocation, and a number that changes whenever a signing key is added, moved or deleted. Cheap: asked
    /// several times a second.
    async fn heads(&self) -> Result<(RevocationHead, u64), Error>;

    /// Adds an observer, told of every later commit.
    fn observe(&self, observer: Arc<dyn Observer>);

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), Error>;

    /// Closes every connection, the write-ahead log tidied. No call may follow.
    async fn close(&self);
}
