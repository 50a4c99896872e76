//! Databases that vanish with their guard, for tests of the floors above.

use std::sync::Arc;

use countersign_kernel::{Env, Secret};
use tempfile::TempDir;

use crate::clock::ClockSource;
use crate::error::OpenError;
use crate::open::{Database, Durability, Options};
use crate::store::SqlStore;

/// Keeps a temporary database. Dropped, it takes the files with it.
#[derive(Debug)]
pub struct Temporary {
    folder: TempDir,
}

impl Temporary {
    /// The file, for a second process or connection.
    #[must_use]
    pub fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("countersign.db")
    }

    /// A new folder without a database.
    ///
    /// # Errors
    /// [`OpenError::File`] where there is no room for one.
    pub fn new() -> Result<Self, OpenError> {
        let folder = tempfile::Builder::new().prefix("countersign-").tempdir();
        let folder = folder.map_err(|source| OpenError::File { path: std::env::temp_dir(), source })?;
        Ok(Self { folder })
    }
}

impl SqlStore {
    /// A new SQLite database with every migration run, in a folder that goes with the guard. Commits are not pushed to the
    /// disk: a test needs nothing to outlive the machine.
    ///
    /// # Errors
    /// Those of [`SqlStore::open`].
    pub async fn temporary(env: Env) -> Result<(Arc<Self>, Temporary), OpenError> {
        let guard = Temporary::new()?;
        let database = Database::Sqlite { path: guard.path() };
        let store = Self::open_with(database, env, Options::default(), Durability::None).await?;
        Ok((store, guard))
    }

    /// The database of this guard in another process, or in the next one.
    ///
    /// # Errors
    /// Those of [`SqlStore::open`].
    pub async fn beside(guard: &Temporary, env: Env) -> Result<Arc<Self>, OpenError> {
        let database = Database::Sqlite { path: guard.path() };
        Self::open_with(database, env, Options::default(), Durability::None).await
    }

    /// A PostgreSQL database whose clock is the test's.
    ///
    /// # Errors
    /// Those of [`SqlStore::open`].
    pub async fn on_test_clock(url: Secret<String>, env: Env) -> Result<Arc<Self>, OpenError> {
        let options = Options { clock: ClockSource::Env, connections: 6, hot_connections: 4, ..Options::default() };
        Self::open(Database::Postgres { url }, env, options).await
    }
}
