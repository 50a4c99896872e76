//! Writes audit records and their places in the chain.

use countersign_audit::{Place, Record};
use countersign_kernel::{AuditId, RequestId, SessionId, UserId};
use countersign_store::Error;

use super::row::{actor_columns, address_key, salt_column};
use crate::engine::on_engine;
use crate::error::{from_sqlx, refused};
use crate::row::{micros, to_column};
use crate::tx::SqlTx;

/// Rows of one statement: eighteen columns each stay far below either engine's limit of parameters.
pub(super) const ROWS_AT_ONCE: usize = 500;

/// A record on its way into its row.
struct NewRow<'a> {
    ordinal: i64,
    record: &'a Record,
    detail: String,
    address_key: Option<Vec<u8>>,
    commitment: [u8; 32],
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
            let (address_key, commitment) = (address_key(record), record.commitment().0);
            rows.push(NewRow { ordinal, record, detail, address_key, commitment });
        }
        for rows in rows.chunks(ROWS_AT_ONCE) {
            self.insert_audit_rows(rows).await?;
        }
        Ok(records)
    }

    async fn insert_audit_rows(&mut self, rows: &[NewRow<'_>]) -> Result<(), Error> {
        let inserted = on_engine!(self, |c| {
            let mut insert = sqlx::QueryBuilder::<Engine>::new(
                "INSERT INTO audit_records (id, ordinal, at, event, outcome, reason, actor_kind, actor_id, subject, \
                 session_id, address, address_key, user_agent, account, request_id, detail, salt, commitment) ",
            );
            insert.push_values(rows, |mut row, new| {
                let record = new.record;
                let (actor_kind, actor_id) = actor_columns(record.actor);
                row.push_bind(record.id.as_uuid())
                    .push_bind(new.ordinal)
                    .push_bind(micros(record.at))
                    .push_bind(record.event.as_str())
                    .push_bind(record.outcome.as_str())
                    .push_bind(record.reason.as_deref())
                    .push_bind(actor_kind)
                    .push_bind(actor_id)
                    .push_bind(record.subject.map(UserId::as_uuid))
                    .push_bind(record.session.map(SessionId::as_uuid))
                    .push_bind(record.address.as_deref())
                    .push_bind(new.address_key.as_deref())
                    .push_bind(record.user_agent.as_deref())
                    .push_bind(record.account.as_deref())
                    .push_bind(record.request.map(RequestId::as_uuid))
                    .push_bind(new.detail.as_str())
                    .push_bind(salt_column(record))
                    .push_bind(new.commitment.as_slice());
            });
            // One or two are the usual number, and those texts are worth keeping.
            insert.build().persistent(rows.len() <= 2).execute(c).await.map(|done| done.rows_affected())
        })
        .map_err(from_sqlx)?;
        let all = usize::try_from(inserted) == Ok(rows.len());
        if all { Ok(()) } else { Err(refused("not every audit record was written")) }
    }

    pub(super) async fn seal_rows(&mut self, sealed: &[(AuditId, Place)]) -> Result<(), Error> {
        let mut rows = Vec::with_capacity(sealed.len());
        for (id, place) in sealed {
            rows.push((
                id.as_uuid(),
                to_column(place.link.seq)?,
                place.prev.0.as_slice(),
                place.link.hash.0.as_slice(),
            ));
        }
        let updated = on_engine!(self, |c| {
            // Both engines name the columns of a bare VALUES column1, column2, ….
            let mut update = sqlx::QueryBuilder::<Engine>::new(
                "UPDATE audit_records SET seq = sealed.column2, prev = sealed.column3, hash = sealed.column4 FROM (",
            );
            update.push_values(rows, |mut row, (id, seq, prev, hash)| {
                row.push_bind(id).push_bind(seq).push_bind(prev).push_bind(hash);
            });
            update.push(") AS sealed WHERE audit_records.id = sealed.column1 AND audit_records.seq IS NULL");
            update.build().persistent(false).execute(c).await.map(|done| done.rows_affected())
        })
        .map_err(from_sqlx)?;
        let all = usize::try_from(updated) == Ok(sealed.len());
        if all { Ok(()) } else { Err(refused("a record to be sealed is not there or is sealed already")) }
    }
}
