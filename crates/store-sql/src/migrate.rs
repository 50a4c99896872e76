//! Brings a database up to date. Migrations only go forward and are the same text on both engines.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::error::{OpenError, from_sqlx};

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Runs what is missing, all of it in one transaction that holds the writer's lock: of two processes that open a new file at
/// once one migrates and the other finds it done.
pub(crate) async fn sqlite(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(from_sqlx)?;
    MIGRATIONS.run_direct(None, &mut *transaction, false).await.map_err(explain)?;
    transaction.commit().await.map_err(from_sqlx)?;
    Ok(())
}

/// Runs what is missing, each migration in its transaction, under an advisory lock that sqlx takes.
pub(crate) async fn postgres(connection: &mut PgConnection) -> Result<(), OpenError> {
    MIGRATIONS.run_direct(None, connection, false).await.map_err(explain)
}

/// The greatest migration that this program knows.
pub(crate) fn known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

fn explain(error: MigrateError) -> OpenError {
    let known = known();
    match error {
        MigrateError::VersionMissing(found) if found > known => OpenError::Newer { found, known },
        MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => OpenError::Foreign(version),
        MigrateError::Execute(error) => OpenError::Store(from_sqlx(error)),
        other => OpenError::Migration(Box::new(other)),
    }
}
