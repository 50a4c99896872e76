//! The closed vocabulary of audit events and their hash chain (DESIGN section 7).
//!
//! A verb writes a [`Record`] in the transaction of its act. A sealer numbers and chains the records at most a second later.
//! [`Verifier`] checks a database's records or an export.

pub mod chain;
pub mod event;
pub mod export;
pub mod finding;
pub mod record;
pub mod redact;
pub mod verify;

#[cfg(test)]
mod testing;

pub use chain::{Hash, Link, canonical_bytes};
pub use event::{Event, Outcome};
pub use export::{Line, LineError};
pub use finding::{Finding, Report};
pub use record::{Actor, Record};
pub use verify::{Verifier, verify_export};
