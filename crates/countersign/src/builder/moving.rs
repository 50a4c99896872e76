//! Moves the SQLite database that a builder names to PostgreSQL (docs/design/moving.md).
//!
//! Promises: what opens under the master key in the file opens under it in the copy, before the file is closed; the copy's log of
//! revocations and its audit trail are checked; the move is on record.

use std::sync::Arc;

use countersign_audit::{Actor, Event, Record, Trust};
use countersign_kernel::{Env, Origin, RequestId, Secret};
use countersign_keys::{AuditKey, Keyring, MasterKey};
use countersign_store::Store;
use countersign_store_sql::moving::{Copied, MoveError, Moving, revocations_hang_together};
use countersign_store_sql::{Database, OpenError, Options, SqlStore};

use super::Builder;
use super::database::Place;
use crate::data_lock::DataLock;
use crate::error::Error;

/// What became of a move.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// The new database, without user, password and options.
    pub to: String,
    /// What was copied; nothing where an earlier run had copied all and was cut off before its last word.
    pub tables: Vec<Copied>,
    /// For how long nobody could write, in milliseconds.
    pub held_ms: u64,
    /// What is wrong with the audit trail; it was so in the file.
    pub trail_findings: Vec<String>,
}

/// What a move would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovePlan {
    /// The new database, without user, password and options.
    pub to: String,
    /// How many rows there are.
    pub rows: u64,
    /// Whether an earlier run has copied all and was cut off before its last word.
    pub is_almost_done: bool,
}

impl Builder {
    /// Looks whether the SQLite database can be moved to `target`, and changes neither; but for a file of an older version, which
    /// is brought up to date as by every command that opens it.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn plan_move(&self, target: &Secret<String>) -> Result<MovePlan, Error> {
        let env = self.env.clone().unwrap_or_else(Env::system);
        let (file, _master, _lock) = self.movable(&env).await?;
        let mut moving = Moving::begin(&file, target, &env).await?;
        Ok(MovePlan { to: moving.to().to_owned(), rows: moving.rows().await?, is_almost_done: moving.is_closed() })
    }

    /// Moves the SQLite database to `target`, an empty PostgreSQL database, and closes the file. A server may run on it: it cannot
    /// write meanwhile, and stops when the file is closed.
    ///
    /// # Errors
    /// Why not. Where the text does not say otherwise, the file goes on as if nothing had been, and the same call may be made again.
    pub async fn move_to_postgres(&self, target: &Secret<String>) -> Result<Moved, Error> {
        let env = self.env.clone().unwrap_or_else(Env::system);
        let (file, master, _lock) = self.movable(&env).await?;
        let begun = env.now();
        let mut moving = Moving::begin(&file, target, &env).await?;
        let mut moved = Moved { to: moving.to().to_owned(), ..Moved::default() };
        if !moving.is_closed() {
            moved.tables = moving.copy().await?;
        }
        let options = Options { accepts_unfinished: true, connections: 2, hot_connections: 1, ..Options::default() };
        let copy = SqlStore::open(Database::Postgres { url: target.clone() }, env.clone(), options).await?;
        let examined = examine(&copy, &master, &env, (!moving.is_closed()).then_some(&moved)).await;
        copy.close().await;
        moved.trail_findings = examined?;
        moving.finish(env.now()).await?;
        moved.held_ms = env.now().since(begun).as_micros().unsigned_abs() / 1_000;
        Ok(moved)
    }

    /// Opens the SQLite file again that was moved to `target`, where nobody has used that since.
    ///
    /// # Errors
    /// Why not; the file stays closed then.
    pub async fn undo_move(&self, target: &Secret<String>) -> Result<(), Error> {
        let Place::Sqlite(file) = self.place()? else { return Err(Error::NoFile) };
        let _lock = DataLock::share(&file)?;
        Ok(Moving::undo(&file, target).await?)
    }

    /// The file, brought up to date and opened by its master key, and kept from a restore.
    async fn movable(&self, env: &Env) -> Result<(std::path::PathBuf, MasterKey, DataLock), Error> {
        let Place::Sqlite(file) = self.place()? else { return Err(Error::NoFile) };
        if !file.exists() {
            return Err(Error::NoFile);
        }
        let master = self.master_key_beside(&file, env)?;
        let lock = DataLock::share(&file)?;
        match SqlStore::open(Database::Sqlite { path: file.clone() }, env.clone(), Options::default()).await {
            Ok(store) => {
                let checked = Keyring::check(Arc::clone(&store) as Arc<dyn Store>, &master, env).await;
                store.close().await;
                checked?;
            }
            // Perhaps by a run that was cut off: the move itself will tell.
            Err(OpenError::Moved { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok((file, master, lock))
    }
}

/// Opens everything in the copy, checks what is chained, and writes down what was `moved`; what is wrong with the audit trail.
async fn examine(
    copy: &Arc<SqlStore>,
    master: &MasterKey,
    env: &Env,
    moved: Option<&Moved>,
) -> Result<Vec<String>, Error> {
    Keyring::check(Arc::clone(copy) as Arc<dyn Store>, master, env).await?;
    if !revocations_hang_together(copy.as_ref()).await? {
        return Err(MoveError::Different { table: "revocations".to_owned() }.into());
    }
    let key = AuditKey::load_or_make(copy.as_ref(), master, env).await?;
    let verifier = countersign_trail::verifier(copy.as_ref(), &key.verifying_key(), &Trust::default()).await?;
    let report = countersign_trail::check(copy.as_ref(), verifier).await?;
    if let Some(moved) = moved {
        let rows: u64 = moved.tables.iter().map(|table| table.rows).sum();
        let mut tx = copy.begin().await?;
        let origin = Origin::local(RequestId::new(env));
        let record = Record::new(Event::DatabaseMoved, Actor::Operator, &origin, tx.now(), env);
        tx.audit(record.with_name("to", &moved.to).with("rows", rows.to_string()));
        tx.commit().await?;
    }
    Ok(report.findings.iter().map(ToString::to_string).collect())
}
