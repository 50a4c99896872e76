//! Keeps recovery codes.

use async_trait::async_trait;
use countersign_kernel::{Timestamp, UserId};
use countersign_store::{Error, RecoveryCodeHash, RecoveryCodes};

use crate::engine::{change, on_engine};
use crate::error::{lost_reference, refused};
use crate::row::micros;
use crate::tx::SqlTx;

const CLEAR: &str = "DELETE FROM recovery_codes WHERE user_id = $1";
const INSERT: &str = "INSERT INTO recovery_codes (user_id, code_hash, created_at) ";
const TAKE: &str = "DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2";

#[async_trait]
impl RecoveryCodes for SqlTx {
    async fn replace_recovery_codes(
        &mut self,
        user: UserId,
        codes: &[RecoveryCodeHash],
        now: Timestamp,
    ) -> Result<(), Error> {
        change!(self, CLEAR, user.as_uuid())?;
        if codes.is_empty() {
            return Ok(());
        }
        let inserted = on_engine!(self, |c| {
            let mut insert = sqlx::QueryBuilder::<Engine>::new(INSERT);
            insert.push_values(codes, |mut row, code| {
                row.push_bind(user.as_uuid()).push_bind(code.0.to_vec()).push_bind(micros(now));
            });
            insert.build().persistent(false).execute(c).await.map(|done| done.rows_affected())
        })
        .map_err(lost_reference)?;
        if usize::try_from(inserted) == Ok(codes.len()) { Ok(()) } else { Err(refused("not every code was written")) }
    }

    async fn take_recovery_code(&mut self, user: UserId, code: RecoveryCodeHash) -> Result<bool, Error> {
        Ok(change!(self, TAKE, user.as_uuid(), code.0.as_slice())? == 1)
    }
}
