//! Who you are: sign up, sign in, passwords, profile, roles, import, erasure.
//!
//! One file a verb. Each counts before it hashes, hashes before it opens a transaction, and writes everything that it causes,
//! the audit record included, in that one transaction. A refusal is a verdict in `Ok` and is audited too. [`Accounts`] is the
//! handle. Follows DESIGN sections 4 and 5.

pub mod accounts;
pub mod ceremony;
pub mod claim_admin;
pub mod email;
pub mod erase;
pub mod error;
pub mod factor;
pub mod factors;
pub mod field;
pub mod import;
pub mod import_note;
pub mod manage;
pub mod method;
pub mod name;
pub mod passkey;
pub mod password;
pub mod profile;
pub mod recovery_code;
pub mod remembered_device;
pub mod replay;
pub mod role;
pub mod second_factor;
pub mod sign_in;
pub mod sign_up;
pub mod step_up;
pub mod totp;

mod account_key;
mod admin;
mod admin_limit;
mod admission;
mod buckets;
mod charge;
pub mod code;
mod credentials;
mod data_key;
mod import_keys;
mod import_secret;
mod limit_readings;
mod limits;
mod mail;
mod mail_keys;
mod presented;
pub mod readings;
mod recheck;
mod recovery_keys;
mod sweep;
mod tally;

pub use accounts::{Accounts, EmailPolicy, Opened, Parts, Told};
pub use ceremony::{Proceeded, SecondFactorNeeded, SignInDoor};
pub use claim_admin::ClaimVerdict;
pub use code::{ClockDrift, TypedCode};
pub use email::EmailAddress;
pub use erase::DeleteVerdict;
pub use error::Error;
pub use factor::{Enrolled, Factor, FactorPolicy};
pub use factors::SecondFactors;
pub use field::FieldError;
pub use import::{BeginImport, Import, ImportHash, ImportOptions, ImportUser, Imported, Made};
pub use import_note::ImportNote;
pub use limit_readings::LimitReading;
pub use mail::{
    Ask, AskVerdict, ChangeEmailVerdict, LinkFacts, LinkVerdict, Mailbox, Proof, Prover, ResetVerdict,
    StartResetVerdict, UndoVerdict, VerifyVerdict, Waiting,
};
pub use manage::{CreateUser, CreateVerdict, Managed};
pub use method::{First, Method, Second};
pub use name::Name;
pub use passkey::{
    DeletePasskeyVerdict, PasskeyAnswer, PasskeyOptions, PasskeyOptionsVerdict, RegisterPasskey,
    RegisterPasskeyVerdict, RegisteredPasskey, RenamePasskeyVerdict, UserVerification, credential_id_text,
};
pub use password::ChangePasswordVerdict;
pub use presented::PresentedFactor;
pub use profile::RenameVerdict;
pub use readings::Readings;
pub use recovery_code::RecoveryCodesVerdict;
pub use replay::{Effect, Replay, Replayed};
pub use role::RoleVerdict;
pub use second_factor::{SecondStep, SecondStepVerdict};
pub use sign_in::{SignIn, SignInVerdict};
pub use sign_up::{SignUp, SignUpVerdict};
pub use step_up::StepUpVerdict;
pub use totp::{BeginTotpVerdict, BegunTotp, ConfirmTotpVerdict, RemoveTotpVerdict};
// What callers above need of the floors below: they need no arrow of their own down there.
pub use countersign_limit::{Challenge, Reading, Refused};
pub use countersign_password::Busy;
pub use countersign_store::{Cursor, Page, PageRequest, Passkey, RememberedDevice, Role, User, UserStatus};
