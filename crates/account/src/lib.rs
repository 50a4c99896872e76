//! Who you are: sign up, sign in, passwords, profile, roles, import, erasure.
//!
//! One file a verb. Each counts before it hashes, hashes before it opens a transaction, and writes everything that it causes,
//! the audit record included, in that one transaction. A refusal is a verdict in `Ok` and is audited too. [`Accounts`] is the
//! handle. Follows DESIGN sections 4 and 5.

pub mod accounts;
pub mod claim_admin;
pub mod email;
pub mod erase;
pub mod error;
pub mod field;
pub mod import;
pub mod import_note;
pub mod manage;
pub mod name;
pub mod password;
pub mod profile;
pub mod replay;
pub mod role;
pub mod sign_in;
pub mod sign_up;
pub mod step_up;

mod account_key;
mod admission;
mod buckets;
mod charge;
mod import_keys;
mod import_secret;
mod limits;
pub mod readings;
mod recheck;
mod sweep;
mod tally;

pub use accounts::{Accounts, Opened, Parts, Told};
pub use claim_admin::ClaimVerdict;
pub use email::EmailAddress;
pub use erase::DeleteVerdict;
pub use error::Error;
pub use field::FieldError;
pub use import::{BeginImport, Import, ImportHash, ImportOptions, ImportUser, Imported, Made};
pub use import_note::ImportNote;
pub use manage::{CreateUser, CreateVerdict, Managed};
pub use name::Name;
pub use password::ChangePasswordVerdict;
pub use profile::RenameVerdict;
pub use readings::Readings;
pub use replay::{Replay, Replayed};
pub use role::RoleVerdict;
pub use sign_in::{SignIn, SignInVerdict};
pub use sign_up::{SignUp, SignUpVerdict};
pub use step_up::StepUpVerdict;
// What callers above need of the floors below: they need no arrow of their own down there.
pub use countersign_limit::{Challenge, Reading, Refused};
pub use countersign_password::Busy;
pub use countersign_store::{Cursor, Page, PageRequest, Role, User, UserStatus};
