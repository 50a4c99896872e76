//! One transaction: what it has put down for its end, and the end.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_audit::Record;
use countersign_kernel::Timestamp;
use countersign_store::{Committed, Error, NewRevocation, Revocations as _, Tx};
use tokio::time::timeout;
use tracing::Instrument as _;

use crate::engine::Connection;
use crate::error::{from_sqlx, unavailable};
use crate::measure::Step;
use crate::open::BUSY_TIMEOUT;
use crate::shared::Shared;

/// Whether a transaction may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Read,
}

pub(crate) struct SqlTx {
    pub(crate) connection: Connection,
    pub(crate) shared: Arc<Shared>,
    mode: Mode,
    now: Timestamp,
    pub(crate) records: Vec<Record>,
    pub(crate) revocations: Vec<NewRevocation>,
}

impl SqlTx {
    pub(crate) const fn new(connection: Connection, shared: Arc<Shared>, mode: Mode, now: Timestamp) -> Self {
        Self { connection, shared, mode, now, records: Vec::new(), revocations: Vec::new() }
    }

    /// Refuses in a snapshot.
    pub(crate) fn writing(&self) -> Result<(), Error> {
        match self.mode {
            Mode::Write => Ok(()),
            Mode::Read => Err(Error::ReadOnly),
        }
    }

    /// Writes what was put down, ends the transaction and tells the observers.
    pub(crate) async fn finish(self) -> Result<(), Error> {
        let (shared, mode) = (Arc::clone(&self.shared), self.mode);
        let done = self.write_and_tell().await;
        if mode == Mode::Write {
            shared.note_write(&done);
        }
        done
    }

    async fn write_and_tell(mut self) -> Result<(), Error> {
        let records = self.insert_audit_records().await?;
        self.insert_notices(&records).await?;
        // Last, because whoever has taken a number holds up everyone else who wants one until the commit.
        let revocations = self.number_revocations().await?;
        let committed = self.write_journal(Committed { revocations, records }).await?;
        let Self { connection, shared, .. } = self;
        match connection {
            Connection::Turn(turn) => match turn.commit(committed)? {
                None => Ok(()),
                Some(flushed) => match timeout(BUSY_TIMEOUT, flushed).await {
                    Ok(Ok(on_disk)) => on_disk,
                    Ok(Err(_)) => Err(unavailable("the database is closed")),
                    Err(_) => Err(unavailable("the disk did not take the commit in time")),
                },
            },
            Connection::Snapshot(transaction) => transaction.commit().await.map_err(from_sqlx),
            Connection::Postgres(lease) => {
                lease.commit().await.map_err(from_sqlx)?;
                if committed != Committed::default() {
                    shared.tell(&committed);
                }
                Ok(())
            }
        }
    }

    /// Has the journal write this commit down first, where it is for the journal. On a thread of its own: it waits for the disk.
    async fn write_journal(&mut self, committed: Committed) -> Result<Committed, Error> {
        let Some(journal) = self.shared.journal_of(&committed) else { return Ok(committed) };
        let after = match committed.revocations.first() {
            Some(first) => first.seq.saturating_sub(1),
            None => self.revocation_head().await?.seq,
        };
        let at = self.now;
        let write = move || journal.write(at, after, &committed).map(|()| committed);
        match tokio::task::spawn_blocking(write).await {
            Ok(written) => written,
            Err(_) => Err(unavailable("the journal was cut off")),
        }
    }
}

#[async_trait]
impl Tx for SqlTx {
    fn now(&self) -> Timestamp {
        self.now
    }

    /// In a task of its own: a caller that goes away in the middle (its client hung up) must not keep a committed revocation
    /// from the observers.
    async fn commit(self: Box<Self>) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        let finished = async move { shared.measured(Step::Commit, (*self).finish()).await };
        match tokio::spawn(finished.in_current_span()).await {
            Ok(result) => result,
            Err(_) => Err(unavailable("the commit was cut off")),
        }
    }
}
