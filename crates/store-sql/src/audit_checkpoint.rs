//! Keeps signed checkpoints of the audit chain, and the base with which it begins.

use async_trait::async_trait;
use countersign_audit::{Checkpoint, Hash, Link};
use countersign_kernel::Timestamp;
use countersign_store::{AuditCheckpoints, Error, SignedCheckpoint};

use crate::engine::{change, change_many, find, list};
use crate::row::{micros, moment, row, to_column};
use crate::tx::SqlTx;

macro_rules! columns {
    () => {
        "number, seq, hash, at, signed"
    };
}

const INSERT: &str = concat!(
    "INSERT INTO audit_checkpoints (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5) ON CONFLICT (number) DO NOTHING"
);
const NEWEST: &str = concat!("SELECT ", columns!(), " FROM audit_checkpoints ORDER BY number DESC LIMIT 1");
const AT: &str =
    concat!("SELECT ", columns!(), " FROM audit_checkpoints WHERE at <= $1 ORDER BY at DESC, number DESC LIMIT 1");
const LIST: &str = concat!("SELECT ", columns!(), " FROM audit_checkpoints WHERE number > $1 ORDER BY number LIMIT $2");
const BASE: &str = concat!("SELECT ", columns!(), " FROM audit_base");
const MOVE_BASE: &str = concat!(
    "INSERT INTO audit_base (only_row, ",
    columns!(),
    ") VALUES (TRUE, $1, $2, $3, $4, $5) ON CONFLICT (only_row) DO UPDATE SET number = excluded.number, \
     seq = excluded.seq, hash = excluded.hash, at = excluded.at, signed = excluded.signed \
     WHERE audit_base.seq < excluded.seq"
);
const SWEEP_CHECKPOINTS: &str = "DELETE FROM audit_checkpoints WHERE number <= (SELECT number FROM audit_base)";
const SWEEP: &str = "DELETE FROM audit_records WHERE seq IN (SELECT seq FROM audit_records WHERE seq IS NOT NULL AND \
                     seq <= (SELECT seq FROM audit_base) ORDER BY seq LIMIT $1)";

row! {
    struct CheckpointRow {
        number: i64,
        seq: i64,
        hash: Vec<u8>,
        at: i64,
        signed: String,
    }
}

impl From<CheckpointRow> for SignedCheckpoint {
    /// Whatever stands beside the signed text is not believed by anybody, so that nonsense there is no failure either.
    fn from(row: CheckpointRow) -> Self {
        let count = |column: i64| u64::try_from(column).unwrap_or(0);
        let link = Link { seq: count(row.seq), hash: Hash(row.hash.as_slice().try_into().unwrap_or_default()) };
        let checkpoint = Checkpoint { number: count(row.number), link, at: moment(row.at) };
        Self { checkpoint, signed: row.signed }
    }
}

/// Writes the columns of a checkpoint by this text; how many rows were touched.
macro_rules! write {
    ($tx:expr, $sql:expr, $signed:expr) => {{
        let SignedCheckpoint { checkpoint, signed } = $signed;
        change!(
            $tx,
            $sql,
            to_column(checkpoint.number)?,
            to_column(checkpoint.link.seq)?,
            checkpoint.link.hash.0.as_slice(),
            micros(checkpoint.at),
            signed.as_str(),
        )
    }};
}

#[async_trait]
impl AuditCheckpoints for SqlTx {
    async fn insert_audit_checkpoint(&mut self, checkpoint: &SignedCheckpoint) -> Result<bool, Error> {
        Ok(write!(self, INSERT, checkpoint)? == 1)
    }

    async fn newest_audit_checkpoint(&mut self) -> Result<Option<SignedCheckpoint>, Error> {
        Ok(find!(self, CheckpointRow, NEWEST)?.map(SignedCheckpoint::from))
    }

    async fn audit_checkpoint_at(&mut self, moment: Timestamp) -> Result<Option<SignedCheckpoint>, Error> {
        Ok(find!(self, CheckpointRow, AT, micros(moment))?.map(SignedCheckpoint::from))
    }

    async fn list_audit_checkpoints(&mut self, after: u64, limit: u32) -> Result<Vec<SignedCheckpoint>, Error> {
        let rows = list!(self, CheckpointRow, LIST, to_column(after)?, i64::from(limit))?;
        Ok(rows.into_iter().map(SignedCheckpoint::from).collect())
    }

    async fn audit_base(&mut self) -> Result<Option<SignedCheckpoint>, Error> {
        Ok(find!(self, CheckpointRow, BASE)?.map(SignedCheckpoint::from))
    }

    async fn move_audit_base(&mut self, base: &SignedCheckpoint) -> Result<bool, Error> {
        Ok(write!(self, MOVE_BASE, base)? == 1)
    }

    async fn sweep_audit_records(&mut self, limit: u32) -> Result<u64, Error> {
        change_many!(self, SWEEP_CHECKPOINTS)?;
        change_many!(self, SWEEP, i64::from(limit))
    }
}
