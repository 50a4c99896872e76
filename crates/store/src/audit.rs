//! Keeps audit records (the record itself: `countersign-audit`).

use async_trait::async_trait;
use countersign_audit::{Event, Record};
use countersign_kernel::{SessionId, Timestamp, UserId};

use crate::error::Error;
use crate::page::{Page, PageRequest};

/// A record with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRecord {
    /// The number, from 1 without gaps; none while the record waits for the sealer.
    pub seq: Option<u64>,
    /// SHA-256 over the previous hash and this record; none while it waits.
    pub hash: Option<[u8; 32]>,
    /// The record.
    pub record: Record,
}

/// Which records are wanted; all that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// About this person.
    pub subject: Option<UserId>,
    /// About this session.
    pub session: Option<SessionId>,
    /// Of this kind.
    pub event: Option<Event>,
    /// At or after this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// From this address.
    pub address: Option<String>,
}

/// Keeps audit records.
#[async_trait]
pub trait AuditRecords {
    /// Puts a record down to be written with the commit.
    fn audit(&mut self, record: Record);

    /// Records that fit, newest first; those of one process in the order in which they were put down, also within one moment.
    async fn list_audit_records(
        &mut self,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<SealedRecord>, Error>;

    /// At most `limit` sealed records with a greater number than `after`, in order: for checking and export.
    async fn list_sealed_audit_records(&mut self, after: u64, limit: u32) -> Result<Vec<SealedRecord>, Error>;

    /// At most `limit` records that wait for the sealer, oldest first.
    async fn list_unsealed_audit_records(&mut self, limit: u32) -> Result<Vec<Record>, Error>;

    /// The records that wait for the sealer: how many, counted up to `most`, and when the oldest of them was put down.
    async fn unsealed_audit_tail(&mut self, most: u32) -> Result<(u64, Option<Timestamp>), Error>;

    /// The last number and hash of the chain; 0 and zeros before the first.
    async fn audit_head(&mut self) -> Result<(u64, [u8; 32]), Error>;

    /// Writes down numbers and hashes of waiting records and moves the head from `from` to the last of them; `false`, and
    /// nothing changes, where another sealer has moved it. [`Error::Refused`] where the numbers do not follow `from` without
    /// gaps, or a record is not waiting.
    async fn seal_audit_records(
        &mut self,
        from: u64,
        sealed: &[(countersign_kernel::AuditId, u64, [u8; 32])],
    ) -> Result<bool, Error>;
}
