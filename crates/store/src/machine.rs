//! A machine: a service with a key of its own, which opens what its scope names and nothing else (DESIGN section 2).

use async_trait::async_trait;
use countersign_kernel::{MachineId, Timestamp};

use crate::error::Error;
use crate::page::{Page, PageRequest};

/// What a machine's key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MachineScope {
    /// The revocation feed.
    Revocations,
}

impl MachineScope {
    /// The stable text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revocations => "revocations",
        }
    }

    /// The scope with this text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text == Self::Revocations.as_str()).then_some(Self::Revocations)
    }
}

/// A machine as it is kept: of its key, only the SHA-256 of the 256-bit secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The id, which is part of the key.
    pub id: MachineId,
    /// What operators call it; no two machines have one name.
    pub name: String,
    /// What the key opens.
    pub scope: MachineScope,
    /// SHA-256 of the secret.
    pub key_hash: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
}

/// Keeps machines.
#[async_trait]
pub trait Machines {
    /// Adds a machine; `false` where its name is taken. Of racing calls with one name exactly one adds.
    async fn insert_machine(&mut self, machine: &Machine) -> Result<bool, Error>;

    /// The machine with this id.
    async fn find_machine(&mut self, id: MachineId) -> Result<Option<Machine>, Error>;

    /// The machine with this name.
    async fn find_machine_by_name(&mut self, name: &str) -> Result<Option<Machine>, Error>;

    /// Machines in the order of their ids, which is that of their making.
    async fn list_machines(&mut self, page: &PageRequest) -> Result<Page<Machine>, Error>;

    /// Deletes a machine; `false` where there is none. Of racing calls exactly one deletes.
    async fn delete_machine(&mut self, id: MachineId) -> Result<bool, Error>;
}
