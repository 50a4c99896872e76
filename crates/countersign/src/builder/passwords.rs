//! How passwords are hashed, and what they must be.

use std::path::PathBuf;

use countersign_password::{HasherConfig, Params, Peppers, Policy as PasswordPolicy};

use super::Builder;

impl Builder {
    /// How passwords are hashed on this machine. Parameters below [`Params::FLOOR`] are refused.
    pub const fn hashing(mut self, config: HasherConfig) -> Self {
        self.hashing = config;
        self.weak_hashing = false;
        self
    }

    /// Hashes with any parameters. For tests alone.
    pub const fn danger_weak_hashing(mut self, params: Params) -> Self {
        self.hashing.params = params;
        self.weak_hashing = true;
        self
    }

    /// What new passwords must be.
    pub fn password_policy(mut self, policy: PasswordPolicy) -> Self {
        self.passwords = policy;
        self
    }

    /// A file that `countersign password build-filter` has made: passwords known from breaches, which no new password may be,
    /// beside the filter that is built in. It is held in memory.
    pub fn breached_filter(mut self, path: impl Into<PathBuf>) -> Self {
        self.breached_filter = Some(path.into());
        self
    }

    /// Secrets that go into password hashes and are kept apart from the database. A hash whose pepper is missing refuses the
    /// start.
    pub fn peppers(mut self, peppers: Peppers) -> Self {
        self.peppers = peppers;
        self
    }
}
