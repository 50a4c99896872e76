//! Keeps password hashes.

use async_trait::async_trait;
use countersign_kernel::{Secret, Timestamp, UserId};
use countersign_store::{Error, PasswordHash, Passwords};

use crate::engine::{change, find, on_engine};
use crate::error::lost_reference;
use crate::row::micros;
use crate::tx::SqlTx;

const FIND: &str = "SELECT phc FROM passwords WHERE user_id = $1";
const INSERT: &str =
    "INSERT INTO passwords (user_id, phc, changed_at) VALUES ($1, $2, $3) ON CONFLICT (user_id) DO NOTHING";
const REPLACE: &str = "UPDATE passwords SET phc = $3, changed_at = $4 WHERE user_id = $1 AND phc = $2";

#[async_trait]
impl Passwords for SqlTx {
    async fn find_password(&mut self, user: UserId) -> Result<Option<PasswordHash>, Error> {
        let row = find!(self, (String,), FIND, user.as_uuid())?;
        Ok(row.map(|(phc,)| PasswordHash(Secret::new(phc))))
    }

    async fn insert_password(&mut self, user: UserId, hash: &PasswordHash, now: Timestamp) -> Result<bool, Error> {
        self.writing()?;
        let inserted = on_engine!(self, |c| {
            let insert = sqlx::query(INSERT).bind(user.as_uuid()).bind(hash.0.expose().as_str()).bind(micros(now));
            insert.execute(c).await.map(|done| done.rows_affected())
        })
        .map_err(lost_reference)?;
        Ok(inserted == 1)
    }

    async fn replace_password(
        &mut self,
        user: UserId,
        expected: &PasswordHash,
        hash: &PasswordHash,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (expected, hash) = (expected.0.expose().as_str(), hash.0.expose().as_str());
        Ok(change!(self, REPLACE, user.as_uuid(), expected, hash, micros(now))? == 1)
    }
}
