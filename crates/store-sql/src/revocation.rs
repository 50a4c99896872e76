//! Keeps revocations: numbered at the commit, chained by hash (DESIGN section 2).

pub(crate) mod columns;

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use countersign_kernel::{KeyId, SessionId, Timestamp, TokenId, UserId};
use countersign_store::{
    Effect, Error, NewRevocation, Page, PageRequest, Revocation, RevocationHead, Revocations, Target,
};
use uuid::Uuid;

use crate::engine::{Connection, change, change_many, find, list, take};
use crate::error::{from_driver, refused};
use crate::page::{Start, nothing, page, rows_to_ask};
use crate::revocation::columns::head_of;
use crate::row::{Place, micros, moment, row, to_column};
use crate::text::{Text, Value};
use crate::tx::SqlTx;

/// Takes `$1` numbers; the hash is still that of the number before the first of them.
const TAKE_NUMBERS: &str = "UPDATE revocation_head SET seq = seq + $1 RETURNING seq, hash";
/// The same on PostgreSQL, where other processes hear of it with the commit. Its lock on the queue is held for no longer than this
/// row is in any case (docs/design/valkey.md).
const TAKE_NUMBERS_AND_TELL: &str = "UPDATE revocation_head SET seq = seq + $1 RETURNING seq, hash, \
                                     CAST(pg_notify('countersign_revoked_' || CAST(tableoid AS text), '') AS text)";
const SET_HASH: &str = "UPDATE revocation_head SET hash = $1";
const HEAD: &str = "SELECT seq, hash FROM revocation_head";
const RAISE_HEAD: &str = "UPDATE revocation_head SET seq = $1 WHERE seq < $1";
const LIST: &str = "SELECT seq, hash, kind, target, below, except_session, effect, revoked_at, keep_until, reason \
                    FROM revocations WHERE seq > $1 ORDER BY seq LIMIT $2";
const LIST_NEWEST: &str = "SELECT seq, hash, kind, target, below, except_session, effect, revoked_at, keep_until, reason \
                           FROM revocations WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
const SWEEP: &str = "DELETE FROM revocations WHERE seq IN \
     (SELECT seq FROM revocations WHERE keep_until <= $1 ORDER BY keep_until LIMIT $2)";
const NOTE_LIFETIME: &str = "INSERT INTO access_lifetimes (seconds, noted_at) VALUES ($1, $2) \
     ON CONFLICT (seconds) DO UPDATE SET noted_at = excluded.noted_at WHERE access_lifetimes.noted_at < excluded.noted_at";
const GREATEST_LIFETIME: &str = "SELECT MAX(seconds) FROM access_lifetimes WHERE noted_at >= $1";
const INSERT: &str = "INSERT INTO revocations \
     (seq, hash, kind, target, below, except_session, effect, revoked_at, keep_until, reason) ";
/// Rows of one insert: ten columns each stay far below either engine's limit of parameters.
const ROWS_AT_ONCE: usize = 500;

row! {
    struct RevocationRow {
        seq: i64,
        hash: i64,
        kind: String,
        target: Uuid,
        below: Option<i64>,
        except_session: Option<Uuid>,
        effect: String,
        revoked_at: i64,
        keep_until: i64,
        reason: String,
    }
}

impl TryFrom<RevocationRow> for Revocation {
    type Error = Error;

    fn try_from(row: RevocationRow) -> Result<Self, Error> {
        let place = Place { table: "revocations", id: &row.seq };
        let target = match row.kind.as_str() {
            "token" => Target::Token(TokenId::from_uuid(row.target)),
            "session" => Target::Session(SessionId::from_uuid(row.target)),
            "person" => Target::Person {
                user: UserId::from_uuid(row.target),
                below: place.count("below", place.some("below", row.below)?)?,
                except: row.except_session.map(SessionId::from_uuid),
            },
            "key" => Target::Key(KeyId::from_uuid(row.target)),
            _ => return Err(place.corrupt("kind")),
        };
        let effect = match row.effect.as_str() {
            "superseded" => Effect::Superseded,
            "ended" => Effect::Ended,
            _ => return Err(place.corrupt("effect")),
        };
        Ok(Self {
            seq: place.count("seq", row.seq)?,
            hash: row.hash.cast_unsigned(),
            record: NewRevocation {
                target,
                effect,
                at: moment(row.revoked_at),
                until: moment(row.keep_until),
                reason: row.reason,
            },
        })
    }
}

/// A target as its columns.
struct TargetColumns {
    kind: &'static str,
    target: Uuid,
    /// A person's alone.
    below: Option<i64>,
    /// A person's alone.
    except: Option<Uuid>,
}

impl TryFrom<Target> for TargetColumns {
    type Error = Error;

    fn try_from(target: Target) -> Result<Self, Error> {
        let (kind, target, below, except) = match target {
            Target::Token(id) => ("token", id.as_uuid(), None, None),
            Target::Session(id) => ("session", id.as_uuid(), None, None),
            Target::Person { user, below, except } => {
                ("person", user.as_uuid(), Some(to_column(below)?), except.map(SessionId::as_uuid))
            }
            Target::Key(id) => ("key", id.as_uuid(), None, None),
        };
        Ok(Self { kind, target, below, except })
    }
}

const fn effect_text(effect: Effect) -> &'static str {
    match effect {
        Effect::Superseded => "superseded",
        Effect::Ended => "ended",
    }
}

/// The next hash of the chain: the first 64 bits of SHA-256 over the previous hash, the number and every field of the record,
/// each of fixed length or preceded by its length, so that no two records have one text.
fn chain(previous: u64, seq: u64, record: &NewRevocation) -> u64 {
    let mut context = Context::new(&SHA256);
    context.update(b"countersign revocation 1\0");
    context.update(&previous.to_be_bytes());
    context.update(&seq.to_be_bytes());
    let (kind, id, below, except) = match record.target {
        Target::Token(id) => (1_u8, id.to_bytes(), 0, None),
        Target::Session(id) => (2, id.to_bytes(), 0, None),
        Target::Person { user, below, except } => (3, user.to_bytes(), below, except),
        Target::Key(id) => (4, id.to_bytes(), 0, None),
    };
    context.update(&[kind]);
    context.update(&id);
    context.update(&below.to_be_bytes());
    context.update(&[u8::from(except.is_some())]);
    context.update(&except.map_or([0; 16], SessionId::to_bytes));
    context.update(&[match record.effect {
        Effect::Superseded => 1,
        Effect::Ended => 2,
    }]);
    context.update(&record.at.as_micros().to_be_bytes());
    context.update(&record.until.as_micros().to_be_bytes());
    context.update(&u64::try_from(record.reason.len()).unwrap_or(u64::MAX).to_be_bytes());
    context.update(record.reason.as_bytes());
    let digest = context.finish();
    digest.as_ref().first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

#[async_trait]
impl Revocations for SqlTx {
    fn revoke(&mut self, revocation: NewRevocation) {
        self.revocations.push(revocation);
    }

    async fn revocation_head(&mut self) -> Result<RevocationHead, Error> {
        match find!(self, (i64, i64), HEAD)? {
            Some((seq, hash)) => head_of(seq, hash),
            None => Err(refused("the head of the revocations has no row")),
        }
    }

    async fn raise_revocation_head(&mut self, last: u64) -> Result<(), Error> {
        change!(self, RAISE_HEAD, to_column(last)?).map(drop)
    }

    async fn list_revocations(&mut self, after: u64, limit: u32) -> Result<Vec<Revocation>, Error> {
        let rows = list!(self, RevocationRow, LIST, to_column(after)?, i64::from(limit))?;
        rows.into_iter().map(Revocation::try_from).collect()
    }

    async fn list_newest_revocations(&mut self, request: &PageRequest) -> Result<Page<Revocation>, Error> {
        let below = match Start::of(request, |text| text.parse().ok().filter(|seq| *seq > 0)) {
            Start::First => i64::MAX,
            Start::After(seq) => seq,
            Start::Nowhere => return Ok(nothing()),
        };
        let rows = list!(self, RevocationRow, LIST_NEWEST, below, rows_to_ask(request))?;
        let revocations = rows.into_iter().map(Revocation::try_from).collect::<Result<_, _>>()?;
        Ok(page(revocations, request, |revocation: &Revocation| revocation.seq.to_string()))
    }

    async fn sweep_revocations(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error> {
        change_many!(self, SWEEP, micros(now), i64::from(limit))
    }

    async fn note_access_lifetime(&mut self, seconds: u32, now: Timestamp) -> Result<(), Error> {
        // No row is touched where a later moment has been noted already.
        change!(self, NOTE_LIFETIME, i64::from(seconds), micros(now)).map(drop)
    }

    async fn greatest_access_lifetime(&mut self, since: Timestamp) -> Result<u32, Error> {
        match find!(self, (Option<i64>,), GREATEST_LIFETIME, micros(since))? {
            Some((Some(seconds),)) => Place { table: "access_lifetimes", id: &seconds }.small("seconds", seconds),
            _ => Ok(0),
        }
    }
}

/// Whether a revocation has the hash that follows from the one before it.
pub(crate) fn follows(before: u64, revocation: &Revocation) -> bool {
    chain(before, revocation.seq, &revocation.record) == revocation.hash
}

impl SqlTx {
    /// Numbers, chains and writes the revocations that were put down.
    pub(crate) async fn number_revocations(&mut self) -> Result<Vec<Revocation>, Error> {
        let records = std::mem::take(&mut self.revocations);
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let count = i64::try_from(records.len()).unwrap_or(i64::MAX);
        let statement = match &self.connection {
            Connection::Turn(_) | Connection::Snapshot(_) => TAKE_NUMBERS,
            Connection::Postgres(_) => TAKE_NUMBERS_AND_TELL,
        };
        let Some((last, hash)) = take!(self, (i64, i64), statement, count)? else {
            return Err(refused("the head of the revocations has no row"));
        };
        let head = head_of(last.saturating_sub(count), hash)?;
        let mut previous = head.hash;
        let numbered: Vec<Revocation> = (head.seq.saturating_add(1)..)
            .zip(records)
            .map(|(seq, record)| {
                previous = chain(previous, seq, &record);
                Revocation { seq, hash: previous, record }
            })
            .collect();
        for rows in numbered.chunks(ROWS_AT_ONCE) {
            self.insert_revocations(rows).await?;
        }
        if change!(self, SET_HASH, previous.cast_signed())? != 1 {
            return Err(refused("the head of the revocations has not one row"));
        }
        Ok(numbered)
    }

    async fn insert_revocations(&mut self, revocations: &[Revocation]) -> Result<(), Error> {
        let mut rows: Vec<[Value; 10]> = Vec::with_capacity(revocations.len());
        for revocation in revocations {
            let record = &revocation.record;
            let target = TargetColumns::try_from(record.target)?;
            rows.push([
                to_column(revocation.seq)?.into(),
                revocation.hash.cast_signed().into(),
                target.kind.into(),
                target.target.into(),
                target.below.into(),
                target.except.into(),
                effect_text(record.effect).into(),
                micros(record.at).into(),
                micros(record.until).into(),
                record.reason.as_str().into(),
            ]);
        }
        let mut insert = Text::new(INSERT);
        insert.rows(rows);
        // One is the usual number.
        insert.is_usual = revocations.len() == 1;
        let inserted = self.change_by(insert).await.map_err(from_driver)?;
        let all = usize::try_from(inserted) == Ok(revocations.len());
        if all { Ok(()) } else { Err(refused("not every revocation was written")) }
    }
}
