//! Keeps one-time tokens.

use async_trait::async_trait;
use countersign_kernel::{Timestamp, UserId};
use countersign_store::{Error, OneTimeToken, OneTimeTokens, Purpose};
use uuid::Uuid;

use crate::engine::{change_many, change_or, take};
use crate::error::{lost_reference, refused};
use crate::row::{micros, moment, row};
use crate::tx::SqlTx;

/// One row a purpose and person: a new token takes the place of the one before, in one write.
const INSERT: &str = "INSERT INTO one_time_tokens (purpose, owner, user_id, secret_hash, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (purpose, owner) DO UPDATE SET user_id = excluded.user_id, secret_hash = excluded.secret_hash, \
     created_at = excluded.created_at, expires_at = excluded.expires_at";
const CONSUME: &str = "DELETE FROM one_time_tokens WHERE secret_hash = $1 AND purpose = $2 AND expires_at > $3 \
     RETURNING user_id, created_at, expires_at";
const SWEEP: &str = "DELETE FROM one_time_tokens WHERE secret_hash IN \
     (SELECT secret_hash FROM one_time_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

row! {
    struct ConsumedRow {
        user_id: Option<Uuid>,
        created_at: i64,
        expires_at: i64,
    }
}

#[async_trait]
impl OneTimeTokens for SqlTx {
    async fn insert_one_time_token(&mut self, token: &OneTimeToken) -> Result<(), Error> {
        let user = token.user.map(UserId::as_uuid);
        let inserted = change_or!(
            lost_reference,
            self,
            INSERT,
            token.purpose.as_str(),
            user.unwrap_or(Uuid::nil()),
            user,
            token.secret_hash.as_slice(),
            micros(token.created_at),
            micros(token.expires_at),
        )?;
        if inserted == 1 { Ok(()) } else { Err(refused("the one-time token was not written")) }
    }

    async fn consume_one_time_token(
        &mut self,
        secret_hash: &[u8; 32],
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<OneTimeToken>, Error> {
        let row = take!(self, ConsumedRow, CONSUME, secret_hash.as_slice(), purpose.as_str(), micros(now))?;
        Ok(row.map(|row| OneTimeToken {
            secret_hash: *secret_hash,
            purpose,
            user: row.user_id.map(UserId::from_uuid),
            created_at: moment(row.created_at),
            expires_at: moment(row.expires_at),
        }))
    }

    async fn sweep_one_time_tokens(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error> {
        change_many!(self, SWEEP, micros(now), i64::from(limit))
    }
}
