//! Why a backup could not be made or put back.

use std::io;
use std::path::{Path, PathBuf};

/// Nothing was made or replaced. The text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    // Whoever asks.
    /// The database is a server's.
    #[error(
        "only a SQLite database is backed up by this command; PostgreSQL has pg_dump and point-in-time recovery, \
         and after going back in time every session should be ended"
    )]
    NotSqlite,
    /// There is a file of that name.
    #[error("{} is there already; choose another name", .0.display())]
    Exists(PathBuf),
    /// The file is something else.
    #[error("{} is not a backup of countersign", .0.display())]
    NotABackup(PathBuf),
    /// The backup is not what it was when it was made.
    #[error("{} cannot be used: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The backup was made by a newer version.
    #[error(
        "the backup has migration {found} and this version knows those up to {known}: use the version that made it"
    )]
    Newer {
        /// The greatest migration in the backup.
        found: i64,
        /// The greatest that this program knows.
        known: i64,
    },
    /// Somebody has the database open.
    #[error("{} is in use by a running server or command; stop it first", .0.display())]
    InUse(PathBuf),
    /// The master key is not there, and the backup does not bring it.
    #[error(
        "the backup is sealed under the master key {fingerprint}, which is not here: put it into {} with mode 0600 or \
         give it as MASTER_KEY", file.display()
    )]
    MasterKeyMissing {
        /// What tells the key from others.
        fingerprint: String,
        /// Where it could be.
        file: PathBuf,
    },
    /// Another master key is there.
    #[error(
        "the backup is sealed under the master key {wanted}, and the one here is {found}: put the right one in its place"
    )]
    OtherMasterKey {
        /// That of the backup.
        wanted: String,
        /// The one that is here.
        found: String,
    },
    /// The journal lacks sign-outs that were made after the backup.
    #[error(
        "the journal of sign-outs at {} does not reach back to the backup: numbers {first} to {last} are not in it; \
         only ending all sessions is safe", path.display()
    )]
    Gap {
        /// The journal.
        path: PathBuf,
        /// The first that is missing.
        first: u64,
        /// The last that is missing.
        last: u64,
    },
    /// There is no journal there.
    #[error("there is no journal of sign-outs at {}", .0.display())]
    NoJournal(PathBuf),

    // The machine.
    /// A file could not be read or written.
    #[error("could not use {}{}", path.display(), room(source))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database could not be copied.
    #[error(
        "could not copy the database into {}: is there room? It takes twice the {} MB of the database for a moment",
        folder.display(), bytes.div_ceil(1_000_000)
    )]
    Copy {
        /// Where.
        folder: PathBuf,
        /// How much there is to copy.
        bytes: u64,
        /// Why.
        #[source]
        source: countersign_store::Error,
    },
    /// The database failed.
    #[error("the copy of the database failed")]
    Store(#[from] countersign_store::Error),
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] countersign_store_sql::OpenError),
    /// What is sealed in it does not open.
    #[error(transparent)]
    Keys(#[from] countersign_keys::Error),
    /// The audit trail could not be read.
    #[error(transparent)]
    Trail(#[from] countersign_trail::Error),
    /// The data directory cannot be used.
    #[error(transparent)]
    Data(Box<crate::error::Error>),
}

impl BackupError {
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.into() }
    }
}

impl From<crate::error::Error> for BackupError {
    fn from(error: crate::error::Error) -> Self {
        Self::Data(Box::new(error))
    }
}

/// What helps where there is no room.
fn room(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; a backup needs twice the room of the database for a moment; free some, or choose another place"
        }
        _ => "",
    }
}
