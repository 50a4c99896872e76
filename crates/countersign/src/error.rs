//! Why an [`Auth`](crate::Auth) could not be built.

use std::path::PathBuf;

use crate::public_url::PublicUrlError;

/// Nothing was built. The text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // Whoever builds.
    /// A setting that has no default is missing.
    #[error("{0} is missing: {1}")]
    Missing(&'static str, &'static str),
    /// The public URL cannot be served by.
    #[error("the public URL {0:?} cannot be used: {1}")]
    PublicUrl(String, #[source] PublicUrlError),
    /// The database is named in a way that this version does not know.
    #[error("the database must be named as sqlite://PATH or postgres://user:password@host:port/database")]
    Database,
    /// Valkey is named in a way that nobody can connect to.
    #[error("the address of Valkey cannot be used: {0}")]
    Valkey(#[from] countersign_valkey::AddressError),
    /// A setting of the HTTP floor cannot be served by.
    #[error(transparent)]
    Http(#[from] countersign_http::SettingsError),
    /// Password hashing is weaker than allowed, or does not fit its memory.
    #[error("passwords: {0}")]
    Passwords(String),
    /// The filter of breached passwords cannot be used.
    #[error("the filter of breached passwords {} {source}", path.display())]
    BreachedFilter {
        /// The file.
        path: PathBuf,
        /// Why.
        source: countersign_password::FilterError,
    },
    /// Stored password hashes need peppers that are not configured: id, and how many hashes.
    #[error(
        "stored password hashes need peppers that are not configured, by id and number of hashes: {0}; give each as \
         PASSWORDS__PEPPER, or in PASSWORDS__PEPPER_PREVIOUS if it is no longer today's; if nobody has it any more, name its \
         id in PASSWORDS__PEPPER_LOST, and let those people reset their passwords"
    )]
    PeppersMissing(String),
    /// A table of addresses cannot be read or is damaged.
    #[cfg(feature = "geo")]
    #[error(transparent)]
    Geo(#[from] countersign_geo::Error),
    /// The data directory is open to other users of the machine.
    #[error("{} is open to other users of this machine; run: chmod {mode} {}", path.display(), path.display())]
    Exposed {
        /// What is open.
        path: PathBuf,
        /// The mode it should have.
        mode: &'static str,
    },
    /// The database exists, and the key that sealed what is in it does not.
    #[error(
        "{} exists, but the master key {} does not: put the key back or give it as MASTER_KEY; \
         without it nothing in the database that is sealed can be opened",
        database.display(), key.display()
    )]
    MasterKeyMissing {
        /// The database.
        database: PathBuf,
        /// Where the key should be.
        key: PathBuf,
    },
    /// Another node has sealed what is in the database, and this one has no key at all.
    #[error(
        "{database} holds what was sealed by another node, and this one has no master key: give it the MASTER_KEY of the others,          or copy their master.key to {} (mode 600); nothing has been changed",
        key.display()
    )]
    SharedMasterKeyMissing {
        /// The database, without its password.
        database: String,
        /// Where the key should be.
        key: PathBuf,
    },
    /// A backup is just being put back.
    #[error("a backup is being put in the place of {}; try again when it is done", .0.display())]
    Restoring(PathBuf),
    /// There is no SQLite database to move.
    #[error("there is no SQLite database there to be moved")]
    NoFile,
    /// The database was or could not be moved.
    #[error(transparent)]
    Move(#[from] countersign_store_sql::moving::MoveError),
    /// The database was moved to a server while this process had it open.
    #[error("the database was moved to PostgreSQL and is closed: this process must start on that one")]
    Moved,
    /// A file of the data directory could not be read or made.
    #[error("could not use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Mail cannot be sent as it is set up.
    #[error("mail: {0}")]
    Mail(#[from] countersign_mail::Error),
    /// Addresses are to be confirmed, and no mail is sent.
    #[error(
        "addresses cannot be confirmed without mail: say how it is sent (MAIL__SMTP_URL or MAIL__DIRECTORY), or do not ask for it"
    )]
    NoMail,
    /// Text that is not a master key, or sealed rows that it does not open.
    #[error(transparent)]
    Keys(#[from] countersign_keys::Error),

    // Ours.
    /// The table of addresses has changed and cannot be read; what was known before stays in force.
    #[error("the table of addresses was not read again: {0}")]
    Table(#[source] std::io::Error),
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] countersign_store_sql::OpenError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] countersign_store::Error),
    /// The session floor could not start.
    #[error(transparent)]
    Session(#[from] countersign_session::Error),
    /// The account floor failed.
    #[error(transparent)]
    Account(#[from] countersign_account::Error),
    /// The audit trail failed.
    #[error(transparent)]
    Trail(#[from] countersign_trail::Error),
}

impl From<countersign_keys::MasterKeyError> for Error {
    fn from(error: countersign_keys::MasterKeyError) -> Self {
        Self::Keys(error.into())
    }
}
