//! SQLite: the one connection that writes, the turn to use it, and the transaction of whoever has the turn.
//!
//! Promises: turns are given in the order in which they were asked for; a statement runs where it is asked for, since handing it to a thread
//! and back costs several times as much; another process's lock is waited for without keeping the thread; a transaction that is dropped
//! is rolled back before the turn goes on; one that the engine has taken back runs nothing more.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign_store::{Committed, Error};
use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, OpenFlags, Statement, ToSql};
use tokio::sync::oneshot::Receiver;
use tokio::sync::{Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::error::{Failure, from_driver, from_rusqlite, is_busy, refused, unavailable};
use crate::flush::Flusher;
use crate::measure::PoolReading;
use crate::open::{BUSY_TIMEOUT, Durability};
use crate::row::{FromSqlite, bind};
use crate::watch::Watch;

/// Texts that are kept prepared: more than there are.
const STATEMENTS: usize = 256;
/// How often a lock that another process has is tried for.
const TRIES: u32 = 500;

/// The connection that writes, behind the turn to use it.
#[derive(Clone)]
pub(crate) struct Gate {
    /// None: closed.
    connection: Arc<Mutex<Option<Connection>>>,
    pub(crate) watch: Watch,
}

impl Gate {
    pub(crate) fn open(path: &Path, durability: Durability, watch: Watch) -> Result<Self, Error> {
        let connection = open(path, durability).map_err(from_rusqlite)?;
        Ok(Self { connection: Arc::new(Mutex::new(Some(connection))), watch })
    }

    /// Waits for the turn and takes the writer's lock.
    pub(crate) async fn begin(&self, flusher: Arc<Flusher>) -> Result<Turn, Error> {
        let held = timeout(BUSY_TIMEOUT, Arc::clone(&self.connection).lock_owned())
            .await
            .map_err(|_| unavailable("the turn to write did not come in time"))?;
        let connection =
            OwnedMutexGuard::try_map(held, Option::as_mut).map_err(|_| unavailable("the database is closed"))?;
        let mut held = Held { connection, watch: self.watch.clone() };
        take_lock(&mut held.connection, &self.watch).await?;
        Ok(Turn { changed_before: held.connection.total_changes(), held: Some(held), flusher })
    }

    /// The turn, where nobody has it or waits for it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, Option<Connection>>> {
        self.connection.try_lock().ok()
    }

    /// Waits for the turn on a thread that may wait.
    pub(crate) fn blocking_lock(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.blocking_lock()
    }

    /// Whether the connection is in use.
    pub(crate) fn reading(&self) -> PoolReading {
        PoolReading { name: "writer", in_use: u32::from(self.connection.try_lock().is_err()), open: 1, most: 1 }
    }

    /// Closes the connection when its turn has come. A transaction that somebody still holds must not keep the process from ending.
    pub(crate) async fn close(&self) {
        if let Ok(mut held) = timeout(BUSY_TIMEOUT, self.connection.lock()).await {
            drop(held.take());
        }
    }
}

fn open(path: &Path, durability: Durability) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    match durability {
        // The flusher brings commits to the disk and the log into the database (docs/design/commits-on-sqlite.md).
        Durability::Real => connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;")?,
        #[cfg(feature = "testing")]
        Durability::None => connection.execute_batch("PRAGMA synchronous = OFF;")?,
    }
    // What is deleted is overwritten: a person who left is not in the free pages of the file. The cache is small (KiB), because the
    // pages that all connections read are in the operating system's anyway.
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA cache_size = -512;")?;
    // From here on whoever asks must not be kept by another process's lock: it is tried for again.
    connection.busy_timeout(Duration::ZERO)?;
    Ok(connection)
}

/// Begins to write. Nobody else of this process has the lock; another one may, for a moment.
async fn take_lock(connection: &mut Connection, watch: &Watch) -> Result<(), Error> {
    let mut tries = 1;
    loop {
        match watch.run(|| run(connection, "BEGIN IMMEDIATE")) {
            Ok(()) => return Ok(()),
            Err(error) if tries < TRIES && is_busy(&error) => tries += 1,
            Err(error) => return Err(from_rusqlite(error)),
        }
        sleep(BUSY_TIMEOUT / TRIES).await;
    }
}

fn run(connection: &Connection, text: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(text)?.raw_execute().map(drop)
}

/// A transaction that may write.
pub(crate) struct Turn {
    /// None while a statement runs elsewhere, and where that was cut off.
    held: Option<Held>,
    flusher: Arc<Flusher>,
    /// How many rows the connection had changed before.
    changed_before: u64,
}

impl Turn {
    /// Reads at most one row.
    pub(crate) fn find<R: FromSqlite>(&self, text: &str, values: &[&dyn ToSql]) -> Result<Option<R>, Failure> {
        self.list(text, values).map(|rows: Vec<R>| rows.into_iter().next())
    }

    /// Reads all rows.
    pub(crate) fn list<R: FromSqlite>(&self, text: &str, values: &[&dyn ToSql]) -> Result<Vec<R>, Failure> {
        self.in_place(|connection| read(&mut *connection.prepare_cached(text)?, values))
    }

    /// Reads all rows of a text that does not come again.
    pub(crate) fn list_once<R: FromSqlite>(&self, text: &str, values: &[&dyn ToSql]) -> Result<Vec<R>, Failure> {
        self.in_place(|connection| read(&mut connection.prepare(text)?, values))
    }

    /// Writes; how many rows were touched.
    pub(crate) fn change(&self, text: &str, values: &[&dyn ToSql]) -> Result<u64, Failure> {
        self.in_place(|connection| change(&mut *connection.prepare_cached(text)?, values))
    }

    /// Writes by a text that does not come again; how many rows were touched.
    pub(crate) fn change_once(&self, text: &str, values: &[&dyn ToSql]) -> Result<u64, Failure> {
        self.in_place(|connection| change(&mut connection.prepare(text)?, values))
    }

    /// Writes on a thread that may take its time; how many rows were touched.
    pub(crate) async fn change_at_length(&mut self, text: String, values: Vec<Value>) -> Result<u64, Failure> {
        let held = self.held.take().ok_or_else(over)?;
        let work = move || {
            let values: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
            let write = |connection: &Connection| change(&mut connection.prepare(&text)?, &values);
            let done = held.open().and_then(write);
            (held, done)
        };
        let (held, done) = spawn_blocking(work).await.map_err(|_| over())?;
        self.held = Some(held);
        done
    }

    /// Commits to the log, and gives the turn back. What is returned is ready when the commit is on the disk and the observers have been
    /// told; none where no row was changed.
    pub(crate) fn commit(self, committed: Committed) -> Result<Option<Receiver<Result<(), Error>>>, Error> {
        let end = |connection: &Connection| {
            run(connection, "COMMIT")?;
            Ok(connection.total_changes().saturating_sub(self.changed_before))
        };
        let rows = self.in_place(end).map_err(from_driver)?;
        // The turn is kept until here, since observers hear of commits in their order, and no longer, since the disk may take its time.
        Ok((rows > 0).then(|| self.flusher.take(committed, rows)))
    }

    fn in_place<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let held = self.held.as_ref().ok_or_else(over)?;
        let connection = held.open()?;
        held.watch.run(|| work(connection))
    }
}

/// The turn; given back, what was not committed is rolled back.
struct Held {
    connection: OwnedMappedMutexGuard<Option<Connection>, Connection>,
    watch: Watch,
}

impl Held {
    /// The connection. Refuses where an error has made the engine roll back: whatever ran now would be committed by itself.
    fn open(&self) -> Result<&Connection, Failure> {
        if self.connection.is_autocommit() { Err(over()) } else { Ok(&self.connection) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.connection.is_autocommit() {
            // Where it cannot be rolled back, the next one to begin hears of it.
            let _ = self.watch.run(|| run(&self.connection, "ROLLBACK"));
        }
    }
}

/// An error has made the engine roll back.
fn over() -> Failure {
    unavailable("the transaction was rolled back by an error before").into()
}

fn change(statement: &mut Statement<'_>, values: &[&dyn ToSql]) -> Result<u64, Failure> {
    bind(statement, values)?;
    Ok(u64::try_from(statement.raw_execute()?).unwrap_or(u64::MAX))
}

/// Runs a statement to its end: one with RETURNING has done all its work only then.
fn read<R: FromSqlite>(statement: &mut Statement<'_>, values: &[&dyn ToSql]) -> Result<Vec<R>, Failure> {
    bind(statement, values)?;
    let places = R::places(statement)?;
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(R::read(row, &places)?);
    }
    Ok(found)
}

/// A value that outlives whoever bound it.
pub(crate) fn owned(value: &dyn ToSql) -> Result<Value, Failure> {
    Ok(match value.to_sql()? {
        ToSqlOutput::Borrowed(value) => value.try_into().map_err(rusqlite::Error::from)?,
        ToSqlOutput::Owned(value) => value,
        // Whatever else rusqlite may bind one day.
        _ => return Err(refused("a value that cannot be kept").into()),
    })
}

#[cfg(test)]
mod tests;
