//! Keeps audit records.

use std::collections::BTreeMap;

use async_trait::async_trait;
use countersign_audit::{Actor, Event, Outcome, Record};
use countersign_kernel::{AuditId, RequestId, SessionId, Timestamp, UserId};
use countersign_store::{AuditFilter, AuditRecords, Error, Page, PageRequest, SealedRecord};
use sqlx::FromRow;
use uuid::Uuid;

use crate::engine::{change, find, list, on_engine};
use crate::error::{from_sqlx, refused};
use crate::page::{Start, nothing, page, rows_to_ask};
use crate::row::{Place, micros, moment, to_column};
use crate::tx::SqlTx;

macro_rules! audit_columns {
    () => {
        "id, ordinal, at, event, outcome, reason, actor_kind, actor_id, subject, session_id, address, user_agent, request_id, \
         detail, seq, hash"
    };
}

const LIST_SEALED: &str =
    concat!("SELECT ", audit_columns!(), " FROM audit_records WHERE seq > $1 ORDER BY seq LIMIT $2");
const LIST_UNSEALED: &str =
    concat!("SELECT ", audit_columns!(), " FROM audit_records WHERE seq IS NULL ORDER BY ordinal, id LIMIT $1");
const TAIL: &str = "SELECT COUNT(*), MIN(at) FROM (SELECT at FROM audit_records WHERE seq IS NULL ORDER BY ordinal, id LIMIT $1) AS tail";
const HEAD: &str = "SELECT seq, hash FROM audit_head";
const MOVE_HEAD: &str = "UPDATE audit_head SET seq = $2, hash = $3 WHERE seq = $1";
/// Rows of one statement: fourteen columns each stay far below either engine's limit of parameters.
const ROWS_AT_ONCE: usize = 500;

#[derive(FromRow)]
struct AuditRow {
    id: Uuid,
    ordinal: i64,
    at: i64,
    event: String,
    outcome: String,
    reason: Option<String>,
    actor_kind: String,
    actor_id: Option<Uuid>,
    subject: Option<Uuid>,
    session_id: Option<Uuid>,
    address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<Uuid>,
    detail: String,
    seq: Option<i64>,
    hash: Option<Vec<u8>>,
}

impl TryFrom<AuditRow> for SealedRecord {
    type Error = Error;

    fn try_from(row: AuditRow) -> Result<Self, Error> {
        let id = AuditId::from_uuid(row.id);
        let place = Place { table: "audit_records", id: &id };
        let actor = match (row.actor_kind.as_str(), row.actor_id) {
            ("anonymous", None) => Actor::Anonymous,
            ("user", Some(user)) => Actor::User(UserId::from_uuid(user)),
            ("operator", None) => Actor::Operator,
            ("system", None) => Actor::System,
            _ => return Err(place.corrupt("actor_kind")),
        };
        let detail: BTreeMap<String, String> =
            serde_json::from_str(&row.detail).map_err(|_| place.corrupt("detail"))?;
        Ok(Self {
            seq: row.seq.map(|seq| place.count("seq", seq)).transpose()?,
            hash: row.hash.map(|hash| place.bytes("hash", &hash)).transpose()?,
            record: Record {
                id,
                at: moment(row.at),
                event: place.some("event", Event::parse(&row.event))?,
                outcome: place.some("outcome", Outcome::parse(&row.outcome))?,
                reason: row.reason,
                actor,
                subject: row.subject.map(UserId::from_uuid),
                session: row.session_id.map(SessionId::from_uuid),
                address: row.address,
                user_agent: row.user_agent,
                request: row.request_id.map(RequestId::from_uuid),
                detail,
            },
        })
    }
}

const fn actor_columns(actor: Actor) -> (&'static str, Option<Uuid>) {
    match actor {
        Actor::Anonymous => ("anonymous", None),
        Actor::User(user) => ("user", Some(user.as_uuid())),
        Actor::Operator => ("operator", None),
        Actor::System => ("system", None),
    }
}

/// A cursor is the place and the id of the last row.
fn parse_cursor(text: &str) -> Option<(i64, Uuid)> {
    let (ordinal, id) = text.split_once('.')?;
    Some((ordinal.parse().ok()?, id.parse::<AuditId>().ok()?.as_uuid()))
}

#[async_trait]
impl AuditRecords for SqlTx {
    fn audit(&mut self, record: Record) {
        self.records.push(record);
    }

    async fn list_audit_records(
        &mut self,
        filter: &AuditFilter,
        request: &PageRequest,
    ) -> Result<Page<SealedRecord>, Error> {
        let after = match Start::of(request, parse_cursor) {
            Start::First => None,
            Start::After(key) => Some(key),
            Start::Nowhere => return Ok(nothing()),
        };
        // Only what is asked for stands in the text, so that either engine can use its index.
        let rows: Vec<AuditRow> = on_engine!(self, |c| {
            let mut select = sqlx::QueryBuilder::<Engine>::new(concat!(
                "SELECT ",
                audit_columns!(),
                " FROM audit_records WHERE ordinal <= "
            ));
            select.push_bind(after.map_or(i64::MAX, |(ordinal, _)| ordinal));
            if let Some((ordinal, id)) = after {
                select.push(" AND (ordinal, id) < (").push_bind(ordinal).push(", ").push_bind(id).push(")");
            }
            if let Some(subject) = filter.subject {
                select.push(" AND subject = ").push_bind(subject.as_uuid());
            }
            if let Some(session) = filter.session {
                select.push(" AND session_id = ").push_bind(session.as_uuid());
            }
            if let Some(event) = filter.event {
                select.push(" AND event = ").push_bind(event.as_str());
            }
            if let Some(since) = filter.since {
                select.push(" AND at >= ").push_bind(micros(since));
            }
            if let Some(until) = filter.until {
                select.push(" AND at < ").push_bind(micros(until));
            }
            if let Some(address) = &filter.address {
                select.push(" AND address = ").push_bind(address.as_str());
            }
            select.push(" ORDER BY ordinal DESC, id DESC LIMIT ").push_bind(rows_to_ask(request));
            select.build_query_as::<AuditRow>().fetch_all(c).await
        })
        .map_err(from_sqlx)?;
        let cursors: Vec<(i64, Uuid)> = rows.iter().map(|row| (row.ordinal, row.id)).collect();
        let mut records = Vec::with_capacity(rows.len());
        for (row, key) in rows.into_iter().zip(cursors) {
            records.push((key, SealedRecord::try_from(row)?));
        }
        let page = page(records, request, |((ordinal, id), _)| format!("{ordinal}.{}", AuditId::from_uuid(*id)));
        Ok(Page { items: page.items.into_iter().map(|(_, record)| record).collect(), next: page.next })
    }

    async fn list_sealed_audit_records(&mut self, after: u64, limit: u32) -> Result<Vec<SealedRecord>, Error> {
        let rows = list!(self, AuditRow, LIST_SEALED, to_column(after)?, i64::from(limit))?;
        rows.into_iter().map(SealedRecord::try_from).collect()
    }

    async fn list_unsealed_audit_records(&mut self, limit: u32) -> Result<Vec<Record>, Error> {
        let rows = list!(self, AuditRow, LIST_UNSEALED, i64::from(limit))?;
        rows.into_iter().map(|row| SealedRecord::try_from(row).map(|sealed| sealed.record)).collect()
    }

    async fn unsealed_audit_tail(&mut self, most: u32) -> Result<(u64, Option<Timestamp>), Error> {
        let (count, oldest): (i64, Option<i64>) =
            find!(self, (i64, Option<i64>), TAIL, i64::from(most))?.unwrap_or_default();
        let place = Place { table: "audit_records", id: &"the unsealed tail" };
        Ok((place.count("count", count)?, oldest.map(moment)))
    }

    async fn audit_head(&mut self) -> Result<(u64, [u8; 32]), Error> {
        let Some((seq, hash)) = find!(self, (i64, Option<Vec<u8>>), HEAD)? else {
            return Err(refused("the head of the audit records has no row"));
        };
        let place = Place { table: "audit_head", id: &"the head" };
        let hash = hash.map_or(Ok([0; 32]), |hash| place.bytes("hash", &hash))?;
        Ok((place.count("seq", seq)?, hash))
    }

    async fn seal_audit_records(&mut self, from: u64, sealed: &[(AuditId, u64, [u8; 32])]) -> Result<bool, Error> {
        self.writing()?;
        let Some((_, last, hash)) = sealed.last() else {
            return Ok(self.audit_head().await?.0 == from);
        };
        if (from.saturating_add(1)..).zip(sealed).any(|(expected, (_, seq, _))| expected != *seq) {
            return Err(refused("sealed numbers must follow the head without gaps"));
        }
        if change!(self, MOVE_HEAD, to_column(from)?, to_column(*last)?, hash.as_slice())? != 1 {
            return Ok(false);
        }
        for rows in sealed.chunks(ROWS_AT_ONCE) {
            self.seal_rows(rows).await?;
        }
        Ok(true)
    }
}

impl SqlTx {
    /// Writes the records that were put down, in their order, after all that this process has written before.
    pub(crate) async fn insert_audit_records(&mut self) -> Result<Vec<Record>, Error> {
        let records = std::mem::take(&mut self.records);
        if records.is_empty() {
            return Ok(records);
        }
        self.writing()?;
        let first = self.shared.places(i64::try_from(records.len()).unwrap_or(i64::MAX));
        let mut rows = Vec::with_capacity(records.len());
        for (ordinal, record) in (first..).zip(&records) {
            let detail = serde_json::to_string(&record.detail).map_err(|error| Error::Refused(error.into()))?;
            rows.push((ordinal, record, detail));
        }
        for rows in rows.chunks(ROWS_AT_ONCE) {
            self.insert_audit_rows(rows).await?;
        }
        Ok(records)
    }

    async fn insert_audit_rows(&mut self, rows: &[(i64, &Record, String)]) -> Result<(), Error> {
        let inserted = on_engine!(self, |c| {
            let mut insert = sqlx::QueryBuilder::<Engine>::new(
                "INSERT INTO audit_records (id, ordinal, at, event, outcome, reason, actor_kind, actor_id, subject, \
                 session_id, address, user_agent, request_id, detail) ",
            );
            insert.push_values(rows, |mut row, (ordinal, record, detail)| {
                let (actor_kind, actor_id) = actor_columns(record.actor);
                row.push_bind(record.id.as_uuid())
                    .push_bind(*ordinal)
                    .push_bind(micros(record.at))
                    .push_bind(record.event.as_str())
                    .push_bind(record.outcome.as_str())
                    .push_bind(record.reason.as_deref())
                    .push_bind(actor_kind)
                    .push_bind(actor_id)
                    .push_bind(record.subject.map(UserId::as_uuid))
                    .push_bind(record.session.map(SessionId::as_uuid))
                    .push_bind(record.address.as_deref())
                    .push_bind(record.user_agent.as_deref())
                    .push_bind(record.request.map(RequestId::as_uuid))
                    .push_bind(detail.as_str());
            });
            // One or two are the usual number, and those texts are worth keeping.
            insert.build().persistent(rows.len() <= 2).execute(c).await.map(|done| done.rows_affected())
        })
        .map_err(from_sqlx)?;
        let all = usize::try_from(inserted) == Ok(rows.len());
        if all { Ok(()) } else { Err(refused("not every audit record was written")) }
    }

    async fn seal_rows(&mut self, sealed: &[(AuditId, u64, [u8; 32])]) -> Result<(), Error> {
        let mut rows = Vec::with_capacity(sealed.len());
        for (id, seq, hash) in sealed {
            rows.push((id.as_uuid(), to_column(*seq)?, hash.as_slice()));
        }
        let updated = on_engine!(self, |c| {
            // Both engines name the columns of a bare VALUES column1, column2, ….
            let mut update = sqlx::QueryBuilder::<Engine>::new(
                "UPDATE audit_records SET seq = sealed.column2, hash = sealed.column3 FROM (",
            );
            update.push_values(rows, |mut row, (id, seq, hash)| {
                row.push_bind(id).push_bind(seq).push_bind(hash);
            });
            update.push(") AS sealed WHERE audit_records.id = sealed.column1 AND audit_records.seq IS NULL");
            update.build().persistent(false).execute(c).await.map(|done| done.rows_affected())
        })
        .map_err(from_sqlx)?;
        let all = usize::try_from(updated) == Ok(sealed.len());
        if all { Ok(()) } else { Err(refused("a record to be sealed is not there or is sealed already")) }
    }
}
