//! Keeps remembered devices.

use async_trait::async_trait;
use countersign_kernel::{DeviceId, Timestamp, UserId};
use countersign_store::{Error, RememberedDevice, RememberedDevices};
use uuid::Uuid;

use crate::engine::{change, change_many, change_or, list};
use crate::error::{lost_reference, refused};
use crate::row::{micros, moment, row};
use crate::tx::SqlTx;

const REMEMBER: &str = "INSERT INTO remembered_devices \
     (user_id, device_id, user_agent, address, created_at, last_used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (user_id, device_id) DO UPDATE SET user_agent = excluded.user_agent, address = excluded.address, \
     created_at = excluded.created_at, last_used_at = excluded.last_used_at, expires_at = excluded.expires_at";
const USE: &str =
    "UPDATE remembered_devices SET last_used_at = $3 WHERE user_id = $1 AND device_id = $2 AND expires_at > $3";
const LIST: &str = "SELECT user_id, device_id, user_agent, address, created_at, last_used_at, expires_at \
     FROM remembered_devices WHERE user_id = $1 AND expires_at > $2 ORDER BY last_used_at DESC, device_id LIMIT 200";
const FORGET: &str = "DELETE FROM remembered_devices WHERE user_id = $1 AND device_id = $2";
const FORGET_ALL: &str = "DELETE FROM remembered_devices WHERE user_id = $1";
const SWEEP: &str = "DELETE FROM remembered_devices WHERE (user_id, device_id) IN \
     (SELECT user_id, device_id FROM remembered_devices WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

row! {
    struct DeviceRow {
        user_id: Uuid,
        device_id: Uuid,
        user_agent: Option<String>,
        address: Option<String>,
        created_at: i64,
        last_used_at: i64,
        expires_at: i64,
    }
}

impl From<DeviceRow> for RememberedDevice {
    fn from(row: DeviceRow) -> Self {
        Self {
            device: DeviceId::from_uuid(row.device_id),
            user: UserId::from_uuid(row.user_id),
            user_agent: row.user_agent,
            address: row.address,
            created_at: moment(row.created_at),
            last_used_at: moment(row.last_used_at),
            expires_at: moment(row.expires_at),
        }
    }
}

#[async_trait]
impl RememberedDevices for SqlTx {
    async fn remember_device(&mut self, device: &RememberedDevice) -> Result<(), Error> {
        let written = change_or!(
            lost_reference,
            self,
            REMEMBER,
            device.user.as_uuid(),
            device.device.as_uuid(),
            device.user_agent.as_deref(),
            device.address.as_deref(),
            micros(device.created_at),
            micros(device.last_used_at),
            micros(device.expires_at),
        )?;
        if written == 1 { Ok(()) } else { Err(refused("the device was not written")) }
    }

    async fn use_remembered_device(&mut self, user: UserId, device: DeviceId, now: Timestamp) -> Result<bool, Error> {
        Ok(change!(self, USE, user.as_uuid(), device.as_uuid(), micros(now))? == 1)
    }

    async fn list_remembered_devices(&mut self, user: UserId, now: Timestamp) -> Result<Vec<RememberedDevice>, Error> {
        let rows = list!(self, DeviceRow, LIST, user.as_uuid(), micros(now))?;
        Ok(rows.into_iter().map(RememberedDevice::from).collect())
    }

    async fn forget_device(&mut self, user: UserId, device: DeviceId) -> Result<bool, Error> {
        Ok(change!(self, FORGET, user.as_uuid(), device.as_uuid())? == 1)
    }

    async fn forget_devices(&mut self, user: UserId) -> Result<u64, Error> {
        change!(self, FORGET_ALL, user.as_uuid())
    }

    async fn sweep_remembered_devices(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error> {
        change_many!(self, SWEEP, micros(now), i64::from(limit))
    }
}
