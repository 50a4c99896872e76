//! A SQLite database as a file: copying a running one, checking one, laying one to rest. For backups and restores.
//!
//! Promises: a copy is one moment of the database and holds up neither readers nor writers; checks change nothing.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use countersign_kernel::Timestamp;
use countersign_store::Error;
use rusqlite::{Connection, OpenFlags};

use crate::error::{from_rusqlite, unavailable};
use crate::migrate;
use crate::open::BUSY_TIMEOUT;
use crate::row::micros;
use crate::store::SqlStore;

/// How thoroughly a file is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// That its pages hang together: for a database in use.
    Quick,
    /// Also that indexes fit their tables, and that no row points to one that is not there.
    Whole,
}

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The greatest migration that was run on it.
    pub schema: i64,
    /// Sessions that have not ended and whose absolute deadline is yet to come.
    pub living_sessions: u64,
    /// The number of the newest revocation.
    pub revocations: u64,
    /// The number of the last sealed audit record.
    pub audit_seq: u64,
    /// Its hash; zeros where there is none.
    pub audit_hash: [u8; 32],
    /// Audit records that wait for the sealer.
    pub audit_unsealed: u64,
}

impl SqlStore {
    /// The file; none where the database is a server's.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.path()
    }

    /// Writes this moment of the database to a new file of mode 0600, without the room that deleted rows have left.
    ///
    /// # Errors
    /// [`Error::Unavailable`], also where the disk is full; what was written by then is the caller's to remove.
    pub async fn copy_to(&self, to: &Path) -> Result<(), Error> {
        let Some(from) = self.file().map(Path::to_owned) else {
            return Err(unavailable("only a SQLite database can be copied as a file"));
        };
        let to = to.to_owned();
        blocking(move || copy(&from, &to)).await
    }
}

/// What is wrong with a file; nothing where it is sound. It may be in use.
///
/// # Errors
/// The file cannot be opened as a database.
pub async fn faults(path: &Path, depth: Depth) -> Result<Vec<String>, Error> {
    let path = path.to_owned();
    blocking(move || {
        let connection = open(&path)?;
        let check = match depth {
            Depth::Quick => "PRAGMA quick_check(20)",
            Depth::Whole => "PRAGMA integrity_check(20)",
        };
        let mut found: Vec<String> = texts(&connection, check).map_err(from_rusqlite)?;
        found.retain(|line| line != "ok");
        if depth == Depth::Whole {
            let strangers = texts(&connection, "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check");
            found.extend(
                strangers.map_err(from_rusqlite)?.iter().map(|table| format!("rows of {table} point to nothing")),
            );
        }
        Ok(found)
    })
    .await
}

/// What a file says of itself. It may be in use.
///
/// # Errors
/// It is no database of this program.
pub async fn facts(path: &Path, now: Timestamp) -> Result<Facts, Error> {
    let path = path.to_owned();
    blocking(move || {
        let connection = open(&path)?;
        read_facts(&connection, now).map_err(from_rusqlite)
    })
    .await
}

/// Brings the write-ahead log of a file that nobody has open into it, so that the file alone is the database.
///
/// # Errors
/// The file is damaged, or somebody has it open.
pub async fn settle(path: &Path) -> Result<(), Error> {
    let path = path.to_owned();
    blocking(move || {
        let connection = open(&path)?;
        let busy: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(from_rusqlite)?;
        connection.close().map_err(|(_, error)| from_rusqlite(error))?;
        if busy == 0 { Ok(()) } else { Err(unavailable("somebody has the database open")) }
    })
    .await
}

/// The greatest migration that this version of the program knows.
#[must_use]
pub fn known_schema() -> i64 {
    migrate::known()
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    // Made by us: SQLite would let the umask decide who may read it. It takes an empty file for a new one.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(|e| Error::Unavailable(e.into()))?;
    let connection = open(from)?;
    let name = to.to_str().ok_or_else(|| unavailable("the name of the copy is no text"))?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(from_rusqlite)?;
    File::open(to).and_then(|file| file.sync_all()).map_err(|e| Error::Unavailable(e.into()))
}

fn read_facts(connection: &Connection, now: Timestamp) -> rusqlite::Result<Facts> {
    let count = |text: &str| connection.query_row(text, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    let living = "SELECT count(*) FROM sessions WHERE ended_at IS NULL AND absolute_deadline > ?1";
    let hash: Option<Vec<u8>> = connection.query_row("SELECT hash FROM audit_head", [], |row| row.get(0))?;
    Ok(Facts {
        schema: connection.query_row("SELECT max(version) FROM _sqlx_migrations", [], |row| row.get(0))?,
        living_sessions: connection.query_row(living, [micros(now)], |row| row.get::<_, i64>(0))?.unsigned_abs(),
        revocations: count("SELECT seq FROM revocation_head")?,
        audit_seq: count("SELECT seq FROM audit_head")?,
        audit_hash: hash.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default(),
        audit_unsealed: count("SELECT count(*) FROM audit_records WHERE seq IS NULL")?,
    })
}

fn texts(connection: &Connection, text: &str) -> rusqlite::Result<Vec<String>> {
    connection.prepare(text)?.query_map([], |row| row.get(0))?.collect()
}

/// For writing, although little is written: a connection that only reads would leave the files of the write-ahead log behind.
pub(crate) fn open(path: &Path) -> Result<Connection, Error> {
    let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, access);
    let connection = opened.map_err(from_rusqlite)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(from_rusqlite)?;
    Ok(connection)
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(unavailable("the work on the file was cut off")),
    }
}
