//! The fault-injection test: honest browsers and thieves live thousands of hours against the real server.
//!
//! The server is the very binary, save for its clock, which this harness turns. Everything goes over sockets, through a proxy that
//! loses, delays, holds, duplicates, reorders and cuts; meanwhile the server is restarted, killed, and put back to an older
//! backup, and the machine's wall is stepped. The oracle says what must not happen, and what it assumes (see its source); the
//! design page `docs/design/fault-injection.md` has the rest.
//!
//! The seed decides every plan: who does what when, and what the network does to it. What meets within one moment is truly
//! concurrent, and the machine decides the order: a replay is exact but for that.

#![expect(clippy::indexing_slicing, reason = "a test harness fails its test")]

mod browser;
mod dice;
mod fault;
mod http;
mod jar;
mod oracle;
mod proxy;
mod queue;
mod report;
mod server;
mod thief;
mod time;
mod world;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::Path;

pub use report::{Finding, Kind, Outcome};

/// How long a life, and of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Decides everything.
    pub seed: u64,
    /// How many browsers and native programs there are.
    pub browsers: usize,
    /// How many hours they live.
    pub hours: u32,
}

impl Plan {
    /// What is over in half a minute.
    pub const SHORT: Self = Self { seed: 0, browsers: 40, hours: 8 };
}

/// The seed that `COUNTERSIGN_TEST_SEED` chooses, if it does.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a seed may be chosen from outside")]
pub fn chosen_seed() -> Option<u64> {
    std::env::var("COUNTERSIGN_TEST_SEED").ok()?.parse().ok()
}

/// A seed that nobody has chosen.
#[must_use]
pub fn random_seed() -> u64 {
    // Short, so that it is easily typed again.
    RandomState::new().build_hasher().finish() % 1_000_000_000
}

/// Lives through a plan with the server at `binary`, which must be built with `driven-clock`.
///
/// # Errors
/// The server did not start, or ended by itself, or the machine failed.
pub fn live(binary: &Path, plan: &Plan) -> io::Result<Outcome> {
    world::World::new(binary, plan)?.live()
}
