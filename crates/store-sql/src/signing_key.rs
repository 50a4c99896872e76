//! Keeps signing keys.

use async_trait::async_trait;
use countersign_kernel::{KeyId, Timestamp};
use countersign_store::{Error, KeyState, SigningKey, SigningKeys};
use uuid::Uuid;

use crate::engine::{change, list};
use crate::error::refused;
use crate::row::{Place, micros, moment, row};
use crate::tx::SqlTx;

const LIST: &str = "SELECT id, kid, algorithm, state, sealed, public_jwk, created_at, activated_at, retired_at, gone_after \
                    FROM signing_keys ORDER BY created_at, id";
/// No conflict target: a `kid` that exists and a state that is taken are the same answer.
const INSERT: &str = "INSERT INTO signing_keys \
     (id, kid, algorithm, state, sealed, public_jwk, created_at, activated_at, retired_at, gone_after) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
const MOVE: &str = "UPDATE signing_keys SET state = $3, \
     activated_at = CASE WHEN $3 = 'active' THEN $4 ELSE activated_at END, \
     retired_at = CASE WHEN $3 = 'retired' THEN $4 ELSE retired_at END, \
     gone_after = CASE WHEN $3 = 'retired' THEN $5 ELSE gone_after END \
     WHERE id = $1 AND state = $2";
const DELETE: &str = "DELETE FROM signing_keys WHERE id = $1";
const COUNT_CHANGE: &str = "UPDATE signing_key_head SET changes = changes + 1";

row! {
    struct SigningKeyRow {
        id: Uuid,
        kid: String,
        algorithm: String,
        state: String,
        sealed: Vec<u8>,
        public_jwk: Option<String>,
        created_at: i64,
        activated_at: Option<i64>,
        retired_at: Option<i64>,
        gone_after: Option<i64>,
    }
}

impl TryFrom<SigningKeyRow> for SigningKey {
    type Error = Error;

    fn try_from(row: SigningKeyRow) -> Result<Self, Error> {
        let id = KeyId::from_uuid(row.id);
        let place = Place { table: "signing_keys", id: &id };
        Ok(Self {
            id,
            kid: row.kid,
            algorithm: row.algorithm,
            state: place.some("state", KeyState::parse(&row.state))?,
            sealed: row.sealed,
            public_jwk: row.public_jwk,
            created_at: moment(row.created_at),
            activated_at: row.activated_at.map(moment),
            retired_at: row.retired_at.map(moment),
            gone_after: row.gone_after.map(moment),
        })
    }
}

#[async_trait]
impl SigningKeys for SqlTx {
    async fn list_signing_keys(&mut self) -> Result<Vec<SigningKey>, Error> {
        list!(self, SigningKeyRow, LIST)?.into_iter().map(SigningKey::try_from).collect()
    }

    async fn insert_signing_key(&mut self, key: &SigningKey) -> Result<bool, Error> {
        let inserted = change!(
            self,
            INSERT,
            key.id.as_uuid(),
            key.kid.as_str(),
            key.algorithm.as_str(),
            key.state.as_str(),
            key.sealed.as_slice(),
            key.public_jwk.as_deref(),
            micros(key.created_at),
            key.activated_at.map(micros),
            key.retired_at.map(micros),
            key.gone_after.map(micros),
        )?;
        self.count_key_change(inserted).await
    }

    async fn move_signing_key(
        &mut self,
        id: KeyId,
        from: KeyState,
        to: KeyState,
        now: Timestamp,
        gone_after: Option<Timestamp>,
    ) -> Result<bool, Error> {
        let gone_after = gone_after.map(micros);
        let moved = change!(self, MOVE, id.as_uuid(), from.as_str(), to.as_str(), micros(now), gone_after)?;
        self.count_key_change(moved).await
    }

    async fn delete_signing_key(&mut self, id: KeyId) -> Result<bool, Error> {
        let deleted = change!(self, DELETE, id.as_uuid())?;
        self.count_key_change(deleted).await
    }
}

impl SqlTx {
    /// Raises the number by which other nodes see that the keys have changed; whether they have.
    async fn count_key_change(&mut self, rows: u64) -> Result<bool, Error> {
        if rows == 0 {
            return Ok(false);
        }
        if change!(self, COUNT_CHANGE)? != 1 {
            return Err(refused("the number of key changes has no row"));
        }
        Ok(true)
    }
}
