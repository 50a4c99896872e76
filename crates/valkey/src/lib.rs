//! What nodes share through Valkey or Redis: the windows of limits, and the news that something was revoked (DESIGN sections 2
//! and 5).
//!
//! Nothing that cannot be lost. The windows are kept by each node for what passes through it as well, so that a Valkey that is
//! flushed, or gone, leaves the limits of each node; the news is only that there is something to read in the database, where it is
//! found by its number a moment later in any case. docs/design/valkey.md says why it is so.

pub mod address;
pub mod limiter;
pub mod link;
pub mod revocation;

mod script;

pub use address::{AddressError, ValkeyAddress};
pub use limiter::SharedLimiter;
pub use link::{Link, Names, PATIENCE, Readings};
pub use revocation::FanOut;
