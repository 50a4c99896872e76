//! Nouns and the ports that keep them. No SQL, no rules.
//!
//! One file a noun: its shape, its legal states, and the trait that keeps it. A [`Tx`] is all the ports in one transaction;
//! a [`Store`] opens transactions and holds the few statements of the hot path. How to add a noun: write the file here, the
//! file of the same name in each engine, and its promises in `countersign-store-contract`.

mod address_range;
pub mod audit;
pub mod audit_checkpoint;
pub mod enrolment;
pub mod error;
pub mod factor_proof;
pub mod import_secret;
pub mod journal;
pub mod machine;
pub mod mailed_link;
pub mod noticed;
pub mod one_time_token;
pub mod outbox;
pub mod page;
pub mod passkey;
pub mod passkey_challenge;
pub mod password;
pub mod pending_sign_in;
pub mod recovery_code;
pub mod remembered_device;
pub mod revocation;
pub mod role;
pub mod root;
pub mod session;
pub mod signing_key;
pub mod status_index;
pub mod totp;
pub mod tx;
pub mod user;

pub use address_range::{AddressRange, ParseAddressRangeError};
pub use audit::{AuditFilter, AuditRecords, ChainRow, SealedRecord};
pub use audit_checkpoint::{AuditCheckpoints, SignedCheckpoint};
pub use enrolment::{Enrolment, Enrolments};
pub use error::Error;
pub use factor_proof::FactorProofs;
pub use import_secret::{ImportSecret, ImportSecrets};
pub use journal::Journal;
pub use machine::{Machine, MachineScope, Machines};
pub use mailed_link::{LinkPurpose, MailedLink, MailedLinks};
pub use noticed::{Mark, Noticed};
pub use one_time_token::{OneTimeToken, OneTimeTokens, Purpose};
pub use outbox::{ClaimedMail, MailOutcome, MailQueue, NewMail, Notices, Outbox, Recipient};
pub use page::{Cursor, Page, PageRequest};
pub use passkey::{Passkey, PasskeyUse, Passkeys};
pub use passkey_challenge::{PasskeyChallenge, PasskeyChallenges, PasskeyPurpose};
pub use password::{PasswordHash, Passwords, PepperUse};
pub use pending_sign_in::{PendingSignIn, PendingSignIns};
pub use recovery_code::{RecoveryCodeHash, RecoveryCodes};
pub use remembered_device::{RememberedDevice, RememberedDevices};
pub use revocation::{Effect, NewRevocation, ParseHeadError, Revocation, RevocationHead, Revocations, Target};
pub use role::{Role, Roles};
pub use root::{Root, Roots};
pub use session::{
    Answered, AttemptHash, Delivery, EndReason, Ended, RefreshRow, RefreshWrite, RowState, Session, Sessions, Spent,
};
pub use signing_key::{KeyState, SigningKey, SigningKeys};
pub use status_index::{StatusIndex, StatusIndexes, StatusListSize};
pub use totp::{SealedTotp, Totp, Totps};
pub use tx::{Committed, Hot, Observer, Store, Tx};
pub use user::{NewAddress, NewUser, User, UserStatus, Users};
