//! Keeps recovery codes.

use async_trait::async_trait;
use countersign_kernel::{Timestamp, UserId};
use countersign_store::{Error, RecoveryCodeHash, RecoveryCodes};

use crate::engine::change;
use crate::error::{lost_reference, refused};
use crate::row::micros;
use crate::text::Text;
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
        let mut insert = Text::new(INSERT);
        insert.rows(codes.iter().map(|code| [user.as_uuid().into(), code.0.as_slice().into(), micros(now).into()]));
        let inserted = self.change_by(insert).await.map_err(lost_reference)?;
        if usize::try_from(inserted) == Ok(codes.len()) { Ok(()) } else { Err(refused("not every code was written")) }
    }

    async fn take_recovery_code(&mut self, user: UserId, code: RecoveryCodeHash) -> Result<bool, Error> {
        Ok(change!(self, TAKE, user.as_uuid(), code.0.as_slice())? == 1)
    }
}
