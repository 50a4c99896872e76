//! The audit trail in a store: sealing, signing, checking, listing, exporting, giving up what is too old (DESIGN section 7).
//!
//! Verbs write records in their own transactions and wait for nobody. Later one of the nodes seals them: gives each its
//! number and chains it to the one before ([`seal()`]). What waits for that is the unsealed tail, and every check says how
//! long it is ([`check()`]). Now and then the end of the chain is signed ([`checkpoint()`]); what is older than the policy
//! wants is given up behind a signed base ([`prune()`]).

pub mod check;
pub mod checkpoint;
pub mod error;
pub mod export;
pub mod prune;
pub mod reader;
pub mod seal;
pub mod tail;

pub use check::{check, verifier};
pub use checkpoint::{Due, checkpoint, newest_checkpoint};
pub use error::Error;
pub use export::{Exported, Range, export};
pub use prune::{Pruned, prune};
pub use reader::Reader;
pub use seal::{Sealed, seal};
pub use tail::{Tail, list};
// Nouns that callers above the store meet: they need no arrow of their own down there.
pub use countersign_store::{AddressRange, AuditFilter, Cursor, Page, PageRequest};
