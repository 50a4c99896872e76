//! Roots: 256-bit secrets made at install, from which working keys are derived. Kept sealed under the master key.

use async_trait::async_trait;
use countersign_kernel::Timestamp;

use crate::error::Error;

/// A sealed root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// What it is for: `refresh`, `cookies`, `lookup`.
    pub name: String,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Keeps roots.
#[async_trait]
pub trait Roots {
    /// Keeps `root` if none of its name exists, and gives the one that is kept: of racing first starts all use the same.
    async fn keep_root(&mut self, root: &Root) -> Result<Root, Error>;

    /// The root with this name.
    async fn find_root(&mut self, name: &str) -> Result<Option<Root>, Error>;
}
