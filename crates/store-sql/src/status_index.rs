//! Keeps status indexes.

use async_trait::async_trait;
use countersign_kernel::{KeyId, SessionId, Timestamp, TokenId, UserId};
use countersign_store::{Error, StatusIndex, StatusIndexes, StatusListSize};
use uuid::Uuid;

use crate::engine::{change, change_many, find, list};
use crate::error::refused;
use crate::row::{Place, micros, moment, row, to_column};
use crate::tx::SqlTx;

const TAKE: &str = "INSERT INTO status_indexes (idx, token_id, session_id, user_id, ver, key_id, keep_until) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (idx) DO NOTHING";
const LIST: &str = "SELECT idx, token_id, session_id, user_id, ver, key_id, keep_until FROM status_indexes \
     WHERE idx > $1 ORDER BY idx LIMIT $2";
const SIZE: &str = "SELECT size, (SELECT count(*) FROM status_indexes) FROM status_list_size";
const GROW: &str = "UPDATE status_list_size SET size = size * 2, grown_at = $2 WHERE size = $1 AND grown_at <= $3";
const SWEEP: &str = "DELETE FROM status_indexes WHERE idx IN \
     (SELECT idx FROM status_indexes WHERE keep_until <= $1 ORDER BY keep_until LIMIT $2)";

row! {
    struct StatusIndexRow {
        idx: i64,
        token_id: Uuid,
        session_id: Uuid,
        user_id: Uuid,
        ver: i64,
        key_id: Uuid,
        keep_until: i64,
    }
}

impl TryFrom<StatusIndexRow> for StatusIndex {
    type Error = Error;

    fn try_from(row: StatusIndexRow) -> Result<Self, Error> {
        let place = Place { table: "status_indexes", id: &row.idx };
        Ok(Self {
            index: place.count("idx", row.idx)?,
            token: TokenId::from_uuid(row.token_id),
            session: SessionId::from_uuid(row.session_id),
            user: UserId::from_uuid(row.user_id),
            ver: place.count("ver", row.ver)?,
            key: KeyId::from_uuid(row.key_id),
            until: moment(row.keep_until),
        })
    }
}

#[async_trait]
impl StatusIndexes for SqlTx {
    async fn take_status_index(&mut self, index: &StatusIndex) -> Result<bool, Error> {
        let taken = change!(
            self,
            TAKE,
            to_column(index.index)?,
            index.token.as_uuid(),
            index.session.as_uuid(),
            index.user.as_uuid(),
            to_column(index.ver)?,
            index.key.as_uuid(),
            micros(index.until),
        )?;
        Ok(taken == 1)
    }

    async fn list_status_indexes(&mut self, after: Option<u64>, limit: u32) -> Result<Vec<StatusIndex>, Error> {
        let after = after.map_or(Ok(-1), to_column)?;
        let rows = list!(self, StatusIndexRow, LIST, after, i64::from(limit))?;
        rows.into_iter().map(StatusIndex::try_from).collect()
    }

    async fn status_list_size(&mut self) -> Result<StatusListSize, Error> {
        let Some((size, taken)) = find!(self, (i64, i64), SIZE)? else {
            return Err(refused("the size of the status list has no row"));
        };
        let place = Place { table: "status_list_size", id: &"the size" };
        Ok(StatusListSize { size: place.count("size", size)?, taken: taken.unsigned_abs() })
    }

    async fn grow_status_list(&mut self, size: u64, now: Timestamp, since: Timestamp) -> Result<bool, Error> {
        Ok(change!(self, GROW, to_column(size)?, micros(now), micros(since))? == 1)
    }

    async fn sweep_status_indexes(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error> {
        change_many!(self, SWEEP, micros(now), i64::from(limit))
    }
}
