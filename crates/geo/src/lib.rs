//! Where addresses are, by MaxMind-format files that the operator brings.
//!
//! [`Table`] reads one file for countries and one for networks (ASN), or one for both, into memory. It asks nobody: a file is
//! all there is. Follows DESIGN section 6; docs/guides/session-binding.md says where files come from.

mod error;
mod file;
mod table;
#[cfg(feature = "testing")]
pub mod writer;

pub use error::Error;
pub use table::Table;
