//! The closed vocabulary of audit events and their hash chain (DESIGN section 7).
//!
//! A verb writes a [`Record`] in the transaction of its act. A sealer numbers and chains the records at most a second later;
//! signed [`checkpoint`]s bind the chain to a key. [`Verifier`] checks a database's records or an export.

pub mod blinding;
mod canonical;
pub mod chain;
pub mod checkpoint;
pub mod commitment;
pub mod event;
pub mod export;
pub mod finding;
pub mod hash;
pub mod offline;
pub mod record;
pub mod redact;
pub mod verify;

#[cfg(test)]
mod testing;

pub use blinding::{Blinding, Salt};
pub use chain::{Link, Place, canonical_bytes};
pub use checkpoint::{Checkpoint, CheckpointError, CheckpointKind};
pub use event::{Event, Outcome};
pub use export::{Header, Line, LineError, RecordLine};
pub use finding::{Finding, Report};
pub use hash::Hash;
pub use offline::{Trust, verify_export};
pub use record::{Actor, Record};
pub use verify::Verifier;
