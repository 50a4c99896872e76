//! What this system signs and derives with: the ring of signing keys, its rotation, and everything secret sealed at rest
//! (DESIGN section 3).
//!
//! Signing keys and roots are in the database, sealed under a [`MasterKey`] that is not. A [`Keyring`] holds the parsed keys of
//! this process and is asked without waiting. Each change of the ring is one transaction of conditional writes with its audit
//! records, so that of racing nodes one wins and the others take up what it did.

mod audit_key;
mod change;
mod check;
mod data_key;
mod derive;
pub mod error;
mod feed_keys;
pub mod import;
mod jwks;
mod key;
mod lifetime;
mod master;
mod material;
mod policy;
mod ring;
mod root;
pub mod rotate;
pub mod schedule;
mod seal;
mod start;
mod succession;
#[cfg(test)]
mod testing;
pub mod withdraw;

pub use audit_key::AuditKey;
pub use data_key::{DataKeys, SealedData};
pub use derive::derive;
pub use error::Error;
pub use feed_keys::FeedKeys;
pub use import::{Activation, ImportKey, Imported};
pub use key::{RingKey, Standing};
pub use lifetime::last_token_dies;
pub use master::{MasterKey, MasterKeyError};
pub use policy::KeyPolicy;
pub use ring::Keyring;
pub use root::Roots;
pub use rotate::Rotated;
pub use schedule::Ticked;
pub use seal::SealError;
pub use withdraw::Withdrawn;
