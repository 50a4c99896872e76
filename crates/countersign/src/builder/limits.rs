//! The settings of limits.

use countersign_kernel::Secret;
use countersign_limit::Policies;

use super::Builder;

/// How many hashes the first proof of work costs at most: a moment in a browser.
pub(super) const CHALLENGE_DIFFICULTY: u32 = 50_000;

impl Builder {
    /// The named limits.
    pub fn limits(mut self, limits: Policies) -> Self {
        self.session.refresh_limit = limits.refresh_session;
        self.limits = Some(limits);
        self
    }

    /// A Valkey or Redis server, `redis://user:password@host:port/number`, with TLS `rediss://`: all nodes that are given it count
    /// limits together, and hear of each other's revocations at once. Nothing is lost with it: while it does not answer, each node
    /// counts for itself. Without it, each node does so always.
    pub fn valkey(mut self, url: Secret<String>) -> Self {
        self.valkey = Some(url);
        self
    }

    /// How many hashes the proof of work costs at most that is asked where an account has seen many failures; 50,000 without
    /// it. It doubles with each quarter of the limit `challenge_account`, up to sixteen times this.
    pub const fn challenge_difficulty(mut self, hashes: u32) -> Self {
        self.challenge_difficulty = hashes;
        self
    }

    /// Switches every limit off. For load tests alone: passwords can then be guessed at full speed.
    pub fn danger_without_limits(mut self) -> Self {
        self.limits = None;
        self
    }
}
