//! Keeps password hashes.

use async_trait::async_trait;
use countersign_kernel::{Secret, Timestamp, UserId};
use countersign_store::{Error, PasswordHash, Passwords, PepperUse};

use crate::engine::{change, change_or, find, list};
use crate::error::lost_reference;
use crate::hot::sql::PASSWORD;
use crate::row::micros;
use crate::tx::SqlTx;

const INSERT: &str = "INSERT INTO passwords (user_id, phc, changed_at, pepper_id) VALUES ($1, $2, $3, $4) ON CONFLICT (user_id) DO NOTHING";
const REPLACE: &str = "UPDATE passwords SET phc = $3, changed_at = $4, pepper_id = $5 WHERE user_id = $1 AND phc = $2";
const DELETE: &str = "DELETE FROM passwords WHERE user_id = $1";
const LIST_PEPPERS: &str = "SELECT pepper_id, COUNT(*) FROM passwords WHERE pepper_id IS NOT NULL \
    GROUP BY pepper_id ORDER BY pepper_id";

#[async_trait]
impl Passwords for SqlTx {
    async fn find_password(&mut self, user: UserId) -> Result<Option<PasswordHash>, Error> {
        let row = find!(self, (String,), PASSWORD, user.as_uuid())?;
        Ok(row.map(|(phc,)| PasswordHash(Secret::new(phc))))
    }

    async fn insert_password(&mut self, user: UserId, hash: &PasswordHash, now: Timestamp) -> Result<bool, Error> {
        let (text, pepper) = (hash.0.expose().as_str(), hash.pepper_id());
        Ok(change_or!(lost_reference, self, INSERT, user.as_uuid(), text, micros(now), pepper)? == 1)
    }

    async fn replace_password(
        &mut self,
        user: UserId,
        expected: &PasswordHash,
        hash: &PasswordHash,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (expected, text) = (expected.0.expose().as_str(), hash.0.expose().as_str());
        Ok(change!(self, REPLACE, user.as_uuid(), expected, text, micros(now), hash.pepper_id())? == 1)
    }

    async fn delete_password(&mut self, user: UserId) -> Result<bool, Error> {
        Ok(change!(self, DELETE, user.as_uuid())? == 1)
    }

    async fn list_pepper_uses(&mut self) -> Result<Vec<PepperUse>, Error> {
        let rows = list!(self, (String, i64), LIST_PEPPERS)?;
        let hashes = |count: i64| u64::try_from(count).unwrap_or(0);
        Ok(rows.into_iter().map(|(pepper_id, count)| PepperUse { pepper_id, hashes: hashes(count) }).collect())
    }
}
