//! Why a database was not moved.

use countersign_store::Error;

use crate::error::OpenError;

/// Why a database was not moved. The text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    // Whoever asks.
    /// The target has something in it.
    #[error(
        "{to} is not empty: it has the table {table}. A database is moved into an empty one; make one for it, or another schema"
    )]
    NotEmpty {
        /// The target.
        to: String,
        /// One of the tables that are there.
        table: String,
    },
    /// The target is the unfinished copy of another installation.
    #[error("{to} is the unfinished copy of another database: move into an empty one")]
    OtherSource {
        /// The target.
        to: String,
    },
    /// The file was moved before.
    #[error("the file was moved to {to} and is closed: nothing is left to be done")]
    AlreadyMoved {
        /// Where to.
        to: String,
    },
    /// The file is not closed.
    #[error("the file has not been moved: it is open to a server as it is")]
    NotMoved,
    /// The target is not the database that the file was moved to.
    #[error("that is not the database that the file was moved to")]
    NotThere,
    /// The target has been written to since.
    #[error(
        "the PostgreSQL database has been used since the move ({table} has changed): the file does not know what was signed out, \
         changed and revoked there. To go back all the same, restore a backup with --end-all-sessions"
    )]
    HasLived {
        /// What has changed first.
        table: String,
    },
    /// The clocks are too far apart.
    #[error(
        "the clock of the PostgreSQL server is {seconds} s ahead of this machine's (behind where negative): set both right first, \
         for what was signed by the one is judged by the other"
    )]
    Clocks {
        /// How far.
        seconds: i64,
    },
    /// All is copied and the file is closed, and the last word to the target did not get through.
    #[error(
        "everything is copied and the file is closed, but {to} does not know yet: run the same command again, which does the rest"
    )]
    AlmostDone {
        /// The target.
        to: String,
        /// Why not.
        #[source]
        source: Box<MoveError>,
    },
    /// Somebody else is just moving into the target.
    #[error("another move into this database is under way")]
    Busy,
    /// The target is no PostgreSQL database that is understood.
    #[error("the tables of the two engines are not alike: {0}")]
    Shape(String),
    /// A value that PostgreSQL cannot keep, or that no version of the program has written.
    #[error("a row of {table} has a value in {column} that cannot be moved: {why}")]
    Value {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The copy is not what was copied.
    #[error("the copy of {table} is not what is in the file: nothing was moved")]
    Different {
        /// The table.
        table: String,
    },

    // The machine.
    /// It was cut off in the middle.
    #[error("the move was cut off")]
    CutOff,
    /// One of the databases failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// The target could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}
