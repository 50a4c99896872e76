//! What to open, and how.

use std::time::Duration;

use std::path::PathBuf;

use countersign_kernel::Secret;

use crate::clock::ClockSource;

/// Which database.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file of SQLite's. Made, with mode 0600, where it does not exist; its folder must.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// A PostgreSQL server, version 15 or later.
    Postgres {
        /// `postgres://user:password@host:port/database`, with the usual options.
        url: Secret<String>,
    },
}

/// How to open it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whose clock is believed.
    pub clock: ClockSource,
    /// SQLite: connections for transactions that only read. 1 at least.
    pub readers: u32,
    /// SQLite: connections for the single reads of the hot path; about one a core. 1 at least.
    pub hot_readers: u32,
    /// PostgreSQL: connections for transactions. 1 at least.
    pub connections: u32,
    /// PostgreSQL: further connections for the statements of the hot path. 1 at least.
    pub hot_connections: u32,
    /// PostgreSQL: also a database that is the unfinished copy of another one. For whoever finishes it.
    pub accepts_unfinished: bool,
}

/// Whether commits on SQLite reach the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// As DESIGN section 8 says.
    Real,
    /// The operating system may keep them: for tests alone.
    #[cfg(feature = "testing")]
    None,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: ClockSource::default(),
            readers: 2,
            hot_readers: 4,
            connections: 10,
            hot_connections: 6,
            accepts_unfinished: false,
        }
    }
}

/// How long anyone waits for the lock, or for the disk, before the database counts as unavailable.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
