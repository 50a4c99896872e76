//! Keeps authenticator apps.

use async_trait::async_trait;
use countersign_kernel::{Timestamp, UserId};
use countersign_store::{Error, SealedTotp, Totp, Totps};
use uuid::Uuid;

use crate::engine::{change, change_or, find, list, take};
use crate::error::{lost_reference, refused};
use crate::row::{Place, micros, moment, row, to_column};
use crate::tx::SqlTx;

/// Before every step there can be.
const NO_STEP: i64 = -1;

const BEGIN: &str = "INSERT INTO totps (user_id, sealed, seal_key, created_at, confirmed_at, last_step, burnt_step) \
     VALUES ($1, $2, $3, $4, NULL, $5, $5) ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, \
     seal_key = excluded.seal_key, created_at = excluded.created_at WHERE totps.confirmed_at IS NULL";
const FIND: &str = "SELECT user_id, sealed, seal_key, created_at, confirmed_at FROM totps WHERE user_id = $1";
const CONFIRM: &str = "UPDATE totps SET confirmed_at = $3, last_step = $4 \
     WHERE user_id = $1 AND sealed = $2 AND confirmed_at IS NULL";
const TAKE_STEP: &str = "UPDATE totps SET last_step = $2 \
     WHERE user_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2 AND burnt_step <> $2";
const BURN_STEP: &str = "UPDATE totps SET burnt_step = $2 WHERE user_id = $1";
const DELETE: &str = "DELETE FROM totps WHERE user_id = $1 RETURNING confirmed_at";
const LIST_NOT_UNDER: &str = "SELECT user_id, sealed, seal_key, created_at, confirmed_at FROM totps \
     WHERE seal_key <> $1 ORDER BY user_id LIMIT $2";
const RESEAL: &str = "UPDATE totps SET sealed = $3, seal_key = $4 WHERE user_id = $1 AND sealed = $2";

row! {
    struct TotpRow {
        user_id: Uuid,
        sealed: Vec<u8>,
        seal_key: i64,
        created_at: i64,
        confirmed_at: Option<i64>,
    }
}

impl TryFrom<TotpRow> for Totp {
    type Error = Error;

    fn try_from(row: TotpRow) -> Result<Self, Error> {
        let user = UserId::from_uuid(row.user_id);
        let key = Place { table: "totps", id: &user }.small("seal_key", row.seal_key)?;
        Ok(Self {
            user,
            sealed: SealedTotp { bytes: row.sealed, key },
            created_at: moment(row.created_at),
            confirmed_at: row.confirmed_at.map(moment),
        })
    }
}

#[async_trait]
impl Totps for SqlTx {
    async fn begin_totp(&mut self, user: UserId, sealed: &SealedTotp, now: Timestamp) -> Result<bool, Error> {
        let (bytes, key) = (sealed.bytes.as_slice(), i64::from(sealed.key));
        Ok(change_or!(lost_reference, self, BEGIN, user.as_uuid(), bytes, key, micros(now), NO_STEP)? == 1)
    }

    async fn find_totp(&mut self, user: UserId) -> Result<Option<Totp>, Error> {
        find!(self, TotpRow, FIND, user.as_uuid())?.map(Totp::try_from).transpose()
    }

    async fn confirm_totp(
        &mut self,
        user: UserId,
        sealed: &SealedTotp,
        step: u64,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let step = to_column(step)?;
        Ok(change!(self, CONFIRM, user.as_uuid(), sealed.bytes.as_slice(), micros(now), step)? == 1)
    }

    async fn take_totp_step(&mut self, user: UserId, step: u64) -> Result<bool, Error> {
        Ok(change!(self, TAKE_STEP, user.as_uuid(), to_column(step)?)? == 1)
    }

    async fn burn_totp_step(&mut self, user: UserId, step: u64) -> Result<(), Error> {
        if change!(self, BURN_STEP, user.as_uuid(), to_column(step)?)? == 1 {
            Ok(())
        } else {
            Err(refused("there is no step to be burnt"))
        }
    }

    async fn delete_totp(&mut self, user: UserId) -> Result<bool, Error> {
        let deleted = take!(self, (Option<i64>,), DELETE, user.as_uuid())?;
        // One that was never confirmed was nobody's second factor.
        Ok(deleted.is_some_and(|(confirmed_at,)| confirmed_at.is_some()))
    }

    async fn list_totps_not_under(&mut self, key: u32, limit: u32) -> Result<Vec<Totp>, Error> {
        let rows = list!(self, TotpRow, LIST_NOT_UNDER, i64::from(key), i64::from(limit))?;
        rows.into_iter().map(Totp::try_from).collect()
    }

    async fn reseal_totp(&mut self, user: UserId, old: &SealedTotp, new: &SealedTotp) -> Result<bool, Error> {
        let (old, key) = (old.bytes.as_slice(), i64::from(new.key));
        Ok(change!(self, RESEAL, user.as_uuid(), old, new.bytes.as_slice(), key)? == 1)
    }
}
