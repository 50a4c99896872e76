//! A session's row as columns: what statements name, bind and read, in one order.

use countersign_kernel::{DeviceId, SessionId, UserId};
use countersign_store::{
    Answered, Delivery, EndReason, Ended, Error, Noticed, RefreshRow, RefreshWrite, Session, Spent,
};
use rusqlite::ToSql;
use uuid::Uuid;

use super::{codec, marks};
use crate::error::refused;
use crate::row::{Place, micros, moment, row, split_words, to_column};

/// The columns of a session, in the order of [`SessionRow`].
macro_rules! session_columns {
    () => {
        "sessions.id AS session_id, sessions.user_id, sessions.delivery, sessions.remember, sessions.generation, \
         sessions.made_at, sessions.period, sessions.delivered, sessions.answered, sessions.recent, sessions.uses_ids, \
         sessions.bound_key, sessions.idle_deadline, sessions.absolute_deadline, sessions.ended_at, sessions.ended_reason, \
         sessions.seen_at, sessions.version, sessions.amr, sessions.auth_time, sessions.device_id, sessions.user_agent, \
         sessions.address, sessions.first_address, sessions.noticed, sessions.created_at, sessions.last_seen_at"
    };
}
pub(crate) use session_columns;

/// The one conditional write of a judged row; `$1` to `$20` are those of [`WriteColumns`]. `$from` is what else it reads.
macro_rules! write_refresh {
    () => {
        write_refresh!("", "")
    };
    ($from:literal, $joined:literal) => {
        concat!(
            "UPDATE sessions SET generation = $3, made_at = $4, period = $5, delivered = $6, answered = $7, recent = $8, \
             uses_ids = $9, bound_key = $10, idle_deadline = $11, absolute_deadline = $12, ended_at = $13, \
             ended_reason = $14, seen_at = $15, version = $16, last_seen_at = $17, address = COALESCE($18, address)",
            $from,
            " WHERE sessions.id = $1 AND version = $2 AND generation = $19 AND seen_at = $20 AND ended_at IS NULL",
            $joined
        )
    };
}
pub(crate) use write_refresh;

row! {
    pub(crate) struct SessionRow {
        pub(crate) session_id: Uuid,
        pub(crate) user_id: Uuid,
        pub(crate) delivery: String,
        pub(crate) remember: bool,
        pub(crate) generation: i64,
        pub(crate) made_at: i64,
        pub(crate) period: i64,
        pub(crate) delivered: Option<i64>,
        pub(crate) answered: Vec<u8>,
        pub(crate) recent: Vec<u8>,
        pub(crate) uses_ids: bool,
        pub(crate) bound_key: Option<Vec<u8>>,
        pub(crate) idle_deadline: i64,
        pub(crate) absolute_deadline: i64,
        pub(crate) ended_at: Option<i64>,
        pub(crate) ended_reason: Option<String>,
        pub(crate) seen_at: i64,
        pub(crate) version: i64,
        pub(crate) amr: String,
        pub(crate) auth_time: i64,
        pub(crate) device_id: Option<Uuid>,
        pub(crate) user_agent: Option<String>,
        pub(crate) address: Option<String>,
        pub(crate) first_address: Option<String>,
        pub(crate) noticed: Option<String>,
        pub(crate) created_at: i64,
        pub(crate) last_seen_at: i64,
    }
}

impl TryFrom<SessionRow> for Session {
    type Error = Error;

    fn try_from(row: SessionRow) -> Result<Self, Error> {
        let id = SessionId::from_uuid(row.session_id);
        let place = Place { table: "sessions", id: &id };
        let delivery = match row.delivery.as_str() {
            "cookie" => Delivery::Cookie,
            "body" => Delivery::Body,
            _ => return Err(place.corrupt("delivery")),
        };
        let ended = match (row.ended_at, row.ended_reason.as_deref()) {
            (None, None) => None,
            (Some(at), Some(reason)) => {
                Some(Ended { at: moment(at), reason: place.some("ended_reason", EndReason::parse(reason))? })
            }
            _ => return Err(place.corrupt("ended_at")),
        };
        let refresh = RefreshRow {
            generation: place.count("generation", row.generation)?,
            made_at: moment(row.made_at),
            period: place.small("period", row.period)?,
            delivered: row.delivered.map(|n| place.count("delivered", n)).transpose()?,
            answered: place.some("answered", codec::decode_answered(&row.answered))?,
            recent: place.some("recent", codec::decode_recent(&row.recent))?,
            uses_ids: row.uses_ids,
            bound_key: row.bound_key.map(|key| place.bytes("bound_key", &key)).transpose()?,
            idle_deadline: moment(row.idle_deadline),
            absolute_deadline: moment(row.absolute_deadline),
            ended,
            seen_at: moment(row.seen_at),
            version: place.count("version", row.version)?,
        };
        let noticed = row.noticed.map_or(Some(Vec::new()), |text| marks::decode(&text));
        Ok(Self {
            id,
            user: UserId::from_uuid(row.user_id),
            delivery,
            remember: row.remember,
            row: refresh,
            amr: split_words(&row.amr),
            auth_time: moment(row.auth_time),
            device: row.device_id.map(DeviceId::from_uuid),
            user_agent: row.user_agent,
            address: row.address,
            first_address: row.first_address,
            noticed: place.some("noticed", noticed)?,
            created_at: moment(row.created_at),
            last_seen_at: moment(row.last_seen_at),
        })
    }
}

/// The columns that [`write_refresh`] binds, in the order of their numbers.
pub(crate) struct WriteColumns {
    pub(crate) id: Uuid,
    pub(crate) judged_version: i64,
    pub(crate) generation: i64,
    pub(crate) made_at: i64,
    pub(crate) period: i64,
    pub(crate) delivered: Option<i64>,
    pub(crate) answered: Vec<u8>,
    pub(crate) recent: Vec<u8>,
    pub(crate) uses_ids: bool,
    pub(crate) bound_key: Option<Vec<u8>>,
    pub(crate) idle_deadline: i64,
    pub(crate) absolute_deadline: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) ended_reason: Option<&'static str>,
    pub(crate) seen_at: i64,
    pub(crate) version: i64,
    pub(crate) last_seen_at: i64,
    pub(crate) address: Option<String>,
    pub(crate) judged_generation: i64,
    pub(crate) judged_seen_at: i64,
}

impl TryFrom<&RefreshWrite> for WriteColumns {
    type Error = Error;

    fn try_from(write: &RefreshWrite) -> Result<Self, Error> {
        let row = &write.row;
        if write.judged.version.checked_add(1) != Some(row.version) {
            return Err(refused("a judged row must have the version after the one it was judged by"));
        }
        Ok(Self {
            id: write.id.as_uuid(),
            judged_version: to_column(write.judged.version)?,
            generation: to_column(row.generation)?,
            made_at: micros(row.made_at),
            period: i64::from(row.period),
            delivered: row.delivered.map(to_column).transpose()?,
            answered: answered_column(&row.answered)?,
            recent: recent_column(&row.recent)?,
            uses_ids: row.uses_ids,
            bound_key: row.bound_key.map(|key| key.to_vec()),
            idle_deadline: micros(row.idle_deadline),
            absolute_deadline: micros(row.absolute_deadline),
            ended_at: row.ended.map(|ended| micros(ended.at)),
            ended_reason: row.ended.map(|ended| ended.reason.as_str()),
            seen_at: micros(row.seen_at),
            version: to_column(row.version)?,
            last_seen_at: micros(write.last_seen_at),
            address: write.address.clone(),
            judged_generation: to_column(write.judged.generation)?,
            judged_seen_at: micros(write.judged.seen_at),
        })
    }
}

impl WriteColumns {
    /// The columns of [`write_refresh`] as rusqlite binds them.
    pub(crate) fn values(&self) -> [&dyn ToSql; 20] {
        [
            &self.id,
            &self.judged_version,
            &self.generation,
            &self.made_at,
            &self.period,
            &self.delivered,
            &self.answered,
            &self.recent,
            &self.uses_ids,
            &self.bound_key,
            &self.idle_deadline,
            &self.absolute_deadline,
            &self.ended_at,
            &self.ended_reason,
            &self.seen_at,
            &self.version,
            &self.last_seen_at,
            &self.address,
            &self.judged_generation,
            &self.judged_seen_at,
        ]
    }
}

/// Binds the columns of [`write_refresh`] to a sqlx statement.
macro_rules! bind_write {
    ($query:expr, $columns:expr) => {
        $query
            .bind($columns.id)
            .bind($columns.judged_version)
            .bind($columns.generation)
            .bind($columns.made_at)
            .bind($columns.period)
            .bind($columns.delivered)
            .bind($columns.answered)
            .bind($columns.recent)
            .bind($columns.uses_ids)
            .bind($columns.bound_key)
            .bind($columns.idle_deadline)
            .bind($columns.absolute_deadline)
            .bind($columns.ended_at)
            .bind($columns.ended_reason)
            .bind($columns.seen_at)
            .bind($columns.version)
            .bind($columns.last_seen_at)
            .bind($columns.address)
            .bind($columns.judged_generation)
            .bind($columns.judged_seen_at)
    };
}
pub(crate) use bind_write;

pub(crate) fn answered_column(answered: &[Answered]) -> Result<Vec<u8>, Error> {
    codec::encode_answered(answered).ok_or_else(|| refused("more answered attempts than a row may have"))
}

pub(crate) fn recent_column(recent: &[Spent]) -> Result<Vec<u8>, Error> {
    codec::encode_recent(recent).ok_or_else(|| refused("more spent generations than a row may have"))
}

pub(crate) fn noticed_column(noticed: &[Noticed]) -> Result<Option<String>, Error> {
    marks::encode(noticed).map_err(|_| refused("more marks than a row may have, or one that is no short line"))
}
