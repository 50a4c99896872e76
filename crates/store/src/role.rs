//! A role: a name with permissions behind it.

use async_trait::async_trait;

use crate::error::Error;

/// A role. `admin` exists from the first migration on and cannot be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The name: 1 to 64 characters of `a-z 0-9 _ - : .`.
    pub name: String,
    /// What it permits: sorted, without doubles; each like `orders:read`.
    pub permissions: Vec<String>,
}

/// Keeps roles.
#[async_trait]
pub trait Roles {
    /// The role with this name.
    async fn find_role(&mut self, name: &str) -> Result<Option<Role>, Error>;

    /// All roles by name. Roles are few: at most 1,000 are given.
    async fn list_roles(&mut self) -> Result<Vec<Role>, Error>;

    /// Makes the role or replaces its permissions. Raises `ver` of everyone who has it, and gives their ids and new `ver`s; who
    /// is given the role at the same moment has either the new permissions or a raised `ver`. [`Error::Refused`] where a name
    /// is empty or has a space.
    async fn set_role(&mut self, role: &Role) -> Result<Vec<(countersign_kernel::UserId, u64)>, Error>;

    /// Deletes the role and takes it from everyone; the same answer, or none where there was no such role. `admin` is
    /// [`Error::Refused`].
    async fn delete_role(&mut self, name: &str) -> Result<Option<Vec<(countersign_kernel::UserId, u64)>>, Error>;
}
