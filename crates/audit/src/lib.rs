//! The closed vocabulary of audit events and their hash chain (DESIGN section 7).
//!
//! A verb writes a [`Record`] in the transaction of its act. A sealer numbers and chains the records at most a second later.

pub mod event;
pub mod record;

pub use event::{Event, Outcome};
pub use record::{Actor, Record};
