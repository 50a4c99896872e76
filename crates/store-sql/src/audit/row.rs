//! An audit record as its row keeps it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use countersign_audit::{Actor, Blinding, Event, Hash, Link, Outcome, Place, Record, Salt};
use countersign_kernel::{AuditId, RequestId, SessionId, UserId};
use countersign_store::{AddressRange, ChainRow, Error, SealedRecord};
use uuid::Uuid;

use crate::row::{Place as Where, moment, row};

macro_rules! audit_columns {
    () => {
        "id, ordinal, at, event, outcome, reason, actor_kind, actor_id, subject, session_id, address, user_agent, account, \
         request_id, detail, salt, commitment, seq, prev, hash"
    };
}
pub(super) use audit_columns;

row! {
    pub(super) struct AuditRow {
        pub(super) id: Uuid,
        pub(super) ordinal: i64,
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
        account: Option<String>,
        request_id: Option<Uuid>,
        detail: String,
        salt: Option<Vec<u8>>,
        commitment: Vec<u8>,
        seq: Option<i64>,
        prev: Option<Vec<u8>>,
        hash: Option<Vec<u8>>,
    }
}

impl TryFrom<AuditRow> for SealedRecord {
    type Error = Error;

    fn try_from(row: AuditRow) -> Result<Self, Error> {
        let id = AuditId::from_uuid(row.id);
        let place = place(&row).and_then(|place| Ok(Self { place, record: record(row)? }));
        place.map_err(|column| Where { table: "audit_records", id: &id }.corrupt(column))
    }
}

/// The row as a check sees it: what cannot be read is a finding, not a failure.
pub(super) fn chain_row(row: AuditRow) -> ChainRow {
    let (place, damage) = match place(&row) {
        Ok(Some(place)) => (place, None),
        Ok(None) => (nowhere(&row), Some("seq")),
        Err(column) => (nowhere(&row), Some(column)),
    };
    let commitment = Hash(bytes(&row.commitment).unwrap_or_default());
    let record = match damage {
        Some(column) => Err(column),
        None => record(row).and_then(|record| {
            // It will be all that is left when the fields are destroyed: it has to be right before.
            if record.commitment() == commitment { Ok(record) } else { Err("commitment") }
        }),
    };
    ChainRow { place, record }
}

/// A row that cannot be read at all.
pub(super) fn unreadable_row(seq: i64) -> ChainRow {
    let link = Link { seq: u64::try_from(seq).unwrap_or(0), hash: Hash::ZERO };
    ChainRow { place: Place { prev: Hash::ZERO, link }, record: Err("row") }
}

fn nowhere(row: &AuditRow) -> Place {
    let hash = |column: &Option<Vec<u8>>| Hash(column.as_deref().and_then(bytes).unwrap_or_default());
    let seq = row.seq.and_then(|seq| u64::try_from(seq).ok()).unwrap_or(0);
    Place { prev: hash(&row.prev), link: Link { seq, hash: hash(&row.hash) } }
}

fn place(row: &AuditRow) -> Result<Option<Place>, &'static str> {
    match (row.seq, &row.prev, &row.hash) {
        (None, None, None) => Ok(None),
        (Some(seq), Some(prev), Some(hash)) => {
            let seq = u64::try_from(seq).map_err(|_| "seq")?;
            let prev = Hash(bytes(prev).ok_or("prev")?);
            Ok(Some(Place { prev, link: Link { seq, hash: Hash(bytes(hash).ok_or("hash")?) } }))
        }
        _ => Err("seq"),
    }
}

fn record(row: AuditRow) -> Result<Record, &'static str> {
    let actor = match (row.actor_kind.as_str(), row.actor_id) {
        ("anonymous", None) => Actor::Anonymous,
        ("user", Some(user)) => Actor::User(UserId::from_uuid(user)),
        ("operator", None) => Actor::Operator,
        ("system", None) => Actor::System,
        _ => return Err("actor_kind"),
    };
    let detail: BTreeMap<String, String> = serde_json::from_str(&row.detail).map_err(|_| "detail")?;
    let blinding = match row.salt {
        Some(salt) => Blinding::Salt(Salt(bytes(&salt).ok_or("salt")?)),
        None => Blinding::Erased(Hash(bytes(&row.commitment).ok_or("commitment")?)),
    };
    Ok(Record {
        id: AuditId::from_uuid(row.id),
        at: moment(row.at),
        event: Event::parse(&row.event).ok_or("event")?,
        outcome: Outcome::parse(&row.outcome).ok_or("outcome")?,
        reason: row.reason,
        actor,
        subject: row.subject.map(UserId::from_uuid),
        session: row.session_id.map(SessionId::from_uuid),
        address: row.address,
        user_agent: row.user_agent,
        account: row.account,
        request: row.request_id.map(RequestId::from_uuid),
        detail,
        blinding,
    })
}

fn bytes<const N: usize>(column: &[u8]) -> Option<[u8; N]> {
    column.try_into().ok()
}

pub(super) const fn actor_columns(actor: Actor) -> (&'static str, Option<Uuid>) {
    match actor {
        Actor::Anonymous => ("anonymous", None),
        Actor::User(user) => ("user", Some(user.as_uuid())),
        Actor::Operator => ("operator", None),
        Actor::System => ("system", None),
    }
}

pub(super) const fn salt_column(record: &Record) -> Option<&[u8]> {
    match &record.blinding {
        Blinding::Salt(salt) => Some(salt.0.as_slice()),
        Blinding::Erased(_) => None,
    }
}

/// The address as bytes that sort as networks do; none where there is none, or what stands there is no address.
pub(super) fn address_key(record: &Record) -> Option<Vec<u8>> {
    let address: IpAddr = record.address.as_ref()?.parse().ok()?;
    Some(AddressRange::host(address).first().to_vec())
}
