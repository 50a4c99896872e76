//! Keeps audit records (the record itself: `countersign-audit`).

use async_trait::async_trait;
use countersign_audit::{Event, Link, Outcome, Place, Record};
use countersign_kernel::{AuditId, RequestId, SessionId, Timestamp, UserId};

use crate::address_range::AddressRange;
use crate::error::Error;
use crate::page::{Page, PageRequest};

/// A record with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRecord {
    /// The place; none while the record waits for the sealer.
    pub place: Option<Place>,
    /// The record.
    pub record: Record,
}

/// A row of the chain as a check reads it: also one that somebody has spoilt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainRow {
    /// The place that the row states.
    pub place: Place,
    /// The record, or the name of the first field that is no such field.
    pub record: Result<Record, &'static str>,
}

/// Which records are wanted; all that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By this person, or about this person.
    pub person: Option<UserId>,
    /// About this session.
    pub session: Option<SessionId>,
    /// Of one of these kinds; of any where none is named.
    pub events: Vec<Event>,
    /// That ended like this.
    pub outcome: Option<Outcome>,
    /// At or after this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// From these addresses.
    pub addresses: Option<AddressRange>,
    /// Of this request.
    pub request: Option<RequestId>,
}

/// Keeps audit records.
#[async_trait]
pub trait AuditRecords {
    /// Puts a record down to be written with the commit.
    fn audit(&mut self, record: Record);

    /// Records that fit, newest first; those of one process in the order in which they were put down, also within one moment.
    /// The cost grows with the page, not with the trail: each filter is served by an index, save `outcome`, which picks among
    /// what the others leave. A moment is looked for among the records that were committed within five minutes of it.
    async fn list_audit_records(
        &mut self,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<SealedRecord>, Error>;

    /// At most `limit` rows of the chain with a greater number than `after`, in order: for checking and export.
    async fn list_audit_chain(&mut self, after: u64, limit: u32) -> Result<Vec<ChainRow>, Error>;

    /// The numbers of the first and the last sealed record that were committed from `since` on and before `until`; none where
    /// there is none.
    async fn audit_span(
        &mut self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Option<(u64, u64)>, Error>;

    /// At most `limit` records that wait for the sealer, oldest first.
    async fn list_unsealed_audit_records(&mut self, limit: u32) -> Result<Vec<Record>, Error>;

    /// The records that wait for the sealer: how many, counted up to `most`, and when the oldest of them was put down.
    async fn unsealed_audit_tail(&mut self, most: u32) -> Result<(u64, Option<Timestamp>), Error>;

    /// The end of the chain; [`Link::START`] before the first.
    async fn audit_head(&mut self) -> Result<Link, Error>;

    /// Writes down the places of waiting records and moves the head from `from` to the last of them; `false`, and
    /// nothing changes, where another sealer has moved it. [`Error::Refused`] where the numbers do not follow `from` without
    /// gaps, or a record is not waiting.
    async fn seal_audit_records(&mut self, from: u64, sealed: &[(AuditId, Place)]) -> Result<bool, Error>;

    /// Destroys the personal fields, with their salt, of every record that is personal to `person`
    /// ([`Record::is_personal_to`]) or that names the unknown account `account`, also of those that this transaction has put
    /// down before; how many there were. What the chain holds of them stays.
    async fn erase_audit_person(&mut self, person: UserId, account: &str) -> Result<u64, Error>;

    /// The same for records that still wait for the sealer and are personal to someone whose account is gone: written by an
    /// act that the deletion overtook.
    async fn erase_audit_of_the_gone(&mut self) -> Result<u64, Error>;
}
