//! The audit trail in a store: sealing, checking, listing, exporting (DESIGN section 7).
//!
//! Verbs write records in their own transactions and wait for nobody. Later one of the nodes seals them: gives each its
//! number and chains it to the one before ([`seal()`]). What waits for that is the unsealed tail, and every check says how
//! long it is ([`check()`]).

pub mod check;
pub mod error;
pub mod export;
pub mod seal;
pub mod tail;

pub use check::check;
pub use error::Error;
pub use export::export;
pub use seal::{Sealed, seal};
pub use tail::{Tail, list};
