//! The store: opens an engine, begins transactions, and holds those who are told of commits.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use countersign_kernel::{Env, SessionId, Timestamp, UserId};
use countersign_store::{
    Committed, Error, Hot, Journal, Notices, Observer, PasswordHash, RefreshWrite, RevocationHead, Session, Store, Tx,
    User,
};

use crate::clock::DatabaseClock;
use crate::engine::change;
use crate::error::OpenError;
use crate::hot;
use crate::measure::{Readings, Step};
use crate::open::{Database, Durability, Options};
use crate::postgres::{self, Postgres, RevocationListener};
use crate::shared::Shared;
use crate::sqlite::Sqlite;
use crate::tx::{Mode, SqlTx};

/// A database of either engine.
pub struct SqlStore {
    engine: Engine,
    shared: Arc<Shared>,
}

enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl SqlStore {
    /// Opens a database, makes it where it is a file that does not exist, and brings it up to date.
    ///
    /// Must be called within a tokio runtime with time and, for PostgreSQL, network.
    ///
    /// # Errors
    /// [`OpenError`]; a database written by a newer version is refused and left as it is.
    pub async fn open(database: Database, env: Env, options: Options) -> Result<Arc<Self>, OpenError> {
        Self::open_with(database, env, options, Durability::Real).await
    }

    pub(crate) async fn open_with(
        database: Database,
        env: Env,
        options: Options,
        durability: Durability,
    ) -> Result<Arc<Self>, OpenError> {
        let shared = Arc::new(Shared::new(DatabaseClock::new(env, options.clock)));
        let groups = Arc::clone(&shared.measures.groups);
        let engine = match &database {
            Database::Sqlite { path } => {
                let shared = Arc::clone(&shared);
                let tell = Box::new(move |committed: &Committed| shared.tell(committed));
                Engine::Sqlite(Sqlite::open(path, &options, durability, groups, tell).await?)
            }
            Database::Postgres { url } => Engine::Postgres(Postgres::open(url, &options).await?),
        };
        let store = Self { engine, shared };
        store.measure_clock().await?;
        Ok(Arc::new(store))
    }

    /// Whether there is such a database: a file, or migrations that were run. Makes and changes nothing.
    ///
    /// # Errors
    /// [`OpenError`]; the server cannot be asked.
    pub async fn is_there(database: &Database) -> Result<bool, OpenError> {
        match database {
            Database::Sqlite { path } => Ok(path.exists()),
            Database::Postgres { url } => postgres::is_made(url).await,
        }
    }

    /// Keeps a journal from now on. A second one takes the place of the first.
    pub fn keep_journal(&self, journal: Arc<dyn Journal>) {
        self.shared.keep_journal(journal);
    }

    /// Writes a notice for each record that asks for one, in the transaction of the record, from now on.
    pub fn write_notices(&self, notices: Arc<dyn Notices>) {
        self.shared.write_notices(notices);
    }

    /// The file; none where the database is a server's.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.engine {
            Engine::Sqlite(sqlite) => Some(&sqlite.path),
            Engine::Postgres(_) => None,
        }
    }

    /// What has been measured, for metrics.
    #[must_use]
    pub fn readings(&self) -> Readings {
        let steps = self.shared.measures.read();
        match &self.engine {
            Engine::Sqlite(sqlite) => Readings {
                steps,
                groups: Some(self.shared.measures.groups.read()),
                waiting_writes: Some(sqlite.hot_writer.waiting()),
                pools: sqlite.pools(),
            },
            Engine::Postgres(postgres) => {
                Readings { steps, groups: None, waiting_writes: None, pools: postgres.pools() }
            }
        }
    }

    /// Measures how far the server's clock is ahead of this process's: once a minute is enough. Does nothing on SQLite.
    ///
    /// # Errors
    /// Those of [`Store::ping`]; the last measure then stays in force.
    pub async fn measure_clock(&self) -> Result<(), Error> {
        match &self.engine {
            Engine::Postgres(postgres) if self.shared.clock.asks_server() => postgres.measure(&self.shared.clock).await,
            Engine::Postgres(_) | Engine::Sqlite(_) => Ok(()),
        }
    }

    /// What hears at once that another process has revoked something; none on SQLite, which has no other.
    #[must_use]
    pub fn revocation_listener(&self) -> Option<RevocationListener> {
        match &self.engine {
            Engine::Sqlite(_) => None,
            Engine::Postgres(postgres) => Some(postgres.listener()),
        }
    }

    /// Whether the last write that could tell got through: reads may go on where a disk is full or a lock is held. Says what
    /// was last seen and asks nobody; [`SqlStore::try_write`] asks.
    #[must_use]
    pub fn takes_writes(&self) -> bool {
        !self.shared.writes_fail()
    }

    /// Whether the file was moved to a server meanwhile, and takes no writes any more. Never where the database is a server's.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn is_moved(&self) -> Result<bool, Error> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.hot_readers.is_moved(),
            Engine::Postgres(_) => Ok(false),
        }
    }

    /// Writes a row as it is, to see whether writes get through again.
    ///
    /// # Errors
    /// Those of any transaction.
    pub async fn try_write(&self) -> Result<(), Error> {
        let mut tx = self.begin_to_write().await?;
        change!(tx, "UPDATE revocation_head SET seq = seq")?;
        tx.finish().await
    }

    async fn begin_to_write(&self) -> Result<SqlTx, Error> {
        let begun = match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.begin().await.map(|connection| (connection, self.shared.clock.now())),
            Engine::Postgres(postgres) => postgres.begin(&self.shared.clock).await,
        };
        if begun.is_err() {
            self.shared.note_write(&begun);
        }
        let (connection, now) = begun?;
        Ok(SqlTx::new(connection, Arc::clone(&self.shared), Mode::Write, now))
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn begin(&self) -> Result<Box<dyn Tx>, Error> {
        let opened = self.shared.measured(Step::Begin, self.begin_to_write()).await?;
        Ok(Box::new(opened))
    }

    async fn snapshot(&self) -> Result<Box<dyn Tx>, Error> {
        let opened = async {
            match &self.engine {
                Engine::Sqlite(sqlite) => Ok((sqlite.snapshot().await?, self.shared.clock.now())),
                Engine::Postgres(postgres) => postgres.snapshot(&self.shared.clock).await,
            }
        };
        let (connection, now) = self.shared.measured(Step::Snapshot, opened).await?;
        Ok(Box::new(SqlTx::new(connection, Arc::clone(&self.shared), Mode::Read, now)))
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    async fn heads(&self) -> Result<(RevocationHead, u64), Error> {
        let asked = async {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.hot_readers.heads(),
                Engine::Postgres(postgres) => hot::postgres::heads(&postgres.hot).await,
            }
        };
        self.shared.measured(Step::Heads, asked).await
    }

    fn observe(&self, observer: Arc<dyn Observer>) {
        self.shared.observe(observer);
    }

    async fn ping(&self) -> Result<(), Error> {
        self.heads().await.map(drop)
    }

    async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close().await,
        }
    }
}

impl SqlStore {
    /// An ending must be on disk before the answer: the hot path is not for it.
    async fn write_ending(&self, write: &RefreshWrite) -> Result<Option<User>, Error> {
        let mut tx = self.begin().await?;
        let written = tx.write_refresh(write).await?;
        let session = if written { tx.find_session(write.id).await? } else { None };
        let user = match session {
            Some(session) => tx.find_user(session.user).await?,
            None => None,
        };
        tx.commit().await?;
        Ok(user)
    }
}

/// What waits for PostgreSQL is on the heap: else every read of SQLite, which waits for nothing, would carry some kilobytes about.
#[async_trait]
impl Hot for SqlStore {
    async fn find_session_and_user(&self, id: SessionId) -> Result<Option<(Session, User)>, Error> {
        let read = async {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.hot_readers.session_and_user(id),
                Engine::Postgres(postgres) => Box::pin(hot::postgres::session_and_user(&postgres.hot, id)).await,
            }
        };
        self.shared.measured(Step::HotRead, read).await
    }

    async fn write_refresh_and_find_user(&self, write: &RefreshWrite) -> Result<Option<User>, Error> {
        if write.row.ended.is_some() {
            return Box::pin(self.write_ending(write)).await;
        }
        let writing = async {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.hot_writer.write(write).await,
                Engine::Postgres(postgres) => Box::pin(hot::postgres::write(&postgres.hot, write)).await,
            }
        };
        let written = self.shared.measured(Step::HotWrite, writing).await;
        self.shared.note_write(&written);
        written
    }

    async fn find_user_now(&self, id: UserId) -> Result<Option<User>, Error> {
        let read = async {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.hot_readers.user(id),
                Engine::Postgres(postgres) => Box::pin(hot::postgres::user(&postgres.hot, id)).await,
            }
        };
        self.shared.measured(Step::HotRead, read).await
    }

    async fn find_user_and_password(&self, email_key: &str) -> Result<Option<(User, Option<PasswordHash>)>, Error> {
        let read = async {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.hot_readers.user_and_password(email_key),
                Engine::Postgres(postgres) => {
                    Box::pin(hot::postgres::user_and_password(&postgres.hot, email_key)).await
                }
            }
        };
        self.shared.measured(Step::HotRead, read).await
    }
}
