//! The PostgreSQL side of a move.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use countersign_kernel::{Secret, Timestamp};
use countersign_store::Error;
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::sync::mpsc;
use tokio::time::timeout;
use uuid::Uuid;

use super::error::MoveError;
use super::fence::installation_of;
use super::table::{AUDIT_RECORDS, MIGRATIONS, Table, finished, quoted};
use crate::error::{from_sqlx, unavailable};
use crate::mark::{TARGET_MARK, is_unfinished};
use crate::migrate;
use crate::postgres;

/// One move at a time into a schema: an advisory lock of this number, which goes with the connection.
const LOCK: i32 = 0x636f_756e;

/// The file is closed as soon as the copy is committed: it must have reached the server's disk, also where that asks this of nobody.
const DURABLE: &str =
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// How long the server may take for a piece of a table, or for one of the other steps.
const PATIENCE: Duration = Duration::from_secs(300);

/// A connection of its own: what it does takes longer than any statement of a server may.
pub(super) struct Target {
    connection: PgConnection,
    installation: [u8; 32],
}

/// What is in a target.
pub(super) enum Found {
    /// Nothing of ours.
    Nothing,
    /// A copy that was not finished.
    Unfinished { id: Uuid, is_ours: bool },
    /// Something else.
    Something { table: String },
}

impl Target {
    /// Connects, and keeps others from moving into it.
    pub(super) async fn connect(url: &Secret<String>, installation: [u8; 32]) -> Result<Self, MoveError> {
        let mut connection = postgres::connect_alone(url).await?;
        // A run that was cut off a moment ago may not be missed by the server yet.
        connection.execute("SET lock_timeout = '2s'").await.map_err(from_sqlx)?;
        let lock = sqlx::query("SELECT pg_advisory_lock($1, hashtext(current_schema()))").bind(LOCK);
        match lock.execute(&mut connection).await {
            Ok(_) => {}
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55P03") => {
                return Err(MoveError::Busy);
            }
            Err(error) => return Err(from_sqlx(error).into()),
        }
        connection.execute("SET lock_timeout = 0").await.map_err(from_sqlx)?;
        connection.execute(DURABLE).await.map_err(from_sqlx)?;
        Ok(Self { connection, installation })
    }

    /// What time it is there.
    pub(super) async fn clock(&mut self) -> Result<Timestamp, MoveError> {
        let micros: i64 =
            sqlx::query_scalar(postgres::CLOCK).fetch_one(&mut self.connection).await.map_err(from_sqlx)?;
        Ok(Timestamp::from_micros(micros))
    }

    /// What is there, of what has a name that we would use.
    pub(super) async fn look(&mut self, tables: &[Table]) -> Result<Found, MoveError> {
        if is_unfinished(&mut self.connection).await? {
            let read = sqlx::query_as("SELECT move_id, installation FROM unfinished_move");
            let found: Option<(Uuid, Vec<u8>)> = read.fetch_optional(&mut self.connection).await.map_err(from_sqlx)?;
            let (id, installation) = found.unwrap_or_default();
            return Ok(Found::Unfinished { id, is_ours: installation == self.installation });
        }
        let names = tables.iter().map(|table| table.name.as_str()).chain([MIGRATIONS]);
        for name in names {
            let there = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(quoted(name));
            if there.fetch_one(&mut self.connection).await.map_err(from_sqlx)? {
                return Ok(Found::Something { table: name.to_owned() });
            }
        }
        Ok(Found::Nothing)
    }

    /// Marks it as unfinished, brings its tables up to date, begins the transaction of the copy, and empties them.
    pub(super) async fn prepare(&mut self, id: Uuid, tables: &[Table]) -> Result<(), MoveError> {
        self.mark(id).await?;
        migrate::postgres(&mut self.connection).await?;
        self.compare_columns(tables).await?;
        self.run("BEGIN".to_owned()).await?;
        // Also of what migrations have put there, and of what an earlier copy has left.
        let names = tables.iter().map(|table| quoted(&table.name)).collect::<Vec<_>>().join(", ");
        self.run(format!("TRUNCATE {names}")).await
    }

    /// Writes a table; how many rows it then has.
    pub(super) async fn write(&mut self, table: &Table, mut chunks: mpsc::Receiver<Vec<u8>>) -> Result<u64, MoveError> {
        let text = format!("COPY {} ({}) FROM STDIN (FORMAT binary)", quoted(&table.name), table.list());
        let mut copying = self.connection.copy_in_raw(&text).await.map_err(from_sqlx)?;
        while let Some(chunk) = chunks.recv().await {
            match timeout(PATIENCE, copying.send(chunk)).await {
                Ok(sent) => drop(sent.map_err(from_sqlx)?),
                Err(_) => return Err(silent()),
            }
        }
        match timeout(PATIENCE, copying.finish()).await {
            Ok(rows) => Ok(rows.map_err(from_sqlx)?),
            Err(_) => Err(silent()),
        }
    }

    /// Commits the copy, and lets the server learn what it has: before it does, its plans are guesses.
    pub(super) async fn commit(&mut self, tables: &[Table]) -> Result<(), MoveError> {
        self.run("COMMIT".to_owned()).await?;
        for table in tables {
            self.run(format!("ANALYZE {}", quoted(&table.name))).await?;
        }
        Ok(())
    }

    /// The hash of a table, as it comes back.
    pub(super) async fn digest(&mut self, table: &Table) -> Result<[u8; 32], MoveError> {
        let (columns, name, order) = (table.list(), quoted(&table.name), table.order(" COLLATE \"C\""));
        let text = format!("COPY (SELECT {columns} FROM {name} ORDER BY {order}) TO STDOUT (FORMAT binary)");
        let mut rows = self.connection.copy_out_raw(&text).await.map_err(from_sqlx)?;
        let mut digest = Context::new(&SHA256);
        loop {
            match timeout(PATIENCE, rows.try_next()).await {
                Ok(Ok(Some(chunk))) => digest.update(&chunk),
                Ok(Ok(None)) => return Ok(finished(digest)),
                Ok(Err(error)) => return Err(from_sqlx(error).into()),
                Err(_) => return Err(silent()),
            }
        }
    }

    /// How many audit records it has.
    pub(super) async fn audit_records(&mut self) -> Result<u64, MoveError> {
        let text = AssertSqlSafe(format!("SELECT count(*) FROM {AUDIT_RECORDS}"));
        let count: i64 = sqlx::query_scalar(text).fetch_one(&mut self.connection).await.map_err(from_sqlx)?;
        Ok(count.unsigned_abs())
    }

    /// Marks a finished target as unfinished again; one that is the work of this move alone.
    pub(super) async fn mark_again(&mut self, id: Uuid, tables: &[Table]) -> Result<(), MoveError> {
        match self.look(tables).await? {
            Found::Something { .. } if self.is_ours().await? => self.mark(id).await,
            Found::Unfinished { id: found, .. } if found == id => Ok(()),
            _ => Err(MoveError::NotThere),
        }
    }

    /// Whether the roots that it has are those of the file.
    async fn is_ours(&mut self) -> Result<bool, MoveError> {
        let root = sqlx::query_scalar("SELECT sealed FROM roots WHERE name = 'refresh'");
        let root: Option<Vec<u8>> = root.fetch_optional(&mut self.connection).await.map_err(from_sqlx)?;
        Ok(installation_of(&root.unwrap_or_default()) == self.installation)
    }

    /// Takes the mark away: from now on servers may start.
    pub(super) async fn release(&mut self) -> Result<(), MoveError> {
        self.run(format!("DROP TABLE {TARGET_MARK}")).await
    }

    /// In one transaction, and so either an older mark or this one is there.
    async fn mark(&mut self, id: Uuid) -> Result<(), MoveError> {
        let mut tx = self.connection.begin().await.map_err(from_sqlx)?;
        let marked = async {
            sqlx::query("DROP TABLE IF EXISTS unfinished_move").execute(&mut *tx).await?;
            sqlx::query("CREATE TABLE unfinished_move (move_id UUID NOT NULL, installation BYTEA NOT NULL)")
                .execute(&mut *tx)
                .await?;
            let put = sqlx::query("INSERT INTO unfinished_move (move_id, installation) VALUES ($1, $2)");
            put.bind(id).bind(self.installation.as_slice()).execute(&mut *tx).await?;
            tx.commit().await
        };
        Ok(marked.await.map_err(from_sqlx)?)
    }

    /// The two engines must have the same tables with the same columns: their migrations are one text.
    async fn compare_columns(&mut self, tables: &[Table]) -> Result<(), MoveError> {
        let read = sqlx::query_as(
            "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns \
             WHERE table_schema = current_schema()",
        );
        let found: Vec<(String, String, String)> = read.fetch_all(&mut self.connection).await.map_err(from_sqlx)?;
        // Where the operator keeps tables of his own beside ours, they are not ours to judge.
        let there: Vec<_> = found.into_iter().filter(|(name, _, _)| tables.iter().any(|t| t.name == *name)).collect();
        let wanted: Vec<_> = tables
            .iter()
            .flat_map(|table| {
                let one =
                    |c: &super::table::Column| (table.name.clone(), c.name.clone(), c.kind.in_postgres().to_owned());
                table.columns.iter().map(one)
            })
            .collect();
        match wanted.iter().find(|column| !there.contains(column)).or(there.iter().find(|c| !wanted.contains(c))) {
            None => Ok(()),
            Some((table, column, kind)) => Err(MoveError::Shape(format!("{table}.{column} ({kind})"))),
        }
    }

    async fn run(&mut self, text: String) -> Result<(), MoveError> {
        match timeout(PATIENCE, self.connection.execute(AssertSqlSafe(text))).await {
            Ok(done) => Ok(done.map(drop).map_err(from_sqlx)?),
            Err(_) => Err(silent()),
        }
    }
}

fn silent() -> MoveError {
    let error: Error = unavailable("the PostgreSQL server has fallen silent");
    error.into()
}
