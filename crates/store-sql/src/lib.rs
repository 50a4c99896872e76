//! The ports of countersign-store in SQLite and PostgreSQL, from one SQL text.
//!
//! File names are those of `countersign-store`: one file a noun, on both floors. A statement is written once, with `$1`
//! placeholders, and runs on both engines; where they must differ the two texts stand side by side in one file. The few
//! statements of a refresh have a room of their own, `hot`. Follows DESIGN section 8; see docs/design/one-sql-text.md and
//! docs/design/hot-path.md.

mod audit;
mod audit_checkpoint;
mod clock;
mod engine;
mod enrolment;
mod error;
mod factor_proof;
pub mod file;
mod flush;
mod hot;
mod import_secret;
mod log;
mod machine;
mod mailed_link;
mod mark;
mod measure;
mod migrate;
pub mod moving;
mod one_time_token;
mod open;
mod outbox;
mod page;
mod passkey;
mod passkey_challenge;
mod password;
mod pending_sign_in;
mod postgres;
mod recovery_code;
mod remembered_device;
mod revocation;
mod role;
mod root;
mod row;
mod session;
mod shared;
mod signing_key;
mod sqlite;
mod status_index;
mod step;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod totp;
mod turn;
mod tx;
mod user;
mod watch;

pub use clock::ClockSource;
pub use error::OpenError;
pub use measure::{PoolReading, Readings, StepReading};
pub use open::{Database, Options};
pub use postgres::{PostgresAddress, RevocationListener};
pub use store::SqlStore;
