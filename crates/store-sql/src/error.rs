//! Why a database could not be opened, and what an engine's failure means to the floors above.

use std::path::PathBuf;

use countersign_store::Error;
use rusqlite::ffi::{SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A newer version of the program has written it. Nothing was changed.
    #[error(
        "the database was written by a newer version of this program: it has migration {found}, this version knows \
         those up to {known}"
    )]
    Newer {
        /// The greatest migration in the database.
        found: i64,
        /// The greatest that this program knows.
        known: i64,
    },
    /// It has a migration of ours with another text, or one that we never had: not our database, or meddled with.
    #[error("migration {0} of the database is not the one that this program knows")]
    Foreign(i64),
    /// A migration did not run; the database is as it was before.
    #[error("could not bring the database up to date")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The address of the database cannot be read.
    #[error("the address of the database is not valid: {0}")]
    Address(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file could not be made.
    #[error("could not create the database file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The file was moved to a server, and lives there.
    #[error(
        "{} was moved to {to} and is closed: start on that with DATABASE. Where the move was not finished, run `countersign migrate` \
         again; where nobody has used {to} yet, `countersign migrate --undo` opens the file again", path.display()
    )]
    Moved {
        /// The file.
        path: PathBuf,
        /// Where to.
        to: String,
    },
    /// The database is a copy that was not finished.
    #[error(
        "the database is the unfinished copy of a SQLite file: run `countersign migrate` again, which finishes it or begins anew; \
         until then the file is the database"
    )]
    Unfinished,
    /// The database cannot be reached or refused a statement.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Translates a failure of sqlx.
pub(crate) fn from_sqlx(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default().into_owned();
            // PostgreSQL's codes have five characters, SQLite's are at most four digits.
            let kind = match code.parse::<i32>() {
                Ok(number) if code.len() < 5 => Kind::of_sqlite(number),
                _ => Kind::of_postgres(&code),
            };
            kind.with(error)
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_) => Kind::Unavailable.with(error),
        _ => Kind::Refused.with(error),
    }
}

/// A failure of either driver, or one that is translated already.
#[derive(Debug)]
pub(crate) enum Failure {
    Sqlx(sqlx::Error),
    Rusqlite(rusqlite::Error),
    Store(Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlx(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Rusqlite(error)
    }
}

/// Translates a failure of either driver.
pub(crate) fn from_driver(failure: Failure) -> Error {
    match failure {
        Failure::Sqlx(error) => from_sqlx(error),
        Failure::Rusqlite(error) => from_rusqlite(error),
        Failure::Store(error) => error,
    }
}

/// Whether somebody else has the lock.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

/// Translates a failure of rusqlite.
pub(crate) fn from_rusqlite(error: rusqlite::Error) -> Error {
    match &error {
        rusqlite::Error::SqliteFailure(failure, _) => Kind::of_sqlite(failure.extended_code).with(error),
        _ => Kind::Refused.with(error),
    }
}

/// A row that another transaction has taken away between this one's read and its write: trying again finds it gone.
pub(crate) fn lost_reference(failure: Failure) -> Error {
    match failure {
        Failure::Sqlx(error) if error.as_database_error().is_some_and(|error| error.is_foreign_key_violation()) => {
            Error::Conflict(Box::new(error))
        }
        Failure::Rusqlite(error) if has_code(&error, &[SQLITE_CONSTRAINT_FOREIGNKEY]) => {
            Error::Conflict(Box::new(error))
        }
        other => from_driver(other),
    }
}

/// A value that must be there once, which another transaction has written between this one's look and its write: trying again
/// finds it taken.
pub(crate) fn taken_meanwhile(failure: Failure) -> Error {
    match failure {
        Failure::Sqlx(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => {
            Error::Conflict(Box::new(error))
        }
        Failure::Rusqlite(error) if has_code(&error, &[SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY]) => {
            Error::Conflict(Box::new(error))
        }
        other => from_driver(other),
    }
}

/// Whether SQLite's extended code is one of these.
pub(crate) fn has_code(error: &rusqlite::Error, codes: &[i32]) -> bool {
    error.sqlite_error().is_some_and(|error| codes.contains(&error.extended_code))
}

/// A refusal of our own, where the engine was not asked.
pub(crate) fn refused(why: &'static str) -> Error {
    Error::Refused(why.into())
}

/// The database cannot be used, for a reason of our own.
pub(crate) fn unavailable(why: &'static str) -> Error {
    Error::Unavailable(why.into())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unavailable,
    Conflict,
    ReadOnly,
    Refused,
}

impl Kind {
    fn with(self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        match self {
            Self::Unavailable => Error::Unavailable(error.into()),
            Self::Conflict => Error::Conflict(error.into()),
            Self::ReadOnly => Error::ReadOnly,
            Self::Refused => Error::Refused(error.into()),
        }
    }

    /// An extended result code; its low byte is the primary one.
    const fn of_sqlite(code: i32) -> Self {
        match code & 0xff {
            // Plain SQLITE_READONLY is what `query_only` says; its extended forms mean a file that cannot be written.
            8 if code == 8 => Self::ReadOnly,
            // SQLITE_CONSTRAINT_TRIGGER: the fence around a file that was moved, the only triggers there are.
            19 if code == 1811 => Self::Unavailable,
            // BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN.
            5..=10 | 13 | 14 => Self::Unavailable,
            _ => Self::Refused,
        }
    }

    /// An SQLSTATE (PostgreSQL 15, appendix A).
    fn of_postgres(code: &str) -> Self {
        match code {
            "40001" | "40P01" => Self::Conflict,
            // A write in a snapshot is refused before any engine is asked: a server that says so is a standby that is not promoted
            // yet, or one that has been closed to writes. Lock timeout; a session that was idle in its transaction for too long.
            "25006" | "55P03" | "25P03" => Self::Unavailable,
            // Connection, resources, operator intervention with the statement timeout, system.
            _ if ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => Self::Unavailable,
            _ => Self::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_codes_say_whether_trying_again_helps() {
        for (code, kind) in [
            (5, Kind::Unavailable),             // BUSY
            (517, Kind::Unavailable),           // BUSY_SNAPSHOT
            (13, Kind::Unavailable),            // FULL
            (10 | (3 << 8), Kind::Unavailable), // IOERR_WRITE
            (8, Kind::ReadOnly),                // READONLY
            (8 | (4 << 8), Kind::Unavailable),  // READONLY_DBMOVED
            (1811, Kind::Unavailable),          // CONSTRAINT_TRIGGER
            (787, Kind::Refused),               // CONSTRAINT_FOREIGNKEY
            (1, Kind::Refused),                 // ERROR
            (11, Kind::Refused),                // CORRUPT
        ] {
            assert_eq!(Kind::of_sqlite(code), kind, "{code}");
        }
    }

    #[test]
    fn postgres_codes_say_whether_trying_again_helps() {
        for (code, kind) in [
            ("40001", Kind::Conflict),
            ("40P01", Kind::Conflict),
            ("25006", Kind::Unavailable),
            ("53100", Kind::Unavailable),
            ("57014", Kind::Unavailable),
            ("57P01", Kind::Unavailable),
            ("08006", Kind::Unavailable),
            ("55P03", Kind::Unavailable),
            ("23505", Kind::Refused),
            ("42601", Kind::Refused),
        ] {
            assert_eq!(Kind::of_postgres(code), kind, "{code}");
        }
    }
}
