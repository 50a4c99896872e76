//! Finds audit records. Only what is asked for stands in the text, so that either engine can use its index.

use countersign_kernel::{AuditId, Lifetime, RequestId, Timestamp};
use countersign_store::{AuditFilter, Error, Page, PageRequest, SealedRecord};
use uuid::Uuid;

use super::row::{AuditRow, audit_columns};
use crate::page::{Start, nothing, page, rows_to_ask};
use crate::row::micros;
use crate::text::Text;
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
fn push_conditions(select: &mut Text, filter: &AuditFilter, span: &Span) {
    select.push("ordinal <= ").bind(span.last);
    if span.first > i64::MIN {
        select.push(" AND ordinal >= ").bind(span.first);
    }
    if let Some((ordinal, id)) = span.after {
        select.push(" AND (ordinal, id) < ").bind_all([ordinal.into(), id.into()]);
    }
    if let Some(session) = filter.session {
        select.push(" AND session_id = ").bind(session.as_uuid());
    }
    let mut opening = " AND event IN (";
    for event in &filter.events {
        select.push(opening).bind(event.as_str());
        opening = ", ";
    }
    if !filter.events.is_empty() {
        select.push(")");
    }
    if let Some(outcome) = filter.outcome {
        select.push(" AND outcome = ").bind(outcome.as_str());
    }
    if let Some(since) = filter.since {
        select.push(" AND at >= ").bind(micros(since));
    }
    if let Some(until) = filter.until {
        select.push(" AND at < ").bind(micros(until));
    }
    if let Some(range) = filter.addresses {
        let (first, last) = (range.first(), range.last());
        if first == last {
            select.push(" AND address_key = ").bind(first.as_slice());
        } else {
            select.push(" AND address_key >= ").bind(first.as_slice());
            select.push(" AND address_key <= ").bind(last.as_slice());
        }
    }
    if let Some(request) = filter.request {
        select.push(" AND request_id = ").bind(request.as_uuid());
    }
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
        let mut select = Text::new(concat!("SELECT ", audit_columns!(), " FROM audit_records WHERE "));
        if let Some(person) = filter.person {
            // What he did and what was done to him are two indexes: one page of each, and the newer half of both.
            for (opening, column) in [("id IN (SELECT id FROM (", "actor_id"), (" UNION SELECT id FROM (", "subject")] {
                select.push(opening).push("SELECT id FROM audit_records WHERE ").push(column).push(" = ");
                select.bind(person.as_uuid()).push(" AND ");
                push_conditions(&mut select, filter, &span);
                select.push(" ORDER BY ordinal DESC, id DESC LIMIT ").bind(limit).push(") AS ").push(column);
            }
            select.push(")");
        } else {
            push_conditions(&mut select, filter, &span);
        }
        select.push(" ORDER BY ordinal DESC, id DESC LIMIT ").bind(limit);
        let rows: Vec<AuditRow> = self.list_by(&select).await?;
        let cursors: Vec<(i64, Uuid)> = rows.iter().map(|row| (row.ordinal, row.id)).collect();
        let mut records = Vec::with_capacity(rows.len());
        for (row, key) in rows.into_iter().zip(cursors) {
            records.push((key, SealedRecord::try_from(row)?));
        }
        let page = page(records, request, |((ordinal, id), _)| format!("{ordinal}.{}", AuditId::from_uuid(*id)));
        Ok(Page { items: page.items.into_iter().map(|(_, record)| record).collect(), next: page.next })
    }
}
