//! Named sliding-window limits with bounded memory (DESIGN section 5).
//!
//! A [`Quota`] says how many acts in which span; a [`Key`] says whose. [`Limiter::take`] charges several buckets in one atomic
//! step, all or none, *before* the act, and [`Limiter::give_back`] returns the charge when the act turned out well: so a burst
//! of parallel tries never gets past the count. [`MemoryLimiter`] keeps the buckets in this process.

pub mod limiter;
pub mod memory;
pub mod network;
pub mod policy;
pub mod quota;

mod bucket;

pub use limiter::{Limiter, Receipt, Refused, Taken, Unlimited};
pub use memory::MemoryLimiter;
pub use network::{AddressTiers, Tier};
pub use policy::{Policies, UnknownPolicy};
pub use quota::{Key, Quota, Reading};
