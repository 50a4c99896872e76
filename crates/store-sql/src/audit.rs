//! Keeps audit records.

mod query;
mod row;
mod write;

use async_trait::async_trait;
use countersign_audit::{Hash, Link, Place as Seat, Record};
use countersign_kernel::{AuditId, Timestamp, UserId};
use countersign_store::{AuditFilter, AuditRecords, ChainRow, Error, Page, PageRequest, SealedRecord};

use crate::engine::{change, change_many, find, list};
use crate::error::refused;
use crate::row::{Place, micros, moment, to_column};
use crate::tx::SqlTx;
use row::{AuditRow, audit_columns};
use write::ROWS_AT_ONCE;

const LIST_CHAIN: &str =
    concat!("SELECT ", audit_columns!(), " FROM audit_records WHERE seq > $1 ORDER BY seq LIMIT $2");
const LIST_NUMBERS: &str = "SELECT seq FROM audit_records WHERE seq > $1 ORDER BY seq LIMIT $2";
const FIND_IN_CHAIN: &str = concat!("SELECT ", audit_columns!(), " FROM audit_records WHERE seq = $1");
const SPAN: &str =
    "SELECT MIN(seq), MAX(seq) FROM audit_records WHERE ordinal >= $1 AND ordinal < $2 AND seq IS NOT NULL";
const LIST_UNSEALED: &str =
    concat!("SELECT ", audit_columns!(), " FROM audit_records WHERE seq IS NULL ORDER BY ordinal, id LIMIT $1");
const TAIL: &str = "SELECT COUNT(*), MIN(at) FROM (SELECT at FROM audit_records WHERE seq IS NULL ORDER BY ordinal, id LIMIT $1) AS tail";
const HEAD: &str = "SELECT seq, hash FROM audit_head";
const MOVE_HEAD: &str = "UPDATE audit_head SET seq = $2, hash = $3 WHERE seq = $1";

macro_rules! erase_where {
    ($condition:literal) => {
        concat!(
            "UPDATE audit_records SET address = NULL, address_key = NULL, user_agent = NULL, account = NULL, salt = NULL \
             WHERE salt IS NOT NULL AND ",
            $condition
        )
    };
}
const ERASE_ACTOR: &str = erase_where!("actor_id = $1");
const ERASE_SUBJECT: &str = erase_where!("subject = $1 AND actor_kind <> 'user'");
const ERASE_ACCOUNT: &str = erase_where!("account = $1");
const ERASE_GONE_ACTORS: &str = erase_where!(
    "seq IS NULL AND actor_kind = 'user' AND NOT EXISTS (SELECT 1 FROM users WHERE users.id = audit_records.actor_id)"
);
const ERASE_GONE_SUBJECTS: &str = erase_where!(
    "seq IS NULL AND actor_kind <> 'user' AND subject IS NOT NULL AND \
     NOT EXISTS (SELECT 1 FROM users WHERE users.id = audit_records.subject)"
);

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
        self.query_audit_records(filter, request).await
    }

    async fn list_audit_chain(&mut self, after: u64, limit: u32) -> Result<Vec<ChainRow>, Error> {
        let (after, limit) = (to_column(after)?, i64::from(limit));
        match list!(self, AuditRow, LIST_CHAIN, after, limit) {
            Ok(rows) => return Ok(rows.into_iter().map(row::chain_row).collect()),
            Err(Error::Refused(_) | Error::Corrupt { .. }) => {}
            Err(other) => return Err(other),
        }
        // SQLite takes any value in any column: one row that somebody has spoilt must not hide the others.
        let numbers: Vec<(i64,)> = list!(self, (i64,), LIST_NUMBERS, after, limit)?;
        let mut rows = Vec::with_capacity(numbers.len());
        for (seq,) in numbers {
            match find!(self, AuditRow, FIND_IN_CHAIN, seq) {
                Ok(Some(row)) => rows.push(row::chain_row(row)),
                Ok(None) => {}
                Err(Error::Refused(_) | Error::Corrupt { .. }) => rows.push(row::unreadable_row(seq)),
                Err(other) => return Err(other),
            }
        }
        Ok(rows)
    }

    async fn audit_span(
        &mut self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Option<(u64, u64)>, Error> {
        let (first, last) = (since.map_or(i64::MIN, micros), until.map_or(i64::MAX, micros));
        let found = find!(self, (Option<i64>, Option<i64>), SPAN, first, last)?;
        let Some((Some(first), Some(last))) = found else { return Ok(None) };
        let place = Place { table: "audit_records", id: &"the span" };
        Ok(Some((place.count("seq", first)?, place.count("seq", last)?)))
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

    async fn audit_head(&mut self) -> Result<Link, Error> {
        let Some((seq, hash)) = find!(self, (i64, Option<Vec<u8>>), HEAD)? else {
            return Err(refused("the head of the audit records has no row"));
        };
        let place = Place { table: "audit_head", id: &"the head" };
        let hash = hash.map_or(Ok([0; 32]), |hash| place.bytes("hash", &hash))?;
        Ok(Link { seq: place.count("seq", seq)?, hash: Hash(hash) })
    }

    async fn seal_audit_records(&mut self, from: u64, sealed: &[(AuditId, Seat)]) -> Result<bool, Error> {
        self.writing()?;
        let Some((_, last)) = sealed.last() else {
            return Ok(self.audit_head().await?.seq == from);
        };
        if (from.saturating_add(1)..).zip(sealed).any(|(expected, (_, seat))| expected != seat.link.seq) {
            return Err(refused("sealed numbers must follow the head without gaps"));
        }
        if change!(self, MOVE_HEAD, to_column(from)?, to_column(last.link.seq)?, last.link.hash.0.as_slice())? != 1 {
            return Ok(false);
        }
        for rows in sealed.chunks(ROWS_AT_ONCE) {
            self.seal_rows(rows).await?;
        }
        Ok(true)
    }

    async fn erase_audit_person(&mut self, person: UserId, account: &str) -> Result<u64, Error> {
        let mut erased: u64 = 0;
        for record in &mut self.records {
            if record.is_personal_to(person) || record.account.as_deref() == Some(account) {
                record.erase();
                erased = erased.saturating_add(1);
            }
        }
        let acted = change_many!(self, ERASE_ACTOR, person.as_uuid())?;
        let suffered = change_many!(self, ERASE_SUBJECT, person.as_uuid())?;
        let unknown = change_many!(self, ERASE_ACCOUNT, account)?;
        Ok(erased.saturating_add(acted).saturating_add(suffered).saturating_add(unknown))
    }

    async fn erase_audit_of_the_gone(&mut self) -> Result<u64, Error> {
        Ok(change_many!(self, ERASE_GONE_ACTORS)?.saturating_add(change_many!(self, ERASE_GONE_SUBJECTS)?))
    }
}
