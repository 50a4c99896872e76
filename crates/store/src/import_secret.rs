//! A secret of another system, without which its password hashes say nothing: a pepper, a signer key. Kept sealed.

use async_trait::async_trait;
use countersign_kernel::Timestamp;

use crate::error::Error;

/// A sealed secret of another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportSecret {
    /// The name by which hashes call it. It follows from the secret: one secret has one name, however often it is brought in.
    pub name: String,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
    /// When it was brought in.
    pub created_at: Timestamp,
}

/// Keeps secrets of other systems.
#[async_trait]
pub trait ImportSecrets {
    /// Keeps the secret; `false` where one of its name is kept already, and then nothing changes. Of racing calls for one name
    /// exactly one gets `true`.
    async fn keep_import_secret(&mut self, secret: &ImportSecret) -> Result<bool, Error>;

    /// The secret with this name.
    async fn find_import_secret(&mut self, name: &str) -> Result<Option<ImportSecret>, Error>;
}
