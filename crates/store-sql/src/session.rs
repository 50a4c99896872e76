//! Keeps sessions: one row each, whatever its age.

mod codec;
pub(crate) mod columns;
mod marks;

use async_trait::async_trait;
use countersign_kernel::{DeviceId, SessionId, Timestamp, UserId};
use countersign_store::{Delivery, Ended, Error, Noticed, Page, PageRequest, RefreshWrite, Session, Sessions};
use uuid::Uuid;

use crate::engine::{change, change_many, change_or, find, list, run, take, take_all};
use crate::error::{from_driver, lost_reference, refused};
use crate::page::{Start, nothing, page, rows_to_ask};
use crate::row::{join_words, micros, to_column};
use crate::session::columns::{
    SessionRow, WriteColumns, answered_column, bind_write, noticed_column, recent_column, session_columns,
    write_refresh,
};
use crate::tx::SqlTx;

const INSERT: &str = "INSERT INTO sessions (id, user_id, delivery, remember, generation, made_at, period, delivered, answered, \
     recent, uses_ids, bound_key, idle_deadline, absolute_deadline, ended_at, ended_reason, seen_at, version, amr, auth_time, \
     device_id, user_agent, address, first_address, noticed, created_at, last_seen_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)";
const FIND: &str = concat!("SELECT ", session_columns!(), " FROM sessions WHERE sessions.id = $1");
const WRITE_REFRESH: &str = write_refresh!();
const END: &str = concat!(
    "UPDATE sessions SET ended_at = $2, ended_reason = $3, version = version + 1 WHERE id = $1 AND ended_at IS NULL RETURNING ",
    session_columns!()
);
const END_OF_USER: &str = "UPDATE sessions SET ended_at = $3, ended_reason = $4, version = version + 1 \
     WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL";
/// A limit, because SQLite has no offset without one: more sessions nobody may have (`session.max_per_user`).
const END_IDLEST: &str = "UPDATE sessions SET ended_at = $4, ended_reason = $5, version = version + 1 \
     WHERE ended_at IS NULL AND id IN (SELECT id FROM sessions WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL \
     AND idle_deadline > $4 AND absolute_deadline > $4 ORDER BY last_seen_at DESC, id DESC LIMIT 20000 OFFSET $3) RETURNING id";
const WRITE_NOTICED: &str = "UPDATE sessions SET noticed = $3, version = version + 1 \
     WHERE id = $1 AND version = $2 AND ended_at IS NULL";
const END_EVERY: &str =
    "UPDATE sessions SET ended_at = $1, ended_reason = $2, version = version + 1 WHERE ended_at IS NULL";
const RENEW_IDLE: &str = "UPDATE sessions SET version = version + 1, \
     idle_deadline = CASE WHEN absolute_deadline < $2 THEN absolute_deadline ELSE $2 END WHERE ended_at IS NULL \
     AND idle_deadline > $1 AND absolute_deadline > $1 AND idle_deadline < $2 AND idle_deadline < absolute_deadline";
const LIST_OF_USER: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM sessions WHERE sessions.user_id = $1 AND sessions.ended_at IS NULL AND sessions.idle_deadline > $2 \
     AND sessions.absolute_deadline > $2 ORDER BY sessions.last_seen_at DESC, sessions.id DESC LIMIT 200"
);
/// What lives, below an id: ids are in the order of their time.
macro_rules! list_living {
    ($whose:literal) => {
        concat!(
            "SELECT ",
            session_columns!(),
            " FROM sessions WHERE ",
            $whose,
            "sessions.id < $1 AND sessions.ended_at IS NULL AND sessions.idle_deadline > $2 \
             AND sessions.absolute_deadline > $2 ORDER BY sessions.id DESC LIMIT $3"
        )
    };
}
const LIST_LIVING: &str = list_living!("");
const LIST_LIVING_OF_USER: &str = list_living!("sessions.user_id = $4 AND ");
const SET_AUTHENTICATION: &str =
    "UPDATE sessions SET amr = $2, auth_time = $3, version = version + 1 WHERE id = $1 AND ended_at IS NULL";
const SWEEP: &str = "DELETE FROM sessions WHERE id IN \
     (SELECT id FROM sessions WHERE absolute_deadline < $1 ORDER BY absolute_deadline LIMIT $2)";

#[async_trait]
impl Sessions for SqlTx {
    async fn insert_session(&mut self, session: &Session) -> Result<(), Error> {
        let row = &session.row;
        let delivery = match session.delivery {
            Delivery::Cookie => "cookie",
            Delivery::Body => "body",
        };
        let (generation, version) = (to_column(row.generation)?, to_column(row.version)?);
        let delivered = row.delivered.map(to_column).transpose()?;
        let (answered, recent) = (answered_column(&row.answered)?, recent_column(&row.recent)?);
        let (amr, noticed) = (join_words(&session.amr)?, noticed_column(&session.noticed)?);
        let inserted = change_or!(
            lost_reference,
            self,
            INSERT,
            session.id.as_uuid(),
            session.user.as_uuid(),
            delivery,
            session.remember,
            generation,
            micros(row.made_at),
            i64::from(row.period),
            delivered,
            answered.as_slice(),
            recent.as_slice(),
            row.uses_ids,
            row.bound_key.as_ref().map(|key| key.as_slice()),
            micros(row.idle_deadline),
            micros(row.absolute_deadline),
            row.ended.map(|ended| micros(ended.at)),
            row.ended.map(|ended| ended.reason.as_str()),
            micros(row.seen_at),
            version,
            amr.as_str(),
            micros(session.auth_time),
            session.device.map(DeviceId::as_uuid),
            session.user_agent.as_deref(),
            session.address.as_deref(),
            session.first_address.as_deref(),
            noticed.as_deref(),
            micros(session.created_at),
            micros(session.last_seen_at),
        )?;
        if inserted == 1 { Ok(()) } else { Err(refused("the session was not written")) }
    }

    async fn find_session(&mut self, id: SessionId) -> Result<Option<Session>, Error> {
        find!(self, SessionRow, FIND, id.as_uuid())?.map(Session::try_from).transpose()
    }

    async fn write_refresh(&mut self, write: &RefreshWrite) -> Result<bool, Error> {
        self.writing()?;
        let columns = WriteColumns::try_from(write)?;
        let written = run!(self, |turn| turn.change(WRITE_REFRESH, &columns.values()), |c| {
            let update = bind_write!(sqlx::query(WRITE_REFRESH), columns);
            update.execute(c).await.map(|done| done.rows_affected())
        });
        Ok(written.map_err(from_driver)? == 1)
    }

    async fn end_session(&mut self, id: SessionId, ended: Ended) -> Result<Option<Session>, Error> {
        let row = take!(self, SessionRow, END, id.as_uuid(), micros(ended.at), ended.reason.as_str())?;
        row.map(Session::try_from).transpose()
    }

    async fn end_sessions_of(&mut self, user: UserId, except: Option<SessionId>, ended: Ended) -> Result<u64, Error> {
        let except = except.map_or(Uuid::nil(), SessionId::as_uuid);
        change!(self, END_OF_USER, user.as_uuid(), except, micros(ended.at), ended.reason.as_str())
    }

    async fn end_idlest_sessions(
        &mut self,
        user: UserId,
        except: SessionId,
        keep: u32,
        ended: Ended,
    ) -> Result<Vec<SessionId>, Error> {
        let (user, except) = (user.as_uuid(), except.as_uuid());
        let (at, reason) = (micros(ended.at), ended.reason.as_str());
        let ended = take_all!(self, (Uuid,), END_IDLEST, user, except, i64::from(keep), at, reason)?;
        Ok(ended.into_iter().map(|(id,)| SessionId::from_uuid(id)).collect())
    }

    async fn write_noticed(&mut self, id: SessionId, judged_version: u64, noticed: &[Noticed]) -> Result<bool, Error> {
        let (version, noticed) = (to_column(judged_version)?, noticed_column(noticed)?);
        Ok(change!(self, WRITE_NOTICED, id.as_uuid(), version, noticed)? == 1)
    }

    async fn end_every_session(&mut self, ended: Ended) -> Result<u64, Error> {
        change_many!(self, END_EVERY, micros(ended.at), ended.reason.as_str())
    }

    async fn renew_idle_deadlines(&mut self, lived_at: Timestamp, until: Timestamp) -> Result<u64, Error> {
        change_many!(self, RENEW_IDLE, micros(lived_at), micros(until))
    }

    async fn list_sessions_of(&mut self, user: UserId, now: Timestamp) -> Result<Vec<Session>, Error> {
        let rows = list!(self, SessionRow, LIST_OF_USER, user.as_uuid(), micros(now))?;
        rows.into_iter().map(Session::try_from).collect()
    }

    async fn list_living_sessions(
        &mut self,
        user: Option<UserId>,
        now: Timestamp,
        request: &PageRequest,
    ) -> Result<Page<Session>, Error> {
        let below = match Start::of(request, |text| text.parse().ok().map(SessionId::as_uuid)) {
            Start::First => Uuid::max(),
            Start::After(id) => id,
            Start::Nowhere => return Ok(nothing()),
        };
        let (now, limit) = (micros(now), rows_to_ask(request));
        let rows = match user {
            None => list!(self, SessionRow, LIST_LIVING, below, now, limit)?,
            Some(user) => list!(self, SessionRow, LIST_LIVING_OF_USER, below, now, limit, user.as_uuid())?,
        };
        let sessions = rows.into_iter().map(Session::try_from).collect::<Result<_, _>>()?;
        Ok(page(sessions, request, |session: &Session| session.id.to_string()))
    }

    async fn set_authentication(&mut self, id: SessionId, amr: &[String], auth_time: Timestamp) -> Result<bool, Error> {
        Ok(change!(self, SET_AUTHENTICATION, id.as_uuid(), join_words(amr)?, micros(auth_time))? == 1)
    }

    async fn sweep_sessions(&mut self, before: Timestamp, limit: u32) -> Result<u64, Error> {
        change_many!(self, SWEEP, micros(before), i64::from(limit))
    }
}
