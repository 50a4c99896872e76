//! Keeps when second factors were proven.

use async_trait::async_trait;
use countersign_kernel::{SessionId, Timestamp};
use countersign_store::{Error, FactorProofs};

use crate::engine::{change_or, find};
use crate::error::lost_reference;
use crate::row::{micros, moment};
use crate::tx::SqlTx;

const NOTE: &str = "INSERT INTO factor_proofs (session_id, proven_at) VALUES ($1, $2) \
     ON CONFLICT (session_id) DO UPDATE SET proven_at = excluded.proven_at WHERE factor_proofs.proven_at < excluded.proven_at";
const FIND: &str = "SELECT proven_at FROM factor_proofs WHERE session_id = $1";

#[async_trait]
impl FactorProofs for SqlTx {
    async fn note_factor_proof(&mut self, session: SessionId, at: Timestamp) -> Result<(), Error> {
        change_or!(lost_reference, self, NOTE, session.as_uuid(), micros(at)).map(drop)
    }

    async fn find_factor_proof(&mut self, session: SessionId) -> Result<Option<Timestamp>, Error> {
        Ok(find!(self, (i64,), FIND, session.as_uuid())?.map(|(at,)| moment(at)))
    }
}
