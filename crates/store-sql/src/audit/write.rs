//! Writes audit records and their places in the chain.

use countersign_audit::{Place, Record};
use countersign_kernel::{AuditId, RequestId, SessionId, UserId};
use countersign_store::Error;

use super::row::{actor_columns, address_key, salt_column};
use crate::error::{from_driver, refused};
use crate::row::{micros, to_column};
use crate::text::Text;
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
        let mut insert = Text::new(
            "INSERT INTO audit_records (id, ordinal, at, event, outcome, reason, actor_kind, actor_id, subject, \
             session_id, address, address_key, user_agent, account, request_id, detail, salt, commitment) ",
        );
        insert.rows(rows.iter().map(|new| {
            let record = new.record;
            let (actor_kind, actor_id) = actor_columns(record.actor);
            [
                record.id.as_uuid().into(),
                new.ordinal.into(),
                micros(record.at).into(),
                record.event.as_str().into(),
                record.outcome.as_str().into(),
                record.reason.as_deref().into(),
                actor_kind.into(),
                actor_id.into(),
                record.subject.map(UserId::as_uuid).into(),
                record.session.map(SessionId::as_uuid).into(),
                record.address.as_deref().into(),
                new.address_key.as_deref().into(),
                record.user_agent.as_deref().into(),
                record.account.as_deref().into(),
                record.request.map(RequestId::as_uuid).into(),
                new.detail.as_str().into(),
                salt_column(record).into(),
                new.commitment.as_slice().into(),
            ]
        }));
        // One or two are the usual number.
        insert.is_usual = rows.len() <= 2;
        let inserted = self.change_by(insert).await.map_err(from_driver)?;
        let all = usize::try_from(inserted) == Ok(rows.len());
        if all { Ok(()) } else { Err(refused("not every audit record was written")) }
    }

    pub(super) async fn seal_rows(&mut self, sealed: &[(AuditId, Place)]) -> Result<(), Error> {
        let mut rows = Vec::with_capacity(sealed.len());
        for (id, place) in sealed {
            let (prev, hash) = (place.prev.0.as_slice(), place.link.hash.0.as_slice());
            rows.push([id.as_uuid().into(), to_column(place.link.seq)?.into(), prev.into(), hash.into()]);
        }
        // Both engines name the columns of a bare VALUES column1, column2, ….
        let mut update = Text::new(
            "UPDATE audit_records SET seq = sealed.column2, prev = sealed.column3, hash = sealed.column4 FROM (",
        );
        update.rows(rows).push(") AS sealed WHERE audit_records.id = sealed.column1 AND audit_records.seq IS NULL");
        let updated = self.change_by(update).await.map_err(from_driver)?;
        let all = usize::try_from(updated) == Ok(sealed.len());
        if all { Ok(()) } else { Err(refused("a record to be sealed is not there or is sealed already")) }
    }
}
