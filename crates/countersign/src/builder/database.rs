//! Which database, and what goes with it: the master key, and beside a SQLite file its lock and its journal.

use std::path::PathBuf;
use std::sync::Arc;

use countersign_kernel::{Env, Secret};
use countersign_keys::{MasterKey, Roots};
use countersign_store::Journal;
use countersign_store_sql::{Database, Options, PostgresAddress, SqlStore};

use super::Builder;
use crate::data_dir;
use crate::data_lock::DataLock;
use crate::engine::Custody;
use crate::error::Error;
use crate::journal::{self, FileJournal};

/// Where the database is.
pub(super) enum Place {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Secret<String>, PostgresAddress),
    /// Opened by whoever builds.
    Given,
}

impl Builder {
    /// A directory for the SQLite file and the master key, made with mode 0700 where it does not exist. On PostgreSQL with
    /// [`Builder::master_key`] it is not needed.
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }

    /// The database: `sqlite://PATH`, or `postgres://user:password@host:port/database` for more than one node, which all need the
    /// same master key. Without it, a SQLite file in the data directory.
    pub fn database(mut self, url: impl Into<String>) -> Self {
        self.database = Some(Secret::new(url.into()));
        self
    }

    /// How many connections to PostgreSQL there may be: for transactions, and further ones for the statements of a refresh; 10 and
    /// 6 without it. On SQLite it means nothing.
    pub const fn postgres_connections(mut self, transactions: u32, hot: u32) -> Self {
        self.postgres_connections = Some((transactions, hot));
        self
    }

    /// An opened database, in place of [`Builder::database`]: for tests.
    pub fn store(mut self, store: Arc<SqlStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// The master key, 256 bits as 43 characters of base64url. Without it, a file in the data directory.
    pub fn master_key(mut self, text: Secret<String>) -> Self {
        self.master_key = Some(text);
        self
    }

    /// Whether the database is there, as an earlier start has made it. Makes and changes nothing.
    ///
    /// # Errors
    /// None is named, or the server that it is on cannot be asked.
    pub async fn has_database(&self) -> Result<bool, Error> {
        let database = match self.place()? {
            Place::Sqlite(path) => Database::Sqlite { path },
            Place::Postgres(url, _) => Database::Postgres { url },
            Place::Given => return Ok(true),
        };
        Ok(SqlStore::is_there(&database).await?)
    }

    pub(super) async fn open(&self, env: &Env) -> Result<(Arc<SqlStore>, Custody), Error> {
        match self.place()? {
            Place::Sqlite(file) => self.open_file(file, env).await,
            Place::Postgres(url, address) => self.open_server(url, &address, env).await,
            Place::Given => {
                let master = self.master_key_beside(&PathBuf::new(), env)?;
                let store = self.store.clone().ok_or(Error::Database)?;
                Ok((store, Custody { master, journal: None, lock: None }))
            }
        }
    }

    async fn open_file(&self, file: PathBuf, env: &Env) -> Result<(Arc<SqlStore>, Custody), Error> {
        let master = self.master_key_beside(&file, env)?;
        let lock = DataLock::share(&file)?;
        let beside = journal::beside(&file);
        let store = SqlStore::open(Database::Sqlite { path: file }, env.clone(), Options::default()).await?;
        let journal = FileJournal::start(beside, store.as_ref()).await?;
        store.keep_journal(Arc::clone(&journal) as Arc<dyn Journal>);
        Ok((store, Custody { master, journal: Some(journal), lock: Some(lock) }))
    }

    /// Nodes have no disk in common: there is neither a lock nor a journal. A key is made only where nothing is sealed yet.
    async fn open_server(
        &self,
        url: Secret<String>,
        address: &PostgresAddress,
        env: &Env,
    ) -> Result<(Arc<SqlStore>, Custody), Error> {
        let given = self.given_master_key()?;
        let mut options = Options::default();
        if let Some((transactions, hot)) = self.postgres_connections {
            (options.connections, options.hot_connections) = (transactions, hot);
        }
        let directory = match (&given, &self.data_dir) {
            (Some(_), _) => None,
            (None, Some(directory)) => Some(directory),
            (None, None) => return Err(no_master_key()),
        };
        if let Some(directory) = directory {
            data_dir::prepare(directory)?;
        }
        let store = SqlStore::open(Database::Postgres { url }, env.clone(), options).await?;
        let master = match (given, directory) {
            (Some(master), _) => master,
            (None, Some(directory)) => {
                let is_sealed = Roots::are_made(store.as_ref()).await?;
                data_dir::shared_master_key(directory, address, is_sealed, env)?
            }
            (None, None) => return Err(no_master_key()),
        };
        Ok((store, Custody { master, journal: None, lock: None }))
    }

    fn given_master_key(&self) -> Result<Option<MasterKey>, Error> {
        Ok(self.master_key.as_ref().map(|text| MasterKey::from_text(text.expose())).transpose()?)
    }

    pub(super) fn master_key_beside(&self, file: &std::path::Path, env: &Env) -> Result<MasterKey, Error> {
        if let Some(directory) = &self.data_dir {
            data_dir::prepare(directory)?;
        }
        match (self.given_master_key()?, &self.data_dir) {
            (Some(master), _) => Ok(master),
            (None, Some(directory)) => data_dir::master_key(directory, file, env),
            (None, None) => Err(no_master_key()),
        }
    }

    pub(super) fn place(&self) -> Result<Place, Error> {
        match (&self.database, &self.data_dir) {
            _ if self.store.is_some() => Ok(Place::Given),
            (Some(url), _) if is_postgres(url.expose()) => {
                Ok(Place::Postgres(url.clone(), PostgresAddress::parse(url)?))
            }
            (Some(url), _) => {
                let url = url.expose();
                let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
                let path = path.filter(|p| !p.is_empty() && !p.contains('?'));
                path.map(|path| Place::Sqlite(path.into())).ok_or(Error::Database)
            }
            (None, Some(directory)) => Ok(Place::Sqlite(data_dir::database(directory))),
            (None, None) => Err(Error::Missing(
                "the database",
                "call data_dir with a directory, or database with sqlite://PATH or postgres://…",
            )),
        }
    }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

const fn no_master_key() -> Error {
    Error::Missing("the master key", "call data_dir, or master_key with a key of your own")
}
