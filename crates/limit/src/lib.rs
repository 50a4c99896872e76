//! Named sliding-window limits with bounded memory (DESIGN section 5).
//!
//! A [`Quota`] says how many acts in which span; a [`Key`] says whose. [`Limiter::take`] charges several buckets in one atomic
//! step, all or none, *before* the act, and [`Limiter::give_back`] returns the charge when the act turned out well: so a burst
//! of parallel tries never gets past the count. [`MemoryLimiter`] keeps the buckets in this process; a limiter that keeps them
//! elsewhere answers later ([`Answer`]).

pub mod challenge;
pub mod limiter;
pub mod memory;
pub mod network;
pub mod policy;
pub mod quota;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tunable;

mod answer;
mod bucket;
mod counted;

pub use answer::Answer;
pub use bucket::EXACT;
pub use challenge::{Challenge, Challenges, Solution};
pub use counted::Counted;
pub use limiter::{Limiter, Occupancy, Receipt, Refused, Taken, Unlimited};
pub use memory::MemoryLimiter;
pub use network::{AddressTiers, Tier};
pub use policy::{Policies, UnknownPolicy, max_number};
pub use quota::{Key, KeyMaker, Quota, Reading};
pub use tunable::Tunable;
