//! SQLite: one file, many readers, one writer at a time.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_kernel::Histogram;
use countersign_store::Error;
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection, SqlitePool};
use tokio::time::{sleep, timeout};

use crate::engine::Connection;
use crate::error::{OpenError, from_sqlx};
#[cfg(feature = "testing")]
use crate::flush::NoDisk;
use crate::flush::{Flusher, Tell};
use crate::hot::{Readers, Writer};
use crate::log::Log;
use crate::mark;
use crate::measure::{self, PoolReading};
use crate::migrate;
use crate::open::{BUSY_TIMEOUT, Durability, Options};
use crate::turn::Gate;
use crate::watch::Watch;

pub(crate) struct Sqlite {
    pub(crate) path: PathBuf,
    gate: Gate,
    readers: SqlitePool,
    pub(crate) hot_readers: Readers,
    pub(crate) hot_writer: Writer,
    flusher: Arc<Flusher>,
}

impl Sqlite {
    pub(crate) async fn open(
        path: &Path,
        options: &Options,
        durability: Durability,
        groups: Arc<Histogram>,
        tell: Tell,
    ) -> Result<Self, OpenError> {
        create(path)?;
        let synchronous = match durability {
            Durability::Real => SqliteSynchronous::Full,
            #[cfg(feature = "testing")]
            Durability::None => SqliteSynchronous::Off,
        };
        let base = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .synchronous(synchronous)
            // KiB a connection: the pages that all connections read are in the operating system's cache anyway.
            .pragma("cache_size", "-512")
            // What is deleted is overwritten: a person who left is not in the free pages of the file.
            .pragma("secure_delete", "ON");
        let base = sqlx::ConnectOptions::disable_statement_logging(base);
        let mut first = first_connection(&base).await?;
        if let Some(to) = mark::moved_to(&mut first).await? {
            return Err(OpenError::Moved { path: path.to_owned(), to });
        }
        migrate::sqlite(&mut first).await?;
        drop(first);

        let watch = Watch::start().map_err(|error| Error::Unavailable(error.into()))?;
        let gate = Gate::open(path, durability, watch.clone())?;
        let readers = readers(options.readers.max(1)).connect_lazy_with(base.pragma("query_only", "ON"));
        let hot_readers = Readers::open(path, options.hot_readers, watch)?;
        let flusher = Arc::new(match durability {
            Durability::Real => Flusher::start(Log::of(path, gate.clone())?, tell)?,
            #[cfg(feature = "testing")]
            Durability::None => Flusher::start(NoDisk, tell)?,
        });
        let hot_writer = Writer::start(gate.clone(), Arc::clone(&flusher), groups)?;
        Ok(Self { path: path.to_owned(), gate, readers, hot_readers, hot_writer, flusher })
    }

    /// Waits for the turn and takes the writer's lock.
    pub(crate) async fn begin(&self) -> Result<Connection, Error> {
        self.gate.begin(Arc::clone(&self.flusher)).await.map(Connection::Turn)
    }

    /// Begins to read; the moment is that of the first statement.
    pub(crate) async fn snapshot(&self) -> Result<Connection, Error> {
        let transaction = self.readers.begin().await.map_err(from_sqlx)?;
        Ok(Connection::Snapshot(transaction))
    }

    /// How full its pools are.
    pub(crate) fn pools(&self) -> Vec<PoolReading> {
        vec![self.gate.reading(), measure::pool("readers", &self.readers)]
    }

    /// Closes all; the last connection to go brings the write-ahead log into the file.
    pub(crate) async fn close(&self) {
        self.hot_writer.close().await;
        self.hot_readers.close();
        // A snapshot that somebody still holds must not keep the process from ending.
        let _ = timeout(BUSY_TIMEOUT, self.readers.close()).await;
        self.gate.close().await;
        // Nor must a disk that hangs.
        let _ = timeout(BUSY_TIMEOUT, self.flusher.close()).await;
    }
}

/// Makes the file before SQLite does, because SQLite would let the umask decide who may read it. The log beside it gets the
/// same mode from SQLite.
fn create(path: &Path) -> Result<(), OpenError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(OpenError::File { path: path.to_owned(), source }),
    }
}

/// Connects and turns the write-ahead log on, which it then stays. Two processes that do this to a new file at once can
/// refuse each other without waiting, so it is tried for as long as any other lock is waited for.
async fn first_connection(options: &SqliteConnectOptions) -> Result<SqliteConnection, OpenError> {
    let options = options.clone().journal_mode(SqliteJournalMode::Wal);
    let mut tries = 0;
    loop {
        match SqliteConnection::connect_with(&options).await.map_err(from_sqlx) {
            Ok(connection) => return Ok(connection),
            Err(error) if tries < 50 && matches!(error, Error::Unavailable(_)) => {
                tries += 1;
                sleep(BUSY_TIMEOUT / 50).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn readers(connections: u32) -> PoolOptions<sqlx::Sqlite> {
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BUSY_TIMEOUT)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

#[cfg(test)]
mod tests;
