//! SQLite: the write-ahead log of a database, how it comes to the disk and into the database.
//!
//! Promises: where the disk may have lost a part of it, nobody is answered well before all of it was brought into the database: a kernel that
//! could not write pages may count them as written, so that the next flush of the log alone would say nothing. Copying keeps nobody
//! from writing, unless the log has become long.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_store::Error;
use rusqlite::ffi::SQLITE_IOERR_FSYNC;
use rusqlite::{Connection, OpenFlags};

use crate::error::{from_rusqlite, has_code, unavailable};
use crate::flush::Disk;
use crate::open::BUSY_TIMEOUT;
use crate::turn::Gate;

/// How many pages the log may have before writers wait until all of it is copied: 16 MiB. Before that a log whose end was being
/// written while it was copied is left as it is.
const LONGEST: i64 = 4096;

/// The write-ahead log of a database.
pub(crate) struct Log {
    database: PathBuf,
    log: PathBuf,
    /// How long others are waited for.
    patience: Duration,
    /// Whether the kernel may have forgotten a part of it.
    is_suspect: bool,
    copier: Connection,
    gate: Gate,
}

impl Log {
    /// That of a database that is there. Writers are kept away by `gate`.
    pub(crate) fn of(database: &Path, gate: Gate) -> Result<Self, Error> {
        // SQLite follows links to the file, and puts the log beside that.
        let database = database.canonicalize().map_err(|error| Error::Unavailable(error.into()))?;
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let copier = open(&database).map_err(from_rusqlite)?;
        Ok(Self { database, log: log.into(), patience: BUSY_TIMEOUT, is_suspect: false, copier, gate })
    }

    /// Copies what was in the log when it began, where no reader of an older moment keeps it. How many pages that were, whether they had
    /// been copied before or not: as long as somebody writes while it is copied, the log goes on and does not begin at its front again.
    fn copy_what_can_be(&self) -> rusqlite::Result<i64> {
        self.copier.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
    }

    /// Copies; whether writers had to be kept away.
    fn copy_all(&self) -> rusqlite::Result<bool> {
        let is_long = self.copy_what_can_be()? > LONGEST;
        if is_long {
            let _turn = self.gate.blocking_lock();
            self.copy_what_can_be()?;
        }
        Ok(is_long)
    }
}

impl Disk for Log {
    fn flush(&mut self) -> Result<(), Error> {
        if !self.is_suspect {
            let synced = sync(&self.log);
            self.is_suspect = synced.is_err();
            return synced.map_err(|error| Error::Unavailable(error.into()));
        }
        if !bring_home(&self.database, self.patience).map_err(from_rusqlite)? {
            return Err(unavailable("the log could not be brought into the database"));
        }
        self.is_suspect = false;
        Ok(())
    }

    fn copy(&mut self) {
        if let Err(error) = self.copy_all() {
            // Then it was this one whom the kernel told that it could not write pages, and it tells nobody twice.
            self.is_suspect |= has_code(&error, &[SQLITE_IOERR_FSYNC]);
            tracing::error!(error = %error, "the log could not be copied into the database");
        }
    }
}

/// By name each time: the log is a new file when the last connection of all processes has gone. That a file of this name is closed takes no
/// lock away, since SQLite locks the two others.
fn sync(log: &Path) -> io::Result<()> {
    File::open(log)?.sync_data()
}

/// Brings the whole log into the database, and that to the disk; `false` where others kept it from doing so.
fn bring_home(database: &Path, patience: Duration) -> rusqlite::Result<bool> {
    let connection = open(database)?;
    connection.busy_timeout(patience)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(!row.get::<_, bool>(0)?))
}

fn open(database: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

#[cfg(test)]
mod tests;
