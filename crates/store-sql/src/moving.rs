//! Moves a database from a SQLite file to PostgreSQL, all of it and one moment of it (docs/design/moving.md).
//!
//! Promises: nothing is written to the file between the copy and the end of it: the copy holds SQLite's one write lock, and lets it
//! go in the transaction that closes the file for good. So no act is ever in one of the two alone, and the two never live at once.
//! Whatever cuts it off leaves the file living and the target marked as unfinished, on which no server starts; or, in the one moment
//! between the two commits, both closed, and the next run finishes it. What is copied is derived from the schema: no table can be
//! forgotten.

mod error;
mod fence;
mod row;
mod table;
mod target;

use std::path::Path;

use countersign_kernel::{Env, Secret, Timestamp};
use countersign_store::{Error, Revocation, Store};
use rusqlite::Connection;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::error::from_rusqlite;
use crate::file;
use crate::postgres::PostgresAddress;
use crate::revocation::follows;
use fence::Mark;
use table::Table;
use target::{Found, Target};

pub use error::MoveError;

/// What was copied of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The table.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 of all of them, in the order of their keys, as PostgreSQL sends and takes them.
    pub digest: [u8; 32],
}

/// A move that holds its source still. Dropped, it lets the source go on as if nothing had been.
pub struct Moving {
    source: Source,
    target: Target,
    tables: Vec<Table>,
    to: String,
    id: Uuid,
    is_closed: bool,
}

/// The file, with its write lock.
struct Source(Option<Connection>);

impl Moving {
    /// Takes the write lock of the file, and looks at the target without changing it.
    ///
    /// # Errors
    /// [`MoveError`]; nothing has been changed.
    pub async fn begin(source: &Path, target: &Secret<String>, env: &Env) -> Result<Self, MoveError> {
        let to = PostgresAddress::parse(target)?.to_string();
        let mut source = Source::lock(source).await?;
        let (mark, installation, tables) = source.look().await?;

        let mut target = Target::connect(target, installation).await?;
        let ahead = target.clock().await?.as_micros().saturating_sub(env.now().as_micros()) / 1_000_000;
        if ahead.unsigned_abs() > MOST_APART_SECONDS {
            return Err(MoveError::Clocks { seconds: ahead });
        }
        let found = target.look(&tables).await?;
        let (id, is_closed) = match (mark, found) {
            (None, Found::Nothing | Found::Unfinished { is_ours: true, .. }) => {
                (Uuid::from_bytes(env.entropy().bytes()), false)
            }
            (None, Found::Unfinished { .. }) => return Err(MoveError::OtherSource { to }),
            (None, Found::Something { table }) => return Err(MoveError::NotEmpty { to, table }),
            (Some(mark), Found::Unfinished { id, .. }) if id == mark.id => (id, true),
            (Some(mark), _) => return Err(MoveError::AlreadyMoved { to: mark.to }),
        };
        Ok(Self { source, target, tables, to, id, is_closed })
    }

    /// Whether the file has been closed by an earlier run, so that all is copied and only the last word is missing.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// The target, without user, password and options.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.to
    }

    /// How many rows there are to copy.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn rows(&mut self) -> Result<u64, MoveError> {
        let tables = self.tables.clone();
        self.source.run(move |c| tables.iter().map(|table| table.count(c)).sum()).await
    }

    /// Marks the target as unfinished, makes its tables, copies every row, reads the copy back and compares.
    ///
    /// # Errors
    /// [`MoveError`]; the file is as it was, and the target is recognised as unfinished.
    pub async fn copy(&mut self) -> Result<Vec<Copied>, MoveError> {
        self.target.prepare(self.id, &self.tables).await?;
        let mut copied = Vec::with_capacity(self.tables.len());
        for table in self.tables.clone() {
            let (send, chunks) = mpsc::channel(CHUNKS_UNDER_WAY);
            let read = {
                let table = table.clone();
                // Whoever no longer listens has failed, and says why.
                self.source.run(move |c| row::read(&table, c, |chunk| send.blocking_send(chunk).is_ok()))
            };
            // A table that was not read to its end must not pass for a short one: the transaction goes with the connection.
            match tokio::join!(read, self.target.write(&table, chunks)) {
                (Ok(read), Ok(written)) if read.rows == written => copied.push(read),
                (Ok(_), Ok(_)) => return Err(MoveError::Different { table: table.name }),
                (Err(MoveError::CutOff) | Ok(_), Err(error)) | (Err(error), _) => return Err(error),
            }
        }
        self.target.commit(&self.tables).await?;
        for (table, copied) in self.tables.iter().zip(&copied) {
            if self.target.digest(table).await? != copied.digest {
                return Err(MoveError::Different { table: table.name.clone() });
            }
        }
        Ok(copied)
    }

    /// Closes the file for good, and takes the mark from the target: from now on that is the database.
    ///
    /// # Errors
    /// [`MoveError::AlmostDone`] where the file has been closed: the next run does the rest. Any other [`MoveError`] where it has not.
    pub async fn finish(mut self, now: Timestamp) -> Result<(), MoveError> {
        if !self.is_closed {
            let (tables, id, to) = (self.tables.clone(), self.id, self.to.clone());
            self.source.run(move |c| fence::close(c, &tables, id, &to, now)).await?;
        }
        let released = self.target.release().await;
        released.map_err(|error| MoveError::AlmostDone { to: self.to, source: Box::new(error) })
    }

    /// Opens the file again that was closed, where nothing has been written to the target since; the target is then unfinished.
    ///
    /// # Errors
    /// [`MoveError::NotMoved`]; [`MoveError::HasLived`] where going back would forget something.
    pub async fn undo(source: &Path, target: &Secret<String>) -> Result<(), MoveError> {
        let mut source = Source::lock(source).await?;
        let (mark, installation, tables) = source.look().await?;
        let Some(mark) = mark else { return Err(MoveError::NotMoved) };

        let mut target = Target::connect(target, installation).await?;
        // Marked first: no server may start there while it is looked at.
        target.mark_again(mark.id, &tables).await?;
        for table in tables.clone().into_iter().filter(|table| !table.is_audit()) {
            let name = table.name.clone();
            let digest = target.digest(&table).await?;
            if source.run(move |c| row::read(&table, c, |_| true)).await?.digest != digest {
                target.release().await?;
                return Err(MoveError::HasLived { table: name });
            }
        }
        // The move itself has written one record, and every start writes another.
        let records = source.run(table::audit_records).await?;
        if target.audit_records().await? != records.saturating_add(1) {
            target.release().await?;
            return Err(MoveError::HasLived { table: table::AUDIT_RECORDS.to_owned() });
        }
        source.run(fence::open_again).await
    }
}

/// Whether every revocation that is kept has the hash that follows from the one before it, and the newest that of the head.
///
/// # Errors
/// Those of [`Store::snapshot`].
pub async fn revocations_hang_together(store: &dyn Store) -> Result<bool, Error> {
    let mut tx = store.snapshot().await?;
    let head = tx.revocation_head().await?;
    let mut last: Option<Revocation> = None;
    loop {
        let page = tx.list_revocations(last.as_ref().map_or(0, |last| last.seq), PAGE).await?;
        if page.is_empty() {
            return Ok(last.is_none_or(|last| last.seq != head.seq || last.hash == head.hash));
        }
        for revocation in page {
            // One that was swept leaves a gap, behind which nobody can tell.
            let is_next = last.as_ref().filter(|last| last.seq.checked_add(1) == Some(revocation.seq));
            if is_next.is_some_and(|last| !follows(last.hash, &revocation)) {
                return Ok(false);
            }
            last = Some(revocation);
        }
    }
}

impl Source {
    /// Opens a file and takes its write lock.
    async fn lock(path: &Path) -> Result<Self, MoveError> {
        let path = path.to_owned();
        let locked = file::blocking(move || {
            let connection = file::open(&path)?;
            connection.execute_batch("PRAGMA synchronous = FULL; BEGIN IMMEDIATE").map_err(from_rusqlite)?;
            Ok(connection)
        });
        Ok(Self(Some(locked.await?)))
    }

    /// Its mark, what installation it is of, and its tables.
    async fn look(&mut self) -> Result<(Option<Mark>, [u8; 32], Vec<Table>), MoveError> {
        self.run(|c| Ok((fence::find(c)?, fence::installation(c)?, table::all(c)?))).await
    }

    /// Does something with the connection, away from whoever waits for an answer.
    async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, MoveError> + Send + 'static,
    ) -> Result<T, MoveError> {
        let connection = self.0.take().ok_or(MoveError::CutOff)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&connection);
            (connection, done)
        });
        let (connection, done) = done.await.map_err(|_| MoveError::CutOff)?;
        self.0 = Some(connection);
        done
    }
}

/// How far the clocks of the two may be apart: what the skew of tokens allows. A code or a token of before is judged by the clock
/// of after.
const MOST_APART_SECONDS: u64 = 30;

/// How many revocations are read at a time.
const PAGE: u32 = 1_000;

/// How many pieces of a table wait for the server.
const CHUNKS_UNDER_WAY: usize = 8;
