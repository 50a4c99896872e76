//! Finds audit records. Only what is asked for stands in the text, so that either engine can use its index.

use countersign_kernel::{AuditId, Lifetime, RequestId, Timestamp};
use countersign_store::{AuditFilter, Error, Page, PageRequest, SealedRecord};
use uuid::Uuid;

use super::row::{AuditRow, audit_columns};
use crate::engine::on_engine;
use crate::error::from_sqlx;
use crate::page::{Start, nothing, page, rows_to_ask};
use crate::row::micros;
use crate::tx::SqlTx;

/// Between the moment of a record and its commit lies one transaction; clocks of nodes differ by less. The index is by the
/// commit.
const SLOWEST: Lifetime = Lifetime::from_minutes(5);

/// A cursor is the place and the id of the last row.
fn parse_cursor(text: &str) -> Option<(i64, Uuid)> {
    let (ordinal, id) = text.split_once('.')?;
    Some((ordinal.parse().ok()?, id.parse::<AuditId>().ok()?.as_uuid()))
}

/// From where to where the index is read.
struct Span {
    first: i64,
    last: i64,
    after: Option<(i64, Uuid)>,
}

impl Span {
    fn of(filter: &AuditFilter, after: Option<(i64, Uuid)>) -> Self {
        let mut first = filter.since.map_or(i64::MIN, |since| micros(since - SLOWEST));
        let mut last = filter.until.map_or(i64::MAX, |until| micros(until + SLOWEST));
        if let Some(began) = filter.request.and_then(begun) {
            first = first.max(micros(began - SLOWEST));
            last = last.min(micros(began + SLOWEST));
        }
        Self { first, last: after.map_or(last, |(ordinal, _)| last.min(ordinal)), after }
    }
}

/// When a request began: its id says so.
fn begun(request: RequestId) -> Option<Timestamp> {
    let (seconds, nanos) = request.as_uuid().get_timestamp()?.to_unix();
    let seconds = i64::try_from(seconds).ok()?;
    Some(Timestamp::from_seconds(seconds) + Lifetime::from_micros(i64::from(nanos / 1_000)))
}

/// Appends the conditions that every branch shares.
macro_rules! push_conditions {
    ($select:ident, $filter:ident, $span:ident) => {
        $select.push("ordinal <= ").push_bind($span.last);
        if $span.first > i64::MIN {
            $select.push(" AND ordinal >= ").push_bind($span.first);
        }
        if let Some((ordinal, id)) = $span.after {
            $select.push(" AND (ordinal, id) < (").push_bind(ordinal).push(", ").push_bind(id).push(")");
        }
        if let Some(session) = $filter.session {
            $select.push(" AND session_id = ").push_bind(session.as_uuid());
        }
        match $filter.events.as_slice() {
            [] => {}
            [event] => {
                $select.push(" AND event = ").push_bind(event.as_str());
            }
            events => {
                let mut names = $select.push(" AND event IN (").separated(", ");
                for event in events {
                    names.push_bind(event.as_str());
                }
                $select.push(")");
            }
        }
        if let Some(outcome) = $filter.outcome {
            $select.push(" AND outcome = ").push_bind(outcome.as_str());
        }
        if let Some(since) = $filter.since {
            $select.push(" AND at >= ").push_bind(micros(since));
        }
        if let Some(until) = $filter.until {
            $select.push(" AND at < ").push_bind(micros(until));
        }
        if let Some(range) = $filter.addresses {
            let (first, last) = (range.first(), range.last());
            if first == last {
                $select.push(" AND address_key = ").push_bind(first.to_vec());
            } else {
                $select.push(" AND address_key >= ").push_bind(first.to_vec());
                $select.push(" AND address_key <= ").push_bind(last.to_vec());
            }
        }
        if let Some(request) = $filter.request {
            $select.push(" AND request_id = ").push_bind(request.as_uuid());
        }
    };
}

impl SqlTx {
    pub(super) async fn query_audit_records(
        &mut self,
        filter: &AuditFilter,
        request: &PageRequest,
    ) -> Result<Page<SealedRecord>, Error> {
        let after = match Start::of(request, parse_cursor) {
            Start::First => None,
            Start::After(key) => Some(key),
            Start::Nowhere => return Ok(nothing()),
        };
        let span = Span::of(filter, after);
        let limit = rows_to_ask(request);
        let rows: Vec<AuditRow> = on_engine!(self, |c| {
            let mut select =
                sqlx::QueryBuilder::<Engine>::new(concat!("SELECT ", audit_columns!(), " FROM audit_records WHERE "));
            if let Some(person) = filter.person {
                // What he did and what was done to him are two indexes: one page of each, and the newer half of both.
                for (opening, column) in
                    [("id IN (SELECT id FROM (", "actor_id"), (" UNION SELECT id FROM (", "subject")]
                {
                    select.push(opening).push("SELECT id FROM audit_records WHERE ").push(column).push(" = ");
                    select.push_bind(person.as_uuid()).push(" AND ");
                    push_conditions!(select, filter, span);
                    select.push(" ORDER BY ordinal DESC, id DESC LIMIT ").push_bind(limit).push(") AS ").push(column);
                }
                select.push(")");
            } else {
                push_conditions!(select, filter, span);
            }
            select.push(" ORDER BY ordinal DESC, id DESC LIMIT ").push_bind(limit);
            select.build_query_as::<AuditRow>().persistent(false).fetch_all(c).await
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
}
