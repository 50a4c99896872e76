//! Keeps signed checkpoints of the audit chain, and the base with which it begins.

use async_trait::async_trait;
use countersign_audit::Checkpoint;
use countersign_kernel::Timestamp;

use crate::error::Error;

/// A checkpoint or base with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What it says. The engine does not check the signature: whoever relies on it verifies `signed`.
    pub checkpoint: Checkpoint,
    /// The signed text.
    pub signed: String,
}

/// Keeps checkpoints.
#[async_trait]
pub trait AuditCheckpoints {
    /// Adds a checkpoint; `false`, and nothing changes, where there is one with this number.
    async fn insert_audit_checkpoint(&mut self, checkpoint: &SignedCheckpoint) -> Result<bool, Error>;

    /// The checkpoint with the greatest number.
    async fn newest_audit_checkpoint(&mut self) -> Result<Option<SignedCheckpoint>, Error>;

    /// The newest checkpoint that was made at or before `moment`.
    async fn audit_checkpoint_at(&mut self, moment: Timestamp) -> Result<Option<SignedCheckpoint>, Error>;

    /// At most `limit` checkpoints with a greater number than `after`, in order.
    async fn list_audit_checkpoints(&mut self, after: u64, limit: u32) -> Result<Vec<SignedCheckpoint>, Error>;

    /// The base; none where nothing was given up yet.
    async fn audit_base(&mut self) -> Result<Option<SignedCheckpoint>, Error>;

    /// Puts a base in the place of an older one; `false`, and nothing changes, where the present one is as far or further.
    async fn move_audit_base(&mut self, base: &SignedCheckpoint) -> Result<bool, Error>;

    /// Deletes at most `limit` records, the oldest first, and all checkpoints, that the base says were given up; how many
    /// records. Nothing behind the base can be deleted.
    async fn sweep_audit_records(&mut self, limit: u32) -> Result<u64, Error>;
}
