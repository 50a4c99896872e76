//! A device on which a person has proven a second factor, and is not asked for one again for a while.

use async_trait::async_trait;
use countersign_kernel::{DeviceId, Timestamp, UserId};

use crate::error::Error;

/// A remembered device of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RememberedDevice {
    /// The device.
    pub device: DeviceId,
    /// Who is remembered on it.
    pub user: UserId,
    /// The user agent that it was remembered with.
    pub user_agent: Option<String>,
    /// The address that it was remembered at.
    pub address: Option<String>,
    /// When it was remembered.
    pub created_at: Timestamp,
    /// When it last stood in for a second factor.
    pub last_used_at: Timestamp,
    /// From when on it is forgotten.
    pub expires_at: Timestamp,
}

/// Keeps remembered devices.
#[async_trait]
pub trait RememberedDevices {
    /// Remembers a device, anew where it is remembered already. [`Error::Conflict`] where the person has just been deleted.
    async fn remember_device(&mut self, device: &RememberedDevice) -> Result<(), Error>;

    /// Notes that the device stands in for a second factor; `false` where it is not remembered at `now`.
    async fn use_remembered_device(&mut self, user: UserId, device: DeviceId, now: Timestamp) -> Result<bool, Error>;

    /// The person's that are remembered at `now`, last used first, at most 200.
    async fn list_remembered_devices(&mut self, user: UserId, now: Timestamp) -> Result<Vec<RememberedDevice>, Error>;

    /// Forgets one of the person's; `false` where it was not remembered.
    async fn forget_device(&mut self, user: UserId, device: DeviceId) -> Result<bool, Error>;

    /// Forgets all of the person's; how many it were.
    async fn forget_devices(&mut self, user: UserId) -> Result<u64, Error>;

    /// Deletes at most `limit` that are forgotten at `now`; how many it were.
    async fn sweep_remembered_devices(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error>;
}
